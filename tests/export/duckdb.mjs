// SPDX-License-Identifier: MIT
// Reads the NDJSON of a run with DuckDB as it guesses it, or a directory of CSV as its duckdb.sql declares it, and prints counts
// and sums as one line of JSON: duckdb.mjs FILE|DIR
import { readFileSync, statSync } from "node:fs";
import { DuckDBInstance } from "@duckdb/node-api";

const path = process.argv[2];
const db = await (await DuckDBInstance.create(":memory:")).connect();
const one = async (sql) => Number((await db.runAndReadAll(sql)).getRows()[0][0] ?? 0);
const sums = {};
let from = (table) => `FROM ${table} WHERE true`;

if (statSync(path).isDirectory()) {
  process.chdir(path);
  for (const statement of readFileSync("duckdb.sql", "utf8").replace(/^--.*\n/, "").split(";\n").filter((s) => s.trim()))
    await db.run(statement);
  // what it guesses without that: numbers of every row are numbers, addresses are not
  sums.guessed = await one("SELECT sum(duration) FROM read_csv('event.csv')");
  sums.address = (await db.runAndReadAll("DESCRIBE SELECT address FROM read_csv('event.csv')")).getRows()[0][1];
} else {
  const file = path.replaceAll("'", "''");
  await db.run(`CREATE TABLE t AS SELECT * FROM read_json('${file}', format = 'newline_delimited', maximum_depth = 2, sample_size = -1)`);
  from = (table) => `FROM t WHERE "table" = '${table}'`;
  sums.rows = await one("SELECT count(*) FROM t");
}
const event = from("event");
console.log(JSON.stringify({
  ...sums,
  events: await one(`SELECT count(*) ${event}`),
  said: await one(`SELECT max(events) ${from("trace")}`),
  read: await one(`SELECT sum(bytes) ${event} AND kind IN ('read', 'recv')`),
  written: await one(`SELECT sum(bytes) ${event} AND kind IN ('write', 'send')`),
  failed_opens: await one(`SELECT count(*) ${event} AND kind = 'open' AND outcome = 'failed'`),
  processes: await one(`SELECT count(DISTINCT id) ${from("process")}`),
  duration: await one(`SELECT sum(duration) ${event}`),
}));
