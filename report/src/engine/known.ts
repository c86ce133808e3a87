// SPDX-License-Identifier: MIT
// Words of a filter that no report can have: by the terminal's rules (src/sink/chooser_new.c), with the nearest one that is known.
import type { Meta } from '../format/layout';
import { nearest } from './nearest';
import { pathTest, type Query, type Term } from './query';
import { ROLE_WORDS } from './roles';

declare const FILTER_WORDS: Record<'type' | 'cat' | 'op' | 'err' | 'noise', string>;

const WHAT: Record<string, string> = {
  type: 'system call or event',
  cat: 'category',
  op: 'operation',
  err: 'error',
  noise: 'class of noise',
  role: 'role',
  is: 'category, operation, call or event',
};
/** How the names of calls begin that no row knows. */
const UNKNOWN_CALL = 'syscall_';

type Words = Record<string, string[]>;

/** What the program knows, and what this report has beside that: another one may have written it. */
export function knownWords(meta: Meta): Words {
  const of = (key: keyof typeof FILTER_WORDS, more: readonly string[]) => [
      ...new Set([...FILTER_WORDS[key].split(' '), ...more]),
    ],
    type = of(
      'type',
      meta.types.map(t => t.name),
    ),
    cat = of('cat', meta.categories),
    op = of(
      'op',
      meta.types.map(t => t.op),
    );
  return {
    type,
    cat,
    op,
    err: of(
      'err',
      meta.errnos.map(e => e[1]),
    ),
    noise: of(
      'noise',
      (meta.noise ?? []).map(n => n[0]),
    ),
    role: [...ROLE_WORDS],
    is: ['failed', ...cat, ...op, ...type],
  };
}

function fits(t: Term, value: string, known: string): boolean {
  if (value.includes('*')) return pathTest(value)(known);
  if (t.key === 'role') return known.startsWith(value);
  return t.key === 'err' ? value.toUpperCase() === known.toUpperCase() : value === known;
}

/** What is wrong with a term's words; nothing of most. */
export function complaint(words: Words, t: Term): string | undefined {
  const known = Object.hasOwn(words, t.key) ? words[t.key] : null,
    calls = ['type', 'cat', 'op', 'is'].includes(t.key),
    wrong = known
      ? t.values.find(
          v => !(calls && v.startsWith(UNKNOWN_CALL)) && !known.some(k => fits(t, v, k)),
        )
      : undefined;
  if (!known || wrong === undefined) return undefined;
  const meant = nearest(wrong, known),
    list = t.key === 'is' ? words.cat : ['cat', 'noise', 'role'].includes(t.key) ? known : [],
    there = list.length ? `; there are ${list.join(', ')}` : '';
  return `no ${WHAT[t.key]} "${wrong}"${meant ? `; did you mean ${meant}?` : there}`;
}

/** Without the terms of which a word is not known: they would leave nothing, or all. */
export function checked(words: Words, q: Query): Query {
  const terms: Term[] = [],
    errors = [...q.errors];
  for (const t of q.terms) {
    const wrong = complaint(words, t);
    if (wrong) errors.push(wrong);
    else terms.push(t);
  }
  return { terms, errors };
}
