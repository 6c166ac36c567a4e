// Takes the pictures of the README from the example: the report, and the comment on a pull request.
//
//   npm install --prefix target/browser playwright-core@1
//   npm install --prefix target/pictures marked@16 upng-js@2
//   cargo build && node docs/pictures/take.cjs
//
// Both together have at most 300 KB: few colours are kept, as in any screen of text.
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { execFileSync } = require("node:child_process");

const root = path.join(__dirname, "../..");
const library = (folder, name) => require(path.join(root, "target", folder, "node_modules", name));
const { chromium } = library("browser", "playwright-core");
const { marked } = library("pictures", "marked");
const UPNG = library("pictures", "upng-js");
const { ARGUMENTS } = require(path.join(root, "tests/it/browser.cjs"));

const LIMIT = 300 * 1024;
const COLOURS = 64;
const SCALE = 1.5;
/** How a forge shows a comment, as far as a picture needs it. */
const FORGE = `
  body { font: 14px/1.5 system-ui, "DejaVu Sans", sans-serif; color: #1f2328; margin: 0; padding: 16px; width: 828px; }
  main { border: 1px solid #d1d9e0; border-radius: 6px; padding: 16px; }
  h3 { margin: 0 0 12px; font-size: 18px; } h4 { margin: 16px 0 8px; font-size: 15px; }
  code { background: #818b981f; border-radius: 6px; padding: 2px 5px; font: 12px ui-monospace, "DejaVu Sans Mono", monospace; }
  pre { background: #f6f8fa; border-radius: 6px; padding: 10px 14px; margin: 8px 0; } pre code { background: none; padding: 0; display: block; }
  .plus { background: #dafbe1; display: block; } .minus { background: #ffebe9; display: block; }
  table { border-collapse: collapse; } td, th { border: 1px solid #d1d9e0; padding: 5px 12px; text-align: left; }
  ul { padding-left: 24px; margin: 6px 0; } p { margin: 8px 0; }
`;

/** Runs a program in a folder and returns its output. */
function run(folder, program, ...words) {
  const env = { ...process.env, GIT_AUTHOR_NAME: "A", GIT_AUTHOR_EMAIL: "a@example.org", GIT_COMMITTER_NAME: "A", GIT_COMMITTER_EMAIL: "a@example.org" };
  return execFileSync(program, words, { cwd: folder, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** A copy of the example, in which the first of September was applied, and a branch edits a template and an agreement. */
function example() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "servanda-pictures-"));
  for (const name of ["servanda.yaml", "catalog.yaml", "agreements", "templates", "calendars"]) {
    fs.cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  }
  const servanda = (...words) => run(folder, path.join(root, "target/debug/servanda"), ...words);
  fs.writeFileSync(path.join(folder, ".gitignore"), ".servanda/\n");
  const git = (...words) => run(folder, "git", ...words);
  const settings = path.join(folder, "servanda.yaml");
  fs.writeFileSync(settings, fs.readFileSync(settings, "utf8").replace("language: ru", "language: en"));
  git("init", "--quiet", "--initial-branch", "main");
  git("add", "--all");
  git("commit", "--quiet", "--message", "The example");
  servanda("apply", "--yes", "--as-of", "2026-09-01");
  servanda("report", "--as-of", "2026-11-24", "--out", "report.html");
  git("switch", "--quiet", "--create", "branch");
  const edit = (file, from, to) => {
    const at = path.join(folder, file);
    fs.writeFileSync(at, fs.readFileSync(at, "utf8").replace(from, to));
  };
  edit("templates/support-premium.yaml", "resolution: 4h", "resolution: 6h");
  edit("agreements/2026/severny-veter-2026.yaml", "  email: false", "  email: true");
  git("commit", "--quiet", "--all", "--message", "Longer targets");
  try {
    servanda("plan", "--base", "main", "--as-of", "2026-09-01", "--out", ".servanda/branch.plan");
  } catch (stopped) {
    if (stopped.status !== 4) throw stopped; // a guard, which is worth a picture
  }
  return { folder, comment: servanda("comment", ".servanda/branch.plan", "--dry-run") };
}

/** The HTML of a comment, with the colours of a forge in its diffs. */
function colored(comment) {
  const line = (line) => (/^[+-]/.test(line) ? `<span class="${line[0] === "+" ? "plus" : "minus"}">${line}</span>` : `${line}\n`);
  const lines = (_, begin, text, end) => begin + text.replace(/\n$/, "").split("\n").map(line).join("") + end;
  return marked.parse(comment).replace(/(<code class="language-diff">)([^]*?)(<\/code>)/g, lines);
}

(async () => {
  const { folder, comment } = example();
  fs.writeFileSync(path.join(folder, "comment.html"), `<!doctype html><meta charset="utf-8"><style>${FORGE}</style><main>${colored(comment)}</main>`);
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), "servanda-browser-"));
  const options = { executablePath: "/usr/bin/chromium", args: ARGUMENTS, deviceScaleFactor: SCALE, viewport: { width: 1180, height: 720 } };
  const context = await chromium.launchPersistentContext(profile, options);
  let total = 0;
  for (const [name, width, height] of [["report", 1180, 720], ["comment", 860, 900]]) {
    const page = await context.newPage();
    await page.setViewportSize({ width, height });
    await page.goto(`file://${folder}/${name}.html`);
    if (name === "report") await page.waitForFunction(() => performance.getEntriesByName("drawn").length > 0);
    const png = UPNG.decode(await page.screenshot());
    const small = Buffer.from(UPNG.encode([UPNG.toRGBA8(png)[0]], png.width, png.height, COLOURS));
    fs.writeFileSync(path.join(__dirname, `${name}.png`), small);
    total += small.length;
    console.log(`${name}.png: ${png.width} x ${png.height}, ${small.length} bytes`);
  }
  await context.close();
  fs.rmSync(folder, { recursive: true });
  fs.rmSync(profile, { recursive: true });
  if (total > LIMIT) throw new Error(`${total} bytes are more than ${LIMIT}`);
})();
