// The browser of the tests, which all of them share, and their drivers.
//
//     node browser.cjs FOLDER CHROMIUM             starts the browser, prints its address, and ends it with its input
//     node browser.cjs FOLDER CHROMIUM ADDRESS     drives a page of its own: reads commands as lines of JSON and answers
//                                                  each with a line of JSON
//
// A driver records every console message and every requested address; the command `heard` returns them.
const fs = require("fs");
const path = require("path");
const readline = require("readline");

const ARGUMENTS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

async function main() {
  const [folder, executablePath, address] = process.argv.slice(2);
  const { chromium } = require(path.join(folder, "node_modules/playwright-core"));
  if (address === undefined) {
    const server = await chromium.launchServer({ executablePath, args: ARGUMENTS });
    process.stdout.write(`${server.wsEndpoint()}\n`);
    process.stdin.resume().on("end", () => server.close());
    return;
  }
  const browser = await chromium.connect(address);
  let [context, page, kind] = [null, null, null];
  let [complaints, addresses] = [[], []];
  const watch = async () => {
    await page?.close();
    [complaints, addresses] = [[], []];
    page = await context.newPage();
    page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("request", (request) => addresses.push(request.url()));
  };

  const answers = {
    /** Opens a page in a new tab; `scripts: false` disables scripts, and `touch` makes it a phone without a keyboard. */
    async open({ url, width = 1280, height = 800, touch = false, scripts = true }) {
      if (kind !== `${touch} ${scripts}`) {
        await context?.close();
        [page, kind] = [null, `${touch} ${scripts}`];
        context = await browser.newContext({ javaScriptEnabled: scripts, hasTouch: touch, isMobile: touch });
      }
      await watch();
      await page.setViewportSize({ width, height });
      await page.goto(url);
    },
    go: ({ url }) => page.goto(url).then(() => null),
    press: async ({ keys }) => { for (const key of keys) await page.keyboard.press(key); },
    /** Types, and waits until the page is drawn again. */
    type: async ({ text }) => {
      await page.keyboard.type(text);
      await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn(null)))));
    },
    click: ({ at }) => page.locator(at).first().click(),
    fill: ({ at, text }) => page.locator(at).first().fill(text),
    /** Clicks a button that sends a form, and returns the status of the next page. */
    send: async ({ at }) => {
      const [answer] = await Promise.all([page.waitForNavigation(), page.locator(at).first().click()]);
      return answer?.status();
    },
    texts: ({ at }) => page.locator(at).allInnerTexts(),
    count: ({ at }) => page.locator(at).count(),
    sees: ({ at }) => page.locator(at).first().isVisible(),
    ask: ({ script }) => page.evaluate(script),
    /** Finds violations of accessibility rules that are critical or serious, in these colour schemes. The checker is evaluated, not loaded, because the pages forbid it. */
    inspect: async ({ schemes }) => {
      await page.evaluate(fs.readFileSync(path.join(folder, "node_modules/axe-core/axe.min.js"), "utf8"));
      const found = [];
      for (const colorScheme of schemes) {
        await page.emulateMedia({ colorScheme });
        const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
        found.push(...violations.filter(({ impact }) => ["critical", "serious"].includes(impact))
          .map(({ id, impact, nodes }) => `${colorScheme}: ${impact} ${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 200)} (${failureSummary.replace(/\s+/g, " ").slice(0, 300)})`).join("; ")}`));
      }
      return found;
    },
    /** Clicks, and returns the text of the file that is downloaded. */
    download: async ({ at }) => {
      const [file] = await Promise.all([page.waitForEvent("download"), page.locator(at).first().click()]);
      const parts = [];
      for await (const part of await file.createReadStream()) parts.push(part);
      return Buffer.concat(parts).toString("utf8");
    },
    /** Waits until an expression is true. */
    until: async ({ script }) => {
      // Meanwhile the page may be read again, and its policy forbids the polling of playwright itself.
      for (const end = Date.now() + 20_000; Date.now() < end;) {
        if (await page.evaluate(script).catch(() => false)) return;
        await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(drawn))).catch(() => null);
      }
      throw new Error(`not true in time: ${script}`);
    },
    print: () => page.pdf({ preferCSSPageSize: true }).then((pdf) => pdf.length),
    picture: ({ file }) => page.screenshot({ path: file }).then(() => null),
    url: () => page.url(),
    heard: () => ({ complaints, addresses }),
  };
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { what, ...how } = JSON.parse(line);
    let answer;
    try {
      answer = { is: (await answers[what](how)) ?? null };
    } catch (error) {
      answer = { wrong: String(error) };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  await browser.close();
}

if (require.main === module) main();
module.exports = { ARGUMENTS };
