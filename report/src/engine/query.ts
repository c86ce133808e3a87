// SPDX-License-Identifier: MIT
// The filter language: `type:openat,read path:*.so !path:/proc dur>1ms err:ENOENT pid:123 proc:gcc "bare text"`.
// Space is and, comma is or, ! is not. Text → terms; terms → text (what the toggles write).
import { nearest } from './nearest';
import { ROLE_WORDS } from './roles';

export type Compare = ':' | '>' | '<' | '>=' | '<=' | '=';
export interface Term {
  not: boolean;
  key: string;
  op: Compare;
  values: string[];
}
export interface Query {
  terms: Term[];
  errors: string[];
}

export const KEYS: Record<string, string> = {
  type: 'system call or mark: type:openat,read',
  cat: 'category: cat:file,network',
  op: 'what it does: op:open,connect',
  is: 'any of these: failed, a category, what it does, a call: is:network,failed',
  path: 'path, address or other object: path:*.so, path:/etc (that folder), path:conf (part of it)',
  role: `what a file is, by its path: role:library,config (a role, or how it begins); there are ${ROLE_WORDS.join(' ')}`,
  file: 'open file description by number: file:12',
  arg: 'part of the arguments: arg:O_CREAT',
  dur: 'duration: dur>1ms, dur<=20us',
  bytes: 'bytes moved: bytes>64KB',
  err: 'error: err:ENOENT, err:any, err:none',
  noise: 'what the terminal hides: noise:locale,loader, noise:any, noise:none',
  pid: 'process: pid:123 (all its threads)',
  tid: 'thread: tid:124',
  proc: 'process name: proc:gcc,cc1',
  tree: 'a process and everything below it: tree:123',
  fd: 'descriptor: fd:3',
  ret: 'result: ret=0, ret>4096',
  t: 'start, from the start of the trace: t>1.5s, t<2s',
};
const NUMERIC = new Set(['dur', 'bytes', 'ret', 't', 'fd']);

export function parse(text: string): Query {
  const terms: Term[] = [],
    errors: string[] = [];
  let i = 0,
    open = false;
  const word = (stops: string): string => {
    let out = '';
    while (i < text.length && !stops.includes(text[i])) {
      if (text[i] === '"') {
        i++;
        while (i < text.length && text[i] !== '"') {
          if (text[i] === '\\' && i + 1 < text.length) i++;
          out += text[i++];
        }
        if (i < text.length) i++;
        else open = true;
      } else if (text[i] === '\\' && i + 1 < text.length) {
        out += text[i + 1];
        i += 2;
      } else out += text[i++];
    }
    return out;
  };
  while (i < text.length) {
    if (/\s/.test(text[i])) {
      i++;
      continue;
    }
    let not = false;
    if (text[i] === '!') {
      not = i + 1 < text.length && !/\s/.test(text[i + 1]);
      if (not) i++;
      else errors.push('nothing follows "!"; in quotes it is a text');
    }
    const m = /^([a-z]+)(:|>=|<=|>|<|=)/.exec(text.slice(i, i + 40));
    if (m && m[1] in KEYS) {
      i += m[0].length;
      const values: string[] = [];
      for (;;) {
        values.push(word(', \t\n'));
        if (text[i] === ',') i++;
        else break;
      }
      const list = values.filter(v => v !== '');
      const term: Term = { not, key: m[1], op: m[2] as Compare, values: list };
      if (!list.length) errors.push(`${m[1]}: what? ${KEYS[m[1]]}`);
      else {
        const bad = list.find(v => problem(term, v));
        if (bad !== undefined) errors.push(problem(term, bad)!);
        else terms.push(term);
      }
    } else {
      if (m && m[2] === ':' && !text.slice(i).startsWith(m[1] + '://')) errors.push(noField(m[1]));
      const bare = word(' \t\n');
      if (bare) terms.push({ not, key: '', op: ':', values: [bare] });
    }
  }
  if (open) errors.push('the quote is not closed');
  return { terms, errors };
}

function noField(word: string): string {
  const keys = Object.keys(KEYS),
    meant = nearest(word, keys);
  return meant
    ? `no field "${word}"; did you mean ${meant}?`
    : `no field "${word}"; there are ${keys.join(' ')}, and "${word}:" in quotes is a text`;
}

function problem(term: Term, v: string): string | undefined {
  if (!NUMERIC.has(term.key))
    return term.op === ':' || term.op === '='
      ? undefined
      : `${term.key} takes ":", not "${term.op}"`;
  const n =
    term.key === 'dur' || term.key === 't'
      ? parseTime(v)
      : term.key === 'bytes'
        ? parseBytes(v)
        : parseNumber(v);
  return Number.isNaN(n)
    ? `${term.key}: "${v}" is not ${term.key === 'dur' || term.key === 't' ? 'a time (20us, 1.5ms, 2s)' : 'a number'}`
    : undefined;
}

export function parseTime(v: string): number {
  const m = /^(\d+(?:\.\d+)?|\.\d+)\s*(ns|us|µs|ms|s|m|min|h|d)?$/.exec(v);
  if (!m) return NaN;
  const unit: Record<string, number> = {
    ns: 1,
    us: 1e3,
    µs: 1e3,
    ms: 1e6,
    s: 1e9,
    m: 60e9,
    min: 60e9,
    h: 3600e9,
    d: 86400e9,
  };
  return Number(m[1]) * unit[m[2] ?? 's'];
}
export function parseBytes(v: string): number {
  const m = /^(\d+(?:\.\d+)?)\s*(b|k|kb|m|mb|g|gb|t|tb)?$/i.exec(v);
  if (!m) return NaN;
  return Number(m[1]) * 1024 ** 'bkmgt'.indexOf((m[2] ?? 'b')[0].toLowerCase());
}
function parseNumber(v: string): number {
  return /^[-−]?(0x[0-9a-f]+|\d+)$/i.test(v)
    ? /^[-−]/.test(v)
      ? -Number(v.slice(1))
      : Number(v)
    : NaN;
}

/** The numbers of a numeric term, in ns or bytes. */
export function numbersOf(term: Term): number[] {
  return term.values.map(v =>
    term.key === 'dur' || term.key === 't'
      ? parseTime(v)
      : term.key === 'bytes'
        ? parseBytes(v)
        : parseNumber(v),
  );
}

export function compare(term: Term): (x: number) => boolean {
  const list = numbersOf(term);
  switch (term.op) {
    case '>':
      return x => list.some(v => x > v);
    case '<':
      return x => list.some(v => x < v);
    case '>=':
      return x => list.some(v => x >= v);
    case '<=':
      return x => list.some(v => x <= v);
    default:
      return x => list.includes(x);
  }
}

/** Is a text one of a term's values, or does it meet one that is a pattern? */
export const matches = (t: Term, text: string): boolean =>
  t.values.some(v => v === text || (v.includes('*') && pathTest(v)(text)));

function quoteValue(v: string): string {
  return v === '' || /[\s,"\\]/.test(v) ? '"' + v.replace(/["\\]/g, '\\$&') + '"' : v;
}
function quoteBare(v: string): string {
  return /[\s"\\]/.test(v) || v.startsWith('!') || /^[a-z]+(:|>|<|=)/.test(v)
    ? '"' + v.replace(/["\\]/g, '\\$&') + '"'
    : v;
}

export function format(terms: Term[]): string {
  return terms
    .map(
      t =>
        (t.not ? '!' : '') +
        (t.key ? t.key + t.op + t.values.map(quoteValue).join(',') : quoteBare(t.values[0])),
    )
    .join(' ');
}

/** The filter with `key:value` included or excluded; a value already there the other way round changes sides. */
export function withValue(
  text: string,
  key: string,
  value: string,
  how: 'include' | 'exclude' | 'only',
): string {
  const { terms } = parse(text);
  const rest = terms
    .map(t =>
      t.key === key && t.op === ':' && (how === 'only' || t.not === (how === 'include'))
        ? { ...t, values: how === 'only' ? [] : t.values.filter(v => v !== value) }
        : t,
    )
    .filter(t => t.values.length);
  const same = rest.find(t => t.key === key && t.op === ':' && t.not === (how === 'exclude'));
  if (same) {
    if (!same.values.includes(value)) same.values = [...same.values, value];
  } else rest.push({ not: how === 'exclude', key, op: ':', values: [value] });
  return format(rest);
}
export function withoutValue(text: string, key: string, value: string): string {
  return format(
    parse(text)
      .terms.map(t => (t.key === key ? { ...t, values: t.values.filter(v => v !== value) } : t))
      .filter(t => t.values.length),
  );
}
export function withoutKey(text: string, ...keys: string[]): string {
  return format(parse(text).terms.filter(t => !keys.includes(t.key)));
}
export function withTerms(text: string, ...more: string[]): string {
  return [text.trim(), ...more].filter(Boolean).join(' ');
}

const REGION = /^[0-9a-f]+-[0-9a-f]+(?: [r-][w-][x-](?= |$))?(?: |$)/;

/** An object's name, which path: and role: look at: what is behind a region's addresses and rights ("7f00-7f08 rw- /lib/x"). */
export const nameIn = (object: string): string =>
  object[0] === '/' ? object : object.replace(REGION, '');

/** Does a path match a pattern: glob with * and ?, a leading / means that path or below it, else part of it (case ignored). */
export function pathTest(pattern: string): (text: string) => boolean {
  if (/[*?]/.test(pattern)) {
    const source = pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replace(/\*/g, '[^]*')
      .replace(/\?/g, '[^]');
    const re = new RegExp('^' + source + '$', 'u');
    return s => re.test(s);
  }
  if (pattern[0] === '/') {
    const dir = pattern.endsWith('/') ? pattern : pattern + '/';
    return s => s === pattern || s.startsWith(dir);
  }
  const p = pattern.toLowerCase();
  return s => s.toLowerCase().includes(p);
}
