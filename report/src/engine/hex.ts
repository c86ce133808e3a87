// SPDX-License-Identifier: MIT
// Bytes for people: as pairs of hex digits, and as text.
import { decodeBytes, show } from '../format/text';

export interface HexRow {
  at: string;
  hex: string;
  text: string;
}
const ROW = 8;

const pair = (b: number): string => b.toString(16).padStart(2, '0');

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, pair).join(' ');
}

/** Rows of 8 bytes; what is not printable ASCII is a dot in the text. */
export function hexRows(bytes: Uint8Array): HexRow[] {
  const rows: HexRow[] = [];
  for (let at = 0; at < bytes.length; at += ROW) {
    const part = bytes.subarray(at, at + ROW);
    rows.push({
      at: at.toString(16).padStart(4, '0'),
      hex: hex(part),
      text: Array.from(part, b => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '·')).join(''),
    });
  }
  return rows;
}

/** As text of several lines; what is hidden, turns the line around or is not UTF-8 is escaped. */
export function bytesText(bytes: Uint8Array): string {
  return decodeBytes(bytes).split('\n').map(show).join('\n');
}
