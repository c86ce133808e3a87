#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# DuckDB 1.5.6 (npm @duckdb/node-api 1.5.6-r.1, x86-64): what reads NDJSON takes the types of its columns from the first
# 20,480 rows. A value that comes later and is of another kind is made to fit, without an error: 1.5 becomes 2, -2.5
# becomes -2, the string "0x10" becomes 16, true becomes 1. One row earlier the same value makes the column DOUBLE (or
# JSON) and stays what it is. Only what no cast can fit is an error. So a sum over a long trace may differ from the sum
# over its short half, and no message says so.
#
#   1 × 20,479, then 1.5      DOUBLE  1.5
#   1 × 20,480, then 1.5      BIGINT  2
#   1 × 20,480, then -2.5     BIGINT  -2
#   1 × 20,480, then "0x10"   BIGINT  16
#   1 × 20,480, then true     BIGINT  1
#
# sample_size = -1, or columns = {…}, reads all of these as they are.
# Needs node 20 or newer with npm, and npm's registry.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund @duckdb/node-api@1.5.6-r.1 >/dev/null

cat >look.mjs <<'JS'
import { DuckDBInstance } from '@duckdb/node-api';
import { writeFileSync } from 'node:fs';

const connection = await (await DuckDBInstance.create(':memory:')).connect();
const ask = async query => (await connection.runAndReadAll(query)).getRowsJson();
console.log(`version: ${(await ask('select version()'))[0][0]}`);
const look = async (before, last, options = '') => {
  writeFileSync('t.json', '{"v":1}\n'.repeat(before) + `{"v":${last}}\n`);
  const rows = await ask(`select typeof(v), v from read_json('t.json'${options})`);
  console.log(`${before} then ${last}${options}: ${rows.at(-1).join(' ')}, ${rows.length} rows`);
};
for (const last of ['1.5', '-2.5', '"0x10"', 'true']) {
  await look(20479, last);
  await look(20480, last);
}
await look(20480, '1.5', ', sample_size = -1');
JS
seen=$(node look.mjs)
echo "$seen"
expect() { grep -qxF -- "$1" <<<"$seen" || { echo "CHANGED: not \"$1\""; exit 1; }; }
expect 'version: v1.5.6'
expect '20479 then 1.5: DOUBLE 1.5, 20480 rows'
expect '20480 then 1.5: BIGINT 2, 20481 rows'
expect '20479 then -2.5: DOUBLE -2.5, 20480 rows'
expect '20480 then -2.5: BIGINT -2, 20481 rows'
expect '20479 then "0x10": JSON "0x10", 20480 rows'
expect '20480 then "0x10": BIGINT 16, 20481 rows'
expect '20479 then true: JSON true, 20480 rows'
expect '20480 then true: BIGINT 1, 20481 rows'
expect '20480 then 1.5, sample_size = -1: DOUBLE 1.5, 20481 rows'
echo "as found: behind row 20,480 a value of another kind is rounded or read as a number"
