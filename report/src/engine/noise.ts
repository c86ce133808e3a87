// SPDX-License-Identifier: MIT
// What the terminal hides: classes that the report has of each event (class 0: none), and which of them a filter leaves.
import type { Meta } from '../format/layout';
import { format, matches, parse, type Term } from './query';
import type { Store } from './store';

/** Name as filters have it, and what it is: of older reports only the first. */
export const noiseClasses = (meta: Meta): [string, string][] => meta.noise ?? [['none', '']];

/** Does a class meet the term, before its `!` is applied? */
export function noiseMeets(store: Store, t: Term, c: number): boolean {
  const name = noiseClasses(store.meta)[c][0];
  return matches(t, name) || (c > 0 && t.values.includes('any'));
}

/** By class: do the terms about noise leave its events? */
export function noiseShown(store: Store, terms: readonly Term[]): boolean[] {
  const mine = terms.filter(t => t.key === 'noise');
  return noiseClasses(store.meta).map((_, c) => mine.every(t => noiseMeets(store, t, c) !== t.not));
}

/** The filter that hides these classes and no other noise. */
export function hidingNoise(store: Store, text: string, hidden: readonly number[]): string {
  const names = noiseClasses(store.meta),
    terms = parse(text).terms.filter(t => t.key !== 'noise'),
    all = names.every((_, c) => !c || !store.noiseEvents[c] || hidden.includes(c)),
    values = all ? ['any'] : hidden.map(c => names[c][0]);
  if (hidden.length) terms.push({ not: true, key: 'noise', op: ':', values });
  return format(terms);
}

export interface NoiseClass {
  class: number;
  name: string;
  what: string;
  count: number;
  shown: boolean;
}
/** The classes that the report has events of. */
export function noiseOf(store: Store, terms: readonly Term[]): NoiseClass[] {
  const shown = noiseShown(store, terms);
  return noiseClasses(store.meta)
    .map(([name, what], c) => ({
      class: c,
      name,
      what,
      count: store.noiseEvents[c],
      shown: shown[c],
    }))
    .slice(1)
    .filter(c => c.count > 0);
}

/** Hides all noise, or shows all where any is hidden. */
export function toggleNoise(store: Store, text: string): string {
  const list = noiseOf(store, parse(text).terms);
  return hidingNoise(store, text, list.some(c => !c.shown) ? [] : list.map(c => c.class));
}
