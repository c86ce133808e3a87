// SPDX-License-Identifier: MIT
// Who is at the other end, one name a peer: whatever its port, and however an event names the connection.
import { fileAbout } from './neighbours';
import { term } from './rules/rule';
import type { Store } from './store';

/** A peer without its port: [::1]:80 and 10.0.0.1:80 are hosts, [::ffff:10.0.0.1]:80 is 10.0.0.1, a path is itself. */
export const hostOf = (address: string): string =>
  withoutPort(address).replace(/^\[::ffff:([\d.]+)\]$/i, '$1');
const withoutPort = (address: string): string =>
  /^[/@]/.test(address) ? address : address.replace(/^(\[.*\]|[^[\]:]*):\d+$/, '$1');

/** What these are about is the other end, where it is an address alone. */
const NAMES_PEER = new Set(['connect', 'connected', 'accept', 'send', 'recv', 'read', 'write']);
/** More files than these are too long a filter to be read. */
const FILES_MAX = 40;

/** A connection by its columns. */
interface End {
  kind: string;
  host: string;
  peer: string;
  local: string;
}

export class Peers {
  /** Names by their number; 0: none. */
  readonly names = [''];
  /** The peer of each row of connections. */
  readonly ofConn: Int32Array;
  private readonly numbers = new Map<string, number>([['', 0]]);
  /** Names of addresses: a host's name is known of one connection, and not of the next. */
  private readonly hosts = new Map<string, string>();
  private readonly byObject = new Map<number, number>();

  constructor(private readonly store: Store) {
    const { conns: c, strings } = store;
    for (let k = 0; k < c.count; k++) {
      const at = hostOf(strings.get(c.peer[k]));
      if (c.host[k] && at && !this.hosts.has(at)) this.hosts.set(at, strings.get(c.host[k]));
    }
    this.ofConn = Int32Array.from({ length: c.count }, (_, k) =>
      this.numberOf(
        this.name({
          kind: store.meta.sock_kinds[c.kind[k]] ?? '',
          host: strings.get(c.host[k]),
          peer: strings.get(c.peer[k]),
          local: strings.get(c.local[k]),
        }),
      ),
    );
  }

  /** Of unix sockets one end has a path, and both are known by it. */
  name({ kind, host, peer, local }: End): string {
    if (host) return host;
    if (kind.startsWith('unix')) return [peer, local].find(a => /^[/@]/.test(a)) ?? '';
    const at = hostOf(peer);
    return this.hosts.get(at) ?? at;
  }
  private numberOf(name: string): number {
    let n = this.numbers.get(name);
    if (n === undefined) {
      n = this.names.push(name) - 1;
      this.numbers.set(name, n);
    }
    return n;
  }

  /** The peer of an event of a socket. */
  ofEvent(i: number): number {
    const { store } = this,
      file = fileAbout(store, i),
      k = store.connOf(i, file);
    if (k >= 0) return this.ofConn[k];
    // A wait does not name the row; of a socket of several peers it is not known which of them it was for.
    if (file !== store.file[i]) return this.onlyPeer(file);
    const known = this.byObject.get(store.obj[i]);
    if (known !== undefined) return known;
    const text = store.objText(i),
      alone = NAMES_PEER.has(store.ops[store.type[i]]) && !/\s/.test(text) ? text : '',
      at = /[→←] (\S+)$/.exec(text)?.[1] ?? alone,
      n = this.numberOf(this.name({ kind: '', host: '', peer: at, local: '' }));
    // The same object is the local address to a bind.
    if (n) this.byObject.set(store.obj[i], n);
    return n;
  }

  private files: Map<number, Set<number>> | null = null;
  private onlyPeer(file: number): number {
    this.files ??= this.byFile();
    const [peer, more] = this.files.get(file) ?? [];
    return more === undefined ? (peer ?? 0) : 0;
  }

  /** The peers of open files, and of processes by their lane. */
  byFile(): Map<number, Set<number>> {
    return this.by(k => this.store.conns.file[k]);
  }
  byProcess(): Map<number, Set<number>> {
    const { conns, tasks } = this.store;
    return this.by(k => tasks[conns.lane[k]]?.proc ?? -1);
  }
  private by(key: (k: number) => number): Map<number, Set<number>> {
    const out = new Map<number, Set<number>>();
    this.ofConn.forEach((n, k) => {
      if (n) out.set(key(k), (out.get(key(k)) ?? new Set()).add(n));
    });
    return out;
  }

  /** Its sockets, where they are few and have no other peer; else its addresses. */
  filter(n: number): string {
    const { conns, strings } = this.store,
      own = [...this.ofConn.keys()].filter(k => this.ofConn[k] === n),
      files = [...new Set(own.map(k => conns.file[k]))],
      all = this.byFile();
    if (files.length && files.length <= FILES_MAX && files.every(f => all.get(f)!.size === 1))
      return term('file', ...files.map(String));
    const hosts = new Set(own.map(k => withoutPort(strings.get(conns.peer[k]))).filter(Boolean));
    return term(
      'path',
      ...[...(hosts.size ? hosts : [this.names[n]])].flatMap(h =>
        /^[/@]/.test(h) ? [h] : [`${h}:*`, `*→ ${h}:*`, `*← ${h}:*`],
      ),
    );
  }
}

const made = new WeakMap<Store, { rows: number; peers: Peers }>();
/** Those of a store, as far as its connections have arrived. */
export function peersOf(store: Store): Peers {
  const have = made.get(store);
  if (have && have.rows === store.conns.count) return have.peers;
  const peers = new Peers(store);
  made.set(store, { rows: store.conns.count, peers });
  return peers;
}
