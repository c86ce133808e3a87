// SPDX-License-Identifier: MIT
// Validates NDJSON by the schema that --json-schema prints: schema.mjs SCHEMA FILE... Prints the number of lines, or the first that
// is wrong and why.
import { readFileSync } from "node:fs";
import Ajv from "ajv/dist/2020.js";

const schema = JSON.parse(readFileSync(process.argv[2], "utf8"));
// readers skip what they do not know; here a field that is not in the schema is an error
for (const table of Object.values(schema.$defs))
  table.additionalProperties = false;
const ajv = new Ajv({ strict: true });
const valid = ajv.compile(schema);
ajv.addSchema(schema, "line");
let lines = 0;
for (const file of process.argv.slice(3))
  for (const line of readFileSync(file, "utf8").split("\n").filter((s) => s)) {
    lines++;
    if (!valid(JSON.parse(line))) {
      const one = ajv.getSchema(`line#/$defs/${JSON.parse(line).table}`);
      console.log(`${line}: ${one ? one(JSON.parse(line)) || ajv.errorsText(one.errors) : "no such table"}`);
      process.exit(1);
    }
  }
console.log(lines);
