// SPDX-License-Identifier: MIT
// Decodes blocks away from the page's thread, one after the other.
import { buffers, decode, type Block } from './decode';
import { gunzip } from './inflate';
import type { Col, Kind } from './layout';

export interface Job {
  id: number;
  kind: Kind;
  pieces: Uint8Array[];
  cols: Col[];
}
/** `ms`: what the block took, for the figures of cpd.stats. */
export type Answer = { id: number; block: Block; ms: number } | { id: number; error: string };

const scope = self as unknown as {
  onmessage: (e: MessageEvent<Job>) => void;
  postMessage(m: Answer, t: ArrayBuffer[]): void;
};
let queue: Promise<void> = Promise.resolve();

scope.onmessage = ({ data }) => {
  queue = queue.then(async () => {
    try {
      const from = performance.now(),
        block = decode(data.kind, await gunzip(data.pieces), data.cols);
      scope.postMessage({ id: data.id, block, ms: performance.now() - from }, buffers(block));
    } catch (e) {
      scope.postMessage({ id: data.id, error: e instanceof Error ? e.message : String(e) }, []);
    }
  });
};
