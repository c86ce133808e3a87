// SPDX-License-Identifier: MIT
// The string table: bytes by block, decoded when asked for.
import type { StringBlock } from './decode';
import { decodeBytes } from './text';

const CACHE = 1 << 19;

export class Strings {
  count = 1;
  private blocks: StringBlock[] = [];
  private first: number[] = [];
  private cache: (string | undefined)[] = [''];

  add(block: StringBlock): void {
    const at = this.blocks.length
      ? this.first[this.first.length - 1] + this.blocks[this.blocks.length - 1].rows
      : 0;
    this.blocks.push(block);
    this.first.push(at);
    this.count = Math.max(1, at + block.rows);
  }

  get(id: number): string {
    const known = this.cache[id];
    if (known !== undefined) return known;
    const text = decodeBytes(this.bytes(id));
    if (id < CACHE && id < this.count) this.cache[id] = text;
    return text;
  }

  bytes(id: number): Uint8Array {
    let lo = 0,
      hi = this.blocks.length - 1;
    while (lo < hi) {
      const mid = (lo + hi + 1) >> 1;
      if (this.first[mid] <= id) lo = mid;
      else hi = mid - 1;
    }
    const block = this.blocks[lo],
      row = id - (this.first[lo] ?? 0);
    if (!block || row >= block.rows) return new Uint8Array(0);
    return block.bytes.subarray(row ? block.ends[row - 1] : 0, block.ends[row]);
  }

  /** 1 for every string that `test` accepts. */
  match(test: (text: string) => boolean): Uint8Array {
    const out = new Uint8Array(this.count);
    for (let i = 0; i < this.count; i++) if (test(this.get(i))) out[i] = 1;
    return out;
  }
}
