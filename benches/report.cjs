// How the report of a large estate opens and scrolls in a browser: `node benches/report.cjs PAGE.html`.
//
// Chromium is driven by playwright-core (`npm install --prefix target/browser playwright-core@1`). Frames are those of
// requestAnimationFrame while the list is scrolled from top to bottom, a third of a screen each frame. What a frame costs
// is given in processor time as well, which other programs do not lengthen: the longest frame by the clock is often one in which
// the browser had to wait for a processor.
const path = require("path");
const os = require("os");
const fs = require("fs");
const { chromium } = require(path.join(__dirname, "../target/browser/node_modules/playwright-core"));
const { ARGUMENTS } = require("../tests/it/browser.cjs");

const RUNS = 5;

/**
 * Begins to record tasks; what it returns ends that, and returns the time of each task of the page. A machine may account the
 * time of the processor in steps of some milliseconds, so that a task counts by the clock if that is less.
 */
async function traced(session) {
  const events = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  await session.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { includedCategories: ["toplevel"] } });
  return async () => {
    const complete = new Promise((done) => session.once("Tracing.tracingComplete", done));
    await session.send("Tracing.end");
    await complete;
    const mains = new Set(events.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain").map(({ pid, tid }) => `${pid} ${tid}`));
    return events.filter(({ ph, pid, tid }) => ph === "X" && mains.has(`${pid} ${tid}`)).map(({ dur = 0, tdur = 0 }) => Math.min(dur, tdur) / 1000);
  };
}

(async () => {
  const page = path.resolve(process.argv[2]);
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), "servanda-browser-"));
  const context = await chromium.launchPersistentContext(profile, { executablePath: "/usr/bin/chromium", args: ARGUMENTS, viewport: { width: 1280, height: 800 } });
  const opened = [];
  let scrolled, typed, sizes, work, opening, longest;
  for (let run = 0; run < RUNS; run += 1) {
    const tab = await context.newPage();
    const session = await context.newCDPSession(tab);
    await session.send("Performance.enable", { timeDomain: "threadTicks" });
    const spent = async () => Object.fromEntries((await session.send("Performance.getMetrics")).metrics.map(({ name, value }) => [name, value * 1000]));
    await tab.goto(`file://${page}`);
    await tab.waitForFunction(() => performance.getEntriesByName("drawn").length > 0);
    opened.push(await tab.evaluate(() => performance.getEntriesByName("drawn")[0].startTime));
    if (run === RUNS - 1) {
      const before = await spent();
      opening = before.TaskDuration;
      const tasks = await traced(session);
      scrolled = await tab.evaluate(async () => {
        const list = document.getElementById("list");
        const frames = [];
        const frame = () => new Promise((next) => requestAnimationFrame(next));
        let before = await frame();
        for (let at = 0; at < 600; at += 1) {
          list.scrollTop += list.clientHeight / 3;
          if (list.scrollTop + list.clientHeight >= list.scrollHeight - 1) list.scrollTop = 0;
          const now = await frame();
          frames.push(now - before);
          before = now;
        }
        frames.sort((one, other) => one - other);
        const at = (share) => frames[Math.floor(share * (frames.length - 1))];
        return { frames: frames.length, median: at(0.5), p95: at(0.95), p99: at(0.99), longest: at(1), over34: frames.filter((time) => time > 34).length };
      });
      longest = Math.max(...(await tasks()));
      const after = await spent();
      work = ["ScriptDuration", "RecalcStyleDuration", "LayoutDuration"].map((name) => (after[name] - before[name]) / scrolled.frames);
      typed = await tab.evaluate(async () => {
        const search = document.getElementById("search");
        const times = [];
        for (const text of ["c", "cl", "cli", "clie", "client 1", ""]) {
          search.value = text;
          const begun = performance.now();
          search.dispatchEvent(new Event("input"));
          await new Promise((next) => requestAnimationFrame(() => setTimeout(next)));
          times.push(performance.now() - begun);
        }
        return Math.max(...times);
      });
      sizes = await tab.evaluate(() => ({ rows: document.getElementById("list").getAttribute("aria-rowcount"), height: document.getElementById("list").scrollHeight, elements: document.querySelectorAll("*").length }));
    }
    await tab.close();
  }
  await context.close();
  fs.rmSync(profile, { recursive: true, force: true });
  opened.sort((one, other) => one - other);
  const ms = (time) => `${time.toFixed(1)} ms`;
  console.log(`page      ${(fs.statSync(page).size / 1e6).toFixed(2)} MB`);
  console.log(`opened    median ${ms(opened[RUNS >> 1])} of ${RUNS}, from the start of navigation to the second frame after the first drawing; ${ms(opening)} of the processor`);
  console.log(`scrolled  ${scrolled.frames} frames: median ${ms(scrolled.median)}, p95 ${ms(scrolled.p95)}, p99 ${ms(scrolled.p99)}, longest ${ms(scrolled.longest)}; ${scrolled.over34} longer than two frames`);
  console.log(`work      of a frame, in time of the processor: script ${ms(work[0])}, style ${ms(work[1])}, layout ${ms(work[2])}; the longest took ${ms(longest)}`);
  console.log(`typed     slowest answer to a letter ${ms(typed)}`);
  console.log(`list      ${sizes.rows} rows, ${sizes.height} px; ${sizes.elements} elements on the page`);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
