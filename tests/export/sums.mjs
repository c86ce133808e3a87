// SPDX-License-Identifier: MIT
// The sums of sums.jq by DuckDB, as one line of JSON: sums.mjs FILE
import { DuckDBInstance } from "@duckdb/node-api";

const file = process.argv[2].replaceAll("'", "''");
const db = await (await DuckDBInstance.create(":memory:")).connect();
const rows = async (sql) => (await db.runAndReadAll(sql)).getRows().map((row) => row.map((v) => (typeof v === "bigint" ? Number(v) : v)));
const table = async (sql) => Object.fromEntries((await rows(sql)).map(([key, a, b]) => [key, [a, b]]));

await db.run(`CREATE TABLE t AS SELECT * FROM read_json('${file}', format = 'newline_delimited', maximum_depth = 2)`);
// a field that no row has is no column of it
for (const column of ["file2", "connection", "bytes"]) await db.run(`ALTER TABLE t ADD COLUMN IF NOT EXISTS ${column} BIGINT`);
for (const column of ["name", "kind", "error", "abi"]) await db.run(`ALTER TABLE t ADD COLUMN IF NOT EXISTS ${column} VARCHAR`);
await db.run(`CREATE VIEW event AS SELECT * FROM t WHERE "table" = 'event'`);
await db.run(`CREATE VIEW done AS SELECT * FROM event WHERE outcome = 'ok'`);
// the last row of an id is true
await db.run(`CREATE VIEW last_file AS SELECT id, last(name ORDER BY rowid) AS name, last(kind ORDER BY rowid) AS kind FROM t WHERE "table" = 'file' GROUP BY id`);
await db.run(`CREATE VIEW socket AS SELECT id, last(kind ORDER BY rowid) AS kind FROM t WHERE "table" = 'connection' GROUP BY id`);
await db.run(`CREATE VIEW moved AS SELECT * FROM last_file JOIN (
    SELECT file AS id, bytes AS bytes_in, 0 AS bytes_out FROM done WHERE kind IN ('read', 'transfer')
    UNION ALL SELECT file, 0, bytes FROM done WHERE kind = 'write'
    UNION ALL SELECT file2, 0, bytes FROM done WHERE kind = 'transfer') USING (id)`);
const pairs = async (sql) => (await rows(sql))[0].map((v) => v ?? 0);

console.log(JSON.stringify({
  calls: await table("SELECT coalesce('[' || abi || '] ', '') || call AS name, count(*), count(error) FILTER (outcome <> 'unfinished') FROM event WHERE call IS NOT NULL GROUP BY ALL"),
  files: await table("SELECT name, sum(bytes_in), sum(bytes_out) FROM moved GROUP BY name"),
  kinds: await table("SELECT kind, sum(bytes_in), sum(bytes_out) FROM moved GROUP BY kind"),
  network: await pairs(`SELECT sum(bytes) FILTER (event.kind IN ('send', 'write')), sum(bytes) FILTER (event.kind IN ('recv', 'read'))
      FROM done AS event JOIN socket ON event.connection = socket.id WHERE regexp_matches(socket.kind, '^(tcp|udp)')`),
  opens: await pairs("SELECT count(*) FILTER (outcome = 'ok'), count(*) FILTER (outcome = 'failed') FROM event WHERE kind = 'open'"),
  processes: (await pairs(`SELECT count(DISTINCT id) FROM t WHERE "table" = 'process'`))[0],
  threads: (await pairs(`SELECT count(DISTINCT id) FROM t WHERE "table" = 'thread'`))[0],
}));
