#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# ClickHouse 26.7.2.1 (npm chdb 3.4.0, x86-64): what reads a file of JSONEachRow without a schema takes the types of its
# columns from the first 25,000 rows. A whole number that comes later and is above the type's range is not an error: it
# wraps. After 25,000 small numbers the column is Int64, and 18446744073709551615 is read as -1, 9223372036854775808 as
# -9223372036854775808; one row earlier the column is UInt64 and both are right. A late 1.5 is an error, so one would
# expect the same of a number that does not fit. Flags, addresses and offsets of a trace are such numbers.
#
#   1 × 24,999, then 18446744073709551615   Nullable(UInt64)  18446744073709551615
#   1 × 25,000, then 18446744073709551615   Nullable(Int64)   -1
#   1 × 25,000, then 9223372036854775808    Nullable(Int64)   -9223372036854775808
#   1 × 25,000, then -9223372036854775809   Nullable(Int64)   9223372036854775807
#   1 × 25,000, then 1.5                    error 27, at row 25001
#
# Needs node 20 or newer with npm, and npm's registry (550 MB unpacked).
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund chdb@3.4.0 >/dev/null

cat >look.mjs <<'JS'
import chdb from 'chdb';
import { writeFileSync } from 'node:fs';

const ask = query => chdb.query(query, 'TSV').trim().replace('\t', ' ');
console.log(`version: ${ask('select version()')}`);
const look = (before, last) => {
  writeFileSync('t.ndjson', '{"v":1}\n'.repeat(before) + `{"v":${last}}\n`);
  const from = `from file('${process.cwd()}/t.ndjson', 'JSONEachRow')`;
  let seen;
  try {
    seen = `${ask(`select toTypeName(v), v ${from} where v != 1`)}, ${ask(`select count() ${from}`)} rows`;
  } catch (error) {
    seen = /Code: \d+/.exec(String(error))[0] + /at row \d+/.exec(String(error))[0].replace('at', ' at');
  }
  console.log(`${before} then ${last}: ${seen}`);
};
for (const last of ['18446744073709551615', '9223372036854775808']) {
  look(24999, last);
  look(25000, last);
}
look(25000, '-9223372036854775809');
look(25000, '1.5');
JS
seen=$(node look.mjs)
echo "$seen"
expect() { grep -qxF -- "$1" <<<"$seen" || { echo "CHANGED: not \"$1\""; exit 1; }; }
expect 'version: 26.7.2.1'
expect '24999 then 18446744073709551615: Nullable(UInt64) 18446744073709551615, 25000 rows'
expect '25000 then 18446744073709551615: Nullable(Int64) -1, 25001 rows'
expect '24999 then 9223372036854775808: Nullable(UInt64) 9223372036854775808, 25000 rows'
expect '25000 then 9223372036854775808: Nullable(Int64) -9223372036854775808, 25001 rows'
expect '25000 then -9223372036854775809: Nullable(Int64) 9223372036854775807, 25001 rows'
expect '25000 then 1.5: Code: 27 at row 25001'
echo "as found: behind row 25,000 a whole number above the guessed type's range wraps"
