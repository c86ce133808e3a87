// SPDX-License-Identifier: MIT
// Takes the blocks from the parser as they come, has workers decode them, hands them on in order.
import type { Block } from './decode';
import { base64Bytes } from './inflate';
import { parseCols, type Col, type Kind, type Meta } from './layout';
import type { Answer, Job } from './worker';

declare const WORKER_SOURCE: string;

/** Done here, as bytes can be moved to a worker and a text would be copied. Of what is damaged nothing: the block's end tells. */
function unpacked(text: string): Uint8Array {
  try {
    return base64Bytes(text);
  } catch {
    return new Uint8Array(0);
  }
}

export interface LoaderEvents {
  block(kind: Kind, index: number, block: Block): void;
  failed(kind: Kind, index: number, error: string): void;
  /** Parsing ended and every block was delivered; complete = the end mark was there. */
  done(complete: boolean): void;
}

interface Waiting {
  kind: Kind;
  index: number;
}

export class Loader {
  private cols: Record<string, Col[]> = {};
  private pieces: Uint8Array[] = [];
  private next: Partial<Record<Kind, number>> = {};
  private deliver: Partial<Record<Kind, number>> = {};
  private held = new Map<string, Block | Error>();
  private jobs = new Map<number, Waiting>();
  private workers: Worker[] = [];
  private jobId = 0;
  private parsed = false;
  private ended = false;
  private finished = false;
  /** Milliseconds of decoding in the workers. */
  decodeMs = 0;

  constructor(
    meta: Meta,
    private on: LoaderEvents,
  ) {
    for (const [kind, list] of Object.entries(meta.cols)) this.cols[kind] = parseCols(list);
    const url = URL.createObjectURL(new Blob([WORKER_SOURCE], { type: 'text/javascript' }));
    const count = Math.max(1, Math.min(4, (navigator.hardwareConcurrency || 2) > 2 ? 3 : 2));
    for (let i = 0; i < count; i++) {
      const worker = new Worker(url);
      worker.onmessage = (e: MessageEvent<Answer>) => this.answer(e.data);
      worker.onerror = e => {
        e.preventDefault();
        this.workerDied(e.message);
      };
      this.workers.push(worker);
    }
    (window as unknown as { cpd: (kind: string, last: number) => void }).cpd = (kind, last) =>
      this.piece(kind, last);
    const parsed = () => {
      this.parsed = true;
      this.pieces = [];
      this.check();
    };
    if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', parsed);
    else queueMicrotask(parsed);
  }

  /** Called by the small script behind every piece. */
  private piece(kind: string, last: number): void {
    const script = document.currentScript;
    if (kind === 'end') {
      this.ended = true;
      script?.remove();
      return;
    }
    const comment = script?.previousSibling;
    const text = comment?.nodeType === Node.COMMENT_NODE ? (comment as Comment).data : '';
    const gap = comment?.previousSibling;
    if (gap?.nodeType === Node.TEXT_NODE) gap.remove();
    comment?.remove();
    script?.remove();
    this.pieces.push(unpacked(text));
    if (!last) return;
    const pieces = this.pieces;
    this.pieces = [];
    if (!(kind in this.cols)) return; // a kind of a later version
    const k = kind as Kind,
      index = this.next[k] ?? 0;
    this.next[k] = index + 1;
    const job: Job = { id: this.jobId++, kind: k, pieces, cols: this.cols[k] };
    this.jobs.set(job.id, { kind: k, index });
    this.workers[job.id % this.workers.length].postMessage(
      job,
      pieces.map(p => p.buffer as ArrayBuffer),
    );
  }

  private answer(a: Answer): void {
    const job = this.jobs.get(a.id);
    if (!job) return;
    this.jobs.delete(a.id);
    if ('ms' in a) this.decodeMs += a.ms;
    this.held.set(job.kind + job.index, 'error' in a ? new Error(a.error) : a.block);
    for (let i = this.deliver[job.kind] ?? 0; ; i++) {
      const key = job.kind + i,
        block = this.held.get(key);
      if (!block) break;
      this.held.delete(key);
      this.deliver[job.kind] = i + 1;
      if (block instanceof Error) this.on.failed(job.kind, i, block.message);
      else this.on.block(job.kind, i, block);
    }
    this.check();
  }

  private workerDied(message: string): void {
    for (const [id] of [...this.jobs])
      this.answer({ id, error: message || 'the decoding worker failed' });
  }

  private check(): void {
    if (this.finished || !this.parsed || this.jobs.size) return;
    this.finished = true;
    for (const w of this.workers) w.terminate();
    this.on.done(this.ended);
  }
}
