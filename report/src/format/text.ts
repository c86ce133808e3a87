// SPDX-License-Identifier: MIT
// Names are bytes. Inside the page a string holds valid UTF-8 as text and every other byte NN as the lone surrogate U+DCNN
// (as META does); show() turns those, control and direction characters into visible escapes.

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function decodeBytes(b: Uint8Array): string {
  try {
    return strict.decode(b);
  } catch {
    /* some byte is not UTF-8: go on byte by byte */
  }
  let out = '';
  for (let i = 0; i < b.length;) {
    const n = sequence(b, i);
    if (n) {
      out += strict.decode(b.subarray(i, i + n));
      i += n;
    } else out += String.fromCharCode(0xdc00 | b[i++]);
  }
  return out;
}

/** Length of the valid UTF-8 sequence at i, 0 if there is none. */
function sequence(b: Uint8Array, i: number): number {
  const c = b[i];
  if (c < 0x80) return 1;
  const n = c >= 0xc2 && c <= 0xdf ? 2 : (c & 0xf0) === 0xe0 ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 0;
  if (!n || i + n > b.length) return 0;
  for (let k = 1; k < n; k++) if ((b[i + k] & 0xc0) !== 0x80) return 0;
  const d = b[i + 1];
  if (
    (c === 0xe0 && d < 0xa0) ||
    (c === 0xed && d > 0x9f) ||
    (c === 0xf0 && d < 0x90) ||
    (c === 0xf4 && d > 0x8f)
  )
    return 0;
  return n;
}

// src/base/text.c has the same list and says what it is
const HIDDEN = new RegExp(
  '[\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u2800\\u3164' +
    '\\ufdd0-\\ufdef\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb\\ufffe\\uffff\\ud800-\\udfff\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}' +
    [...Array(16).keys()]
      .map(k => `\\u{${(k + 1).toString(16)}fffe}\\u{${(k + 1).toString(16)}ffff}`)
      .join('') +
    ']',
  'u',
);
const HIDDEN_ALL = new RegExp(HIDDEN.source, 'gu');

function escapeChar(c: string): string {
  const code = c.codePointAt(0)!;
  if (code === 10) return '\\n';
  if (code === 9) return '\\t';
  if (code === 13) return '\\r';
  if (code >= 0xdc80 && code <= 0xdcff) return '\\x' + (code & 0xff).toString(16).padStart(2, '0');
  if (code < 0x80) return '\\x' + code.toString(16).padStart(2, '0');
  return '\\u{' + code.toString(16) + '}';
}

/** The string as it may be put on the page: nothing hidden, nothing that turns the line around. */
export function show(s: string): string {
  return HIDDEN.test(s) ? s.replace(HIDDEN_ALL, escapeChar) : s;
}

/** In double quotes, as strace writes strings. */
export function quote(s: string): string {
  return '"' + show(s.replace(/[\\"]/g, '\\$&')) + '"';
}

const PLAIN = /^[\w@%+=:,./\u0080-\uffff-]+$/; // as text_shell() of src/base/text.c

/** A command line to be read, as the terminal has it: words that a shell would part or change are in quotes. */
export function commandText(words: readonly string[]): string {
  return words
    .map(w => (PLAIN.test(w) ? show(w) : `'${show(w.replace(/'/g, `'\\''`))}'`))
    .join(' ');
}

/** One word of a shell command line that means exactly these bytes. */
export function shellWord(s: string): string {
  if (/^[\w@%+=:,./-]+$/.test(s)) return s;
  if (HIDDEN.test(s)) {
    let out = "$'";
    for (const c of s) {
      const code = c.codePointAt(0)!;
      if (c === "'" || c === '\\') out += '\\' + c;
      else if (!HIDDEN.test(c)) out += c;
      else if (code >= 0xdc80 && code <= 0xdcff) out += '\\x' + (code & 0xff).toString(16);
      else if (code < 0x80) out += '\\x' + code.toString(16).padStart(2, '0');
      else
        out +=
          code > 0xffff
            ? '\\U' + code.toString(16).padStart(8, '0')
            : '\\u' + code.toString(16).padStart(4, '0');
    }
    return out + "'";
  }
  return "'" + s.replace(/'/g, `'\\''`) + "'";
}
