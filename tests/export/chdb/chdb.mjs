// SPDX-License-Identifier: MIT
// The current ClickHouse, in this process: chdb.mjs SCRATCH PAGE DIR:FILE... Makes the tables of a --clickhouse DIR, loads every DIR as
// a host of its own, runs the queries of the page, and prints as one line of JSON what each host comes to from DIR and from the NDJSON
// in FILE, and which queries failed.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { Session } = createRequire(import.meta.url)("chdb");
const [scratch, page, ...runs] = process.argv.slice(2);
const db = new Session(scratch);
const text = (sql) => `'${sql.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
const SUMS = `count() AS events, sumIf(bytes, kind IN ('read', 'recv')) AS read, sumIf(bytes, kind IN ('write', 'send')) AS written,
  countIf(kind = 'open' AND outcome = 'failed') AS failed_opens, sum(duration) AS duration`;
const sums = (from) => Object.fromEntries(Object.entries(JSON.parse(db.query(`SELECT ${SUMS} FROM ${from}`, "JSONEachRow"))).map(([k, v]) => [k, Number(v ?? 0)]));
const result = { version: db.query("SELECT version()", "TSVRaw").trim(), hosts: {}, ndjson: {}, failed: {} };

const schema = readFileSync(`${runs[0].split(":")[0]}/schema.sql`, "utf8").replace(/^--.*\n/gm, "");
for (const statement of schema.split(";\n").filter((s) => s.trim()))
  db.query(statement);
runs.forEach((run, i) => {
  const [dir, file] = run.split(":"), host = `host${i}`;
  for (const [, table, columns] of readFileSync(`${dir}/load.sh`, "utf8").matchAll(/^load (\w+) '(.*?)' /gm)) {
    const types = columns.split(", ").map((c) => `${c} Nullable(String)`).join(", ");
    db.query(`INSERT INTO compendium.${table} (host, run, ${columns}) SELECT ${text(host)}, ${i + 1}, * FROM file(${text(`${dir}/${table}.tsv`)}, TSV, ${text(types)})`);
  }
  result.hosts[host] = sums(`compendium.event WHERE host = '${host}'`);
  const types = "`table` String, kind String, outcome Nullable(String), bytes Nullable(Int64), duration Nullable(Int64)";
  result.ndjson[host] = sums(`file(${text(file)}, JSONEachRow, ${text(types)}) WHERE table = 'event'`);
});
for (const [, what, sql] of readFileSync(page, "utf8").matchAll(/\*\*(.*?)\*\*[^\n]*\n+```sql\n(.*?)```/gs)) {
  try {
    db.query(sql, "TSV");
  } catch (error) {
    result.failed[what] = String(error).slice(0, 300);
  }
}
console.log(JSON.stringify(result));
