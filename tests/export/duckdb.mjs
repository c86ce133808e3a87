// SPDX-License-Identifier: MIT
// Reads the NDJSON of a run with DuckDB as it guesses it, and prints counts and sums as one line of JSON: duck.mjs FILE
import { DuckDBInstance } from "@duckdb/node-api";

const file = process.argv[2].replaceAll("'", "''");
const db = await (await DuckDBInstance.create(":memory:")).connect();
await db.run(`CREATE TABLE t AS SELECT * FROM read_json('${file}', format = 'newline_delimited', maximum_depth = 2, sample_size = 20480)`);
const one = async (sql) => Number((await db.runAndReadAll(sql)).getRows()[0][0] ?? 0);
const event = `FROM t WHERE "table" = 'event'`;
console.log(JSON.stringify({
  rows: await one("SELECT count(*) FROM t"),
  events: await one(`SELECT count(*) ${event}`),
  said: await one(`SELECT max(events) FROM t WHERE "table" = 'trace'`),
  read: await one(`SELECT sum(bytes) ${event} AND kind IN ('read', 'recv')`),
  written: await one(`SELECT sum(bytes) ${event} AND kind IN ('write', 'send')`),
  failed_opens: await one(`SELECT count(*) ${event} AND kind = 'open' AND outcome = 'failed'`),
  processes: await one(`SELECT count(DISTINCT id) FROM t WHERE "table" = 'process'`),
  duration: await one(`SELECT sum(duration) ${event}`),
}));
