// SPDX-License-Identifier: MIT
// The functions that a call was made from, the innermost first (docs/report-format.md, section 4, `stack`).
import { decodeBytes, show } from '../format/text';
import type { Store } from './store';

/** Names are empty where they are not known; `into` the function and `at` in the file are hex digits, `at` an address where there is no file. */
export interface Frame {
  name: string;
  file: string;
  into: string;
  at: string;
}
export interface Stack {
  frames: Frame[];
  /** Why the last one is not the outermost; empty: it is. */
  rest: string;
}

const CUT = 1,
  BROKEN = 2;
const MOST = 128;

function frame(bytes: Uint8Array): Frame {
  const parts: string[] = [];
  for (let at = 0; parts.length < 4;) {
    const end = parts.length < 3 ? bytes.indexOf(0, at) : -1;
    parts.push(decodeBytes(bytes.subarray(at, end < 0 ? bytes.length : end)));
    at = end < 0 ? bytes.length : end + 1;
  }
  const [name, file, into, at] = parts;
  return { name, file, into, at };
}

/** null: none was recorded, or it has not loaded yet. */
export function stackOf(store: Store, i: number): Stack | null {
  const id = store.stackId(i),
    list = id ? store.moved.bytes(id) : null;
  if (!list || list.length < 4) return null;
  const view = new DataView(list.buffer, list.byteOffset, list.byteLength),
    n = Math.min(list.length >> 2, MOST + 1),
    flags = view.getUint32(0, true),
    frames: Frame[] = [];
  for (let k = 1; k < n; k++) frames.push(frame(store.moved.bytes(view.getUint32(4 * k, true))));
  const rest = flags & CUT ? '… and more' : flags & BROKEN ? '… the next one was not found' : '';
  return { frames, rest };
}

const plus = (hex: string): string => (hex && hex !== '0' ? `+0x${hex}` : '');

/** Function, or file, and how far into it; of a file its own name. */
export function frameName(f: Frame): string {
  if (f.name) return show(f.name) + plus(f.into);
  return f.file ? show(f.file.slice(f.file.lastIndexOf('/') + 1)) + plus(f.at) : `0x${f.at}`;
}

/** As the terminal has it. */
export function frameLine(f: Frame): string {
  if (f.name) return `${frameName(f)} in ${f.file ? show(f.file) : `0x${f.at}`}`;
  return f.file ? show(f.file) + plus(f.at) : `0x${f.at}`;
}
