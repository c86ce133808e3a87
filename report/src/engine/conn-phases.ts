// SPDX-License-Identifier: MIT
// A connection in stretches of time: connect, TLS, until the first byte, transfer; what is left of its life is idle.
import { UNFINISHED, type Store } from './store';

/** Ports of protocols that begin with TLS: https, smtps, imaps, pop3s, ldaps, nntps, DNS over TLS, mqtts, amqps. */
const TLS_PORTS = new Set([443, 465, 563, 636, 853, 989, 990, 993, 995, 5671, 8443, 8883]);

export interface Stretch {
  from: number;
  to: number;
}

/** Times of a connection in ns, −1 for never; what the events of a row say, one by one. */
export class Phases {
  private connectFrom = -1;
  private connectTo = -1;
  private sent = -1;
  private answered = -1;
  /** The client's second flight, after the first answer, and what came then. */
  private finished = -1;
  private answeredAgain = -1;
  /** When the first answer to what the other side sent first was sent. */
  private replied = -1;
  /** Stretches with data, apart where a picture of the whole trace can show it. */
  readonly bursts: Stretch[] = [];

  add(store: Store, i: number): void {
    const t = store.types[store.type[i]],
      from = store.start[i],
      to = store.end(i);
    if (t.op === 'connect' || t.op === 'connected') {
      if (this.connectFrom < 0) this.connectFrom = from;
      this.connectTo = Math.max(this.connectTo, to);
    }
    if (!t.io || store.err[i] === UNFINISHED || store.bytes(i) <= 0) return;
    if (t.io === 'in') this.received(to);
    else this.wrote(from, to);
    this.burst(t.io === 'in' ? to : from, to, store.duration / 400);
  }

  private received(at: number): void {
    if (this.answered < 0) this.answered = at;
    else if (this.finished >= 0 && this.answeredAgain < 0) this.answeredAgain = at;
  }
  private wrote(from: number, to: number): void {
    if (this.answered >= 0 && this.replied < 0) this.replied = from;
    if (this.sent < 0) this.sent = from;
    else if (this.answered >= 0 && this.finished < 0) this.finished = to;
  }
  private burst(from: number, to: number, apart: number): void {
    const last = this.bursts[this.bursts.length - 1];
    if (last && from - last.to <= apart) last.to = Math.max(last.to, to);
    else this.bursts.push({ from, to });
  }

  /** `took`: how long the connect took, where the writer knows it: one that does not block ends after its call. */
  connect(took: number): Stretch | null {
    if (this.connectFrom < 0) return null;
    return { from: this.connectFrom, to: Math.max(this.connectTo, this.connectFrom + took) };
  }
  /** Where it is TLS: from the client's first bytes until its second flight, which carries its Finished, is sent. */
  tls(is: boolean): Stretch | null {
    return is && this.sent >= 0 && this.sent < this.answered && this.finished >= 0
      ? { from: this.sent, to: this.finished }
      : null;
  }
  /** Of an accepted one: from the request until the answer to it began. */
  reply(): Stretch | null {
    return this.replied >= 0 ? { from: this.answered, to: this.replied } : null;
  }
  /** From the request until the first bytes of its answer; where the other side speaks first there is none. */
  firstByte(tls: boolean): Stretch | null {
    const shake = this.tls(tls);
    if (shake) return this.answeredAgain >= 0 ? { from: shake.to, to: this.answeredAgain } : null;
    return this.sent >= 0 && this.answered > this.sent
      ? { from: this.sent, to: this.answered }
      : null;
  }
}

const portOf = (address: string): number => Number(/:(\d+)$/.exec(address)?.[1] ?? 0);

/** Is it TLS, by its port: that of the server, whichever side it is. */
export const isTls = (kind: string, state: string, local: string, peer: string): boolean =>
  kind.startsWith('tcp') && TLS_PORTS.has(portOf(state === 'accepted' ? local : peer));
