// Judges documents by the published schemas with ajv, for tests/it/schemas.rs.
//
// Called as `node ajv.cjs FOLDER`, where FOLDER holds node_modules. The first line of the input is a JSON map from kinds
// to schemas, each further line `{"kind": .., "value": ..}`. For each of these it prints 1 (valid) or 0.
const path = require("node:path");
const Ajv = require(path.join(process.argv[2], "node_modules", "ajv"));

const lines = require("node:fs").readFileSync(0, "utf8").trimEnd().split("\n");
// Strict, so that a schema that ajv's own users would be warned of fails here.
const ajv = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true });
const judges = {};
for (const [kind, schema] of Object.entries(JSON.parse(lines[0]))) {
  judges[kind] = ajv.compile(schema);
}
const verdicts = lines.slice(1).map((line) => {
  const { kind, value } = JSON.parse(line);
  return judges[kind](value) ? "1" : "0";
});
console.log(verdicts.join("\n"));
