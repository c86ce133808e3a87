// SPDX-License-Identifier: MIT
// base64 pieces → bytes → gunzip.

type FromBase64 = { fromBase64?: (text: string) => Uint8Array };

export function base64Bytes(text: string): Uint8Array {
  const native = (Uint8Array as unknown as FromBase64).fromBase64;
  if (native) return native.call(Uint8Array, text);
  const raw = atob(text),
    out = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
  return out;
}

let nowhere: MessagePort | null = null;

/**
 * Gives the memory of an array back at once, by sending it to a port that is closed. The collector would come for it
 * when it likes; ArrayBuffer.transfer() takes it from the script only, not from the stream or message that it came by.
 */
export function free({ buffer, byteLength }: ArrayBufferView): void {
  if (!byteLength || byteLength !== buffer.byteLength) return;
  if (!nowhere) {
    const { port1, port2 } = new MessageChannel();
    port2.close();
    nowhere = port1;
  }
  nowhere.postMessage(0, [buffer as ArrayBuffer]);
}

const FACTOR = 1032; // more than any byte of deflate can become

/** What the end of a gzip stream says that it becomes, if that can be. */
function sizeOf(pieces: Uint8Array[]): number {
  const last = pieces.at(-1),
    bytes = pieces.reduce((sum, p) => sum + p.length, 0);
  if (!last || last.length < 4) return 0;
  const size = new DataView(last.buffer, last.byteOffset).getUint32(last.length - 4, true);
  return size <= bytes * FACTOR ? size : 0;
}

let room = new Uint8Array(0);

/**
 * A writer and a read loop: half the time of `new Response(stream).arrayBuffer()`. The pieces are used up, and what is
 * returned is overwritten by the next call, which has to wait until it has been read.
 */
export async function gunzip(pieces: Uint8Array[]): Promise<Uint8Array> {
  const stream = new DecompressionStream('gzip'),
    writer = stream.writable.getWriter(),
    size = sizeOf(pieces);
  const failed = (async () => {
    for (const piece of pieces) await writer.write(piece as Uint8Array<ArrayBuffer>);
    await writer.close();
  })().catch(() => undefined); // the reader reports the same error
  const reader = stream.readable.getReader();
  let at = 0;
  if (room.length < size) room = new Uint8Array(size);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (at + value.length > room.length) room = grown(room, at, at + value.length);
    room.set(value, at);
    at += value.length;
    free(value);
  }
  await failed;
  for (const piece of pieces) free(piece);
  return room.subarray(0, at);
}

/** With room for twice as much as is needed now. */
function grown(old: Uint8Array, used: number, needed: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(2 * needed);
  out.set(old.subarray(0, used));
  return out;
}
