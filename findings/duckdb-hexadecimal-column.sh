#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# DuckDB 1.5.6 (npm @duckdb/node-api 1.5.6-r.1, x86-64): what reads a CSV takes a column of hexadecimal text for BIGINT,
# also where each value is in quotes, as long as every value is below 2^63; one value above makes the whole column
# VARCHAR. So a column of addresses has one type in the file of a program (0x7f…) and another where a kernel's address
# (0xffffffff8…) is among them, and what was looked up as text finds nothing in the first. In JSON the same strings stay
# VARCHAR.
#
#   "0x7ffd1000" "0x10"              BIGINT   2147291136 16
#   "0x7ffd1000" "0xffffffff81000000"  VARCHAR  0x7ffd1000 0xffffffff81000000
#   JSON "0x7ffd1000" "0x10"         VARCHAR  0x7ffd1000 0x10
#
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
const look = async (file, text, reader) => {
  writeFileSync(file, text);
  const rows = await ask(`select typeof(address), address from ${reader}('${file}')`);
  return `${rows[0][0]} ${rows.map(row => row[1]).join(' ')}`;
};
const csv = values => ['address,call', ...values.map(v => `"${v}",mmap`)].join('\n') + '\n';
const json = values => values.map(address => JSON.stringify({ address })).join('\n') + '\n';
const low = ['0x7ffd1000', '0x10'], high = ['0x7ffd1000', '0xffffffff81000000'];

const seen = [
  ['version', (await ask('select version()'))[0][0]],
  ['low', await look('low.csv', csv(low), 'read_csv')],
  ['high', await look('high.csv', csv(high), 'read_csv')],
  ['json', await look('low.json', json(low), 'read_json')],
  ['found', (await ask("select count(*) from read_csv('low.csv') where address::varchar = '0x10'"))[0][0]],
];
for (const [what, is] of seen) console.log(`${what}: ${is}`);
JS
seen=$(node look.mjs)
echo "$seen"
expect() { grep -qxF -- "$1" <<<"$seen" || { echo "CHANGED: not \"$1\""; exit 1; }; }
expect 'version: v1.5.6'
expect 'low: BIGINT 2147291136 16'
expect 'high: VARCHAR 0x7ffd1000 0xffffffff81000000'
expect 'json: VARCHAR 0x7ffd1000 0x10'
expect 'found: 0'
echo "as found: quoted hexadecimal is BIGINT in one file and VARCHAR in another"
