// The page as a whole: filters, views and keys.
const $ = (id) => document.getElementById(id);
const scroller = $("list");
const narrow = window.matchMedia("(max-width: 760px)");
const filter = { text: "", states: new Set(), manager: null, service: null, label: null, within: null, open: false };
const views = { timeline: new Timeline(), ending: new Ending(), coverage: new Coverage() };
let view = "timeline";
const list = new List(scroller, $("rows"), {
  draw: (row, index) => views[view].draw(row, index),
  height: (row) => views[view].height(row),
});
list.onpaint = (index, scrollTop) => {
  const at = scroller.querySelector(".corner .at");
  const title = view === "timeline" && scrollTop > 0 ? (list.rows[index]?.client ?? list.rows[index]?.lane?.client)?.title ?? "" : "";
  if (at && at.textContent !== title) at.textContent = title;
};

/** The agreements that match all filters, and for each chip the number of those that match all other filters. */
function matches() {
  const { states, manager, service, label, within, open, tokens } = filter;
  const found = { hits: new Set(), byState: STATES.map(() => 0), byDays: new Map(WITHIN.map((days) => [days, 0])), open: 0, due: 0 };
  for (const entry of agreements) {
    if ((manager !== null && entry.manager?.index !== manager)
      || (service !== null && !entry.hasService.has(service))
      || (label !== null && !entry.labels.some(({ index }) => index === label))
      || !tokens.every((token) => searched(entry).includes(token))) continue;
    const isOfState = states.size === 0 || states.has(entry.state);
    const isWithin = within === null || (entry.left !== null && entry.left <= within);
    const isOfEnd = !open || entry.isOpen;
    if (isOfState && isWithin && isOfEnd) found.hits.add(entry);
    if (isWithin && isOfEnd) found.byState[entry.state] += 1;
    if (isOfState && isWithin && entry.isOpen) found.open += 1;
    if (isOfState && isWithin && isDue(entry)) found.due += 1;
    if (isOfState && isOfEnd && entry.left !== null) {
      for (const days of WITHIN) if (entry.left <= days) found.byDays.set(days, found.byDays.get(days) + 1);
    }
  }
  return found;
}

const pressed = (chip, isOn, number) => {
  chip.setAttribute("aria-pressed", isOn);
  chip.querySelector("b").textContent = digits.format(number);
};

/** Updates the page after a change of the filters or of the view. */
function update() {
  filter.tokens = filter.text.toLocaleLowerCase(words.locale).split(/\s+/).filter(Boolean);
  const found = matches();
  const { hits } = found;
  for (const chip of document.querySelectorAll("[data-state]")) {
    const state = Number(chip.dataset.state);
    pressed(chip, filter.states.has(state), found.byState[state]);
  }
  for (const chip of document.querySelectorAll("[data-within]")) {
    const days = Number(chip.dataset.within);
    pressed(chip, filter.within === days, found.byDays.get(days));
  }
  pressed($("open"), filter.open, found.open);
  for (const tab of document.querySelectorAll("[role=tab]")) {
    tab.setAttribute("aria-selected", tab.dataset.view === view);
    tab.tabIndex = tab.dataset.view === view ? 0 : -1;
  }
  $("clear").hidden = !isFiltered();
  const active = numberOfFilters();
  $("filters-button").querySelector("b").textContent = active ? digits.format(active) : "";
  const rows = views[view].rows(hits);
  scroller.dataset.view = view;
  $("app").dataset.view = view;
  $("found").textContent = hits.size === agreements.length ? count(agreements.length, "agreements") : say("found_of", { n: digits.format(hits.size), all: count(agreements.length, "of_agreements") });
  $("note").hidden = view !== "ending";
  if (view === "ending") $("note").replaceChildren(...renewals(found.due));
  head();
  list.active = -1;
  scroller.removeAttribute("aria-activedescendant");
  scroller.scrollTop = 0;
  list.show(rows);
  $("empty").hidden = rows.length > 0;
  $("empty").replaceChildren(...emptyState(hits));
  for (const id of ["csv", "ics"]) $(id).disabled = hits.size === 0;
  shown = [...hits];
  keepLink();
}

/** The agreements that match the filters. */
let shown = [];

const numberOfFilters = () => filter.states.size + [filter.manager, filter.service, filter.label, filter.within].filter((value) => value !== null).length + filter.open;
const isFiltered = () => filter.text !== "" || numberOfFilters() > 0;

/** A list without rows: why it is empty, and what to do next. */
function emptyState(hits) {
  if (agreements.length === 0) return [make("p", {}, words.no_agreements), make("p", {}, make("code", {}, "servanda new"))];
  if (view === "ending" && hits.size > 0) return [make("p", {}, words.nothing_ends)];
  return [make("p", {}, words.nothing_found), make("button", { type: "button", onclick: () => { clear(); $("search").focus(); } }, words.clear)];
}

const shellWord = (text) => (/^[\w.=/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

const soon = () => filter.within ?? 90;

/** Whether `renew` would write the successor of an agreement whose last day of all is near. */
const isDue = ({ more, finalLeft }) => more.renewal === DUE && finalLeft !== null && finalLeft <= soon();

/** The number of agreements that `renew` would write, with its command if switches express what the page shows. */
function renewals(number) {
  const switches = [["--manager", managers, filter.manager], ["--service", services, filter.service], ["--label", labels, filter.label]]
    .filter(([, , index]) => index !== null).map(([name, from, index]) => `${name} ${shellWord(nameIn(from, index))}`);
  switches.push(...[...filter.states].map((state) => `--status ${STATES[state]}`));
  if (data.renew) switches.push(`--as-of ${shellWord(data.renew)}`);
  const command = [`servanda renew --ending-within ${soon()}d`, ...switches].join(" ");
  const isExact = data.renew !== null && filter.text === "" && number > 0;
  return [make("span", {}, say("to_renew", { all: count(number, "agreements"), n: soon() })), isExact ? make("code", {}, command) : ""];
}

function head() {
  const { head, under } = views[view].head();
  $("head").replaceChildren(head);
  $("under").replaceChildren(...(under ? [under] : []));
}

/** Shows another period of time and the same rows. */
function move(how) {
  how();
  head();
  list.redraw();
}

function clear() {
  Object.assign(filter, { text: "", manager: null, service: null, label: null, within: null, open: false });
  filter.states.clear();
  for (const id of ["search", "manager", "service", "label"]) $(id).value = "";
  update();
}

function show(name) {
  view = name;
  update();
}

function choices(id, options) {
  $(id).append(...options.map(({ index, title }) => make("option", { value: index }, title)));
  $(id).hidden = options.length === 0;
  $(id).addEventListener("change", () => {
    filter[id] = $(id).value === "" ? null : Number($(id).value);
    update();
  });
}
choices("manager", managers);
choices("service", services);
choices("label", labels);
let typing = 0;
$("search").addEventListener("input", () => {
  cancelAnimationFrame(typing);
  typing = requestAnimationFrame(() => { filter.text = $("search").value; update(); });
});
for (const chip of document.querySelectorAll("[data-state]")) {
  chip.addEventListener("click", () => {
    const state = Number(chip.dataset.state);
    if (!filter.states.delete(state)) filter.states.add(state);
    update();
  });
}
for (const chip of document.querySelectorAll("[data-within]")) {
  chip.addEventListener("click", () => {
    const days = Number(chip.dataset.within);
    filter.within = filter.within === days ? null : days;
    update();
  });
}
$("open").addEventListener("click", () => { filter.open = !filter.open; update(); });
for (const tab of document.querySelectorAll("[role=tab]")) tab.addEventListener("click", () => show(tab.dataset.view));
$("clear").addEventListener("click", () => { clear(); $("search").focus(); });
$("filters-button").addEventListener("click", () => {
  const isOpen = $("filters").classList.toggle("open");
  $("filters-button").setAttribute("aria-expanded", isOpen);
});
$("csv").addEventListener("click", () => download(`agreements-${iso(data.today)}.csv`, "text/csv;charset=utf-8", csvOf(shown)));
$("ics").addEventListener("click", () => download(`agreements-${iso(data.today)}.ics`, "text/calendar;charset=utf-8", icsOf(shown)));
$("help-button").addEventListener("click", () => $("help").showModal());
$("help-close").addEventListener("click", () => $("help").close());

const row = () => list.rows[list.active];
function sideways(by) {
  if (!row()) return;
  views[view].sideways(row(), by);
  head();
  list.redraw();
  if (opened) openSheet(views[view].chosen(row()));
}
function vertically(by) {
  // Moving through the list takes the focus from a button.
  scroller.focus({ preventScroll: true });
  views.timeline.segment = -1;
  list.step(by);
  list.redraw();
  if (opened && row()) openSheet(views[view].chosen(row()));
}
const page = () => Math.max(Math.floor(scroller.clientHeight / 40) - 2, 1);
const KEYS = {
  "/": () => { $("search").focus(); $("search").select(); },
  "?": () => $("help").showModal(),
  1: () => show("timeline"),
  2: () => show("ending"),
  3: () => show("coverage"),
  ArrowDown: () => vertically(1),
  ArrowUp: () => vertically(-1),
  PageDown: () => vertically(page()),
  PageUp: () => vertically(-page()),
  Home: () => { list.active = -1; vertically(1); },
  End: () => { list.active = -1; vertically(-1); },
  ArrowRight: () => sideways(1),
  ArrowLeft: () => sideways(-1),
  "[": () => move(() => views.timeline.pan(-0.25)),
  "]": () => move(() => views.timeline.pan(0.25)),
  "+": () => move(() => views.timeline.zoom(-1)),
  "=": () => move(() => views.timeline.zoom(-1)),
  "-": () => move(() => views.timeline.zoom(1)),
  t: () => move(() => views.timeline.recenter()),
  Enter: () => { if (row()) openSheet(views[view].chosen(row())); },
};
// The physical positions of these keys, for keyboard layouts with other letters.
const PLACES = { Slash: "/", BracketLeft: "[", BracketRight: "]", KeyT: "t" };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
  const inField = event.target.matches("input, select, textarea");
  if (event.key === "Escape") {
    if (closeSheet()) return event.preventDefault();
    if (isFiltered()) clear();
    return scroller.focus({ preventScroll: true });
  }
  if (inField && event.target.id === "search" && (event.key === "ArrowDown" || event.key === "Enter")) {
    scroller.focus({ preventScroll: true });
    vertically(1);
    return event.preventDefault();
  }
  // Buttons, links and disclosures handle Enter and Space themselves, tabs handle arrows, and the details scroll.
  if (inField || (event.key === "Enter" && event.target.closest("button, a, summary"))) return;
  if (event.target === sheet && /^(Arrow(Up|Down)|Page(Up|Down)|Home|End)$/.test(event.key)) return;
  if (event.target.matches("[role=tab]") && /^Arrow(Left|Right)$/.test(event.key)) {
    const names = Object.keys(views);
    show(names[(names.indexOf(view) + (event.key === "ArrowRight" ? 1 : names.length - 1)) % names.length]);
    document.querySelector(`[data-view=${view}][role=tab]`).focus();
    return event.preventDefault();
  }
  const act = KEYS[event.key] ?? KEYS[event.shiftKey && event.code === "Slash" ? "?" : PLACES[event.code]];
  if (!act) return;
  event.preventDefault();
  act();
});

let dragged = null;
scroller.addEventListener("wheel", (event) => {
  const by = event.deltaX || (event.shiftKey ? event.deltaY : 0);
  if (view !== "timeline" || Math.abs(by) <= Math.abs(event.shiftKey ? 0 : event.deltaY)) return;
  event.preventDefault();
  move(() => views.timeline.pan(by / scroller.clientWidth));
}, { passive: false });
scroller.addEventListener("pointerdown", (event) => {
  if (view === "timeline" && event.pointerType === "mouse" && event.target.closest(".axis")) dragged = event.clientX;
});
window.addEventListener("pointermove", (event) => {
  if (dragged === null) return;
  const by = (dragged - event.clientX) / scroller.clientWidth;
  dragged = event.clientX;
  move(() => views.timeline.pan(by));
});
window.addEventListener("pointerup", () => { dragged = null; });
narrow.addEventListener("change", update);
new ResizeObserver(() => head()).observe(scroller);
/** Lays the list out for paper, with all rows and the legend within it, or for the window. */
function print(isPrinted) {
  list.whole = isPrinted;
  if (isPrinted) scroller.append($("legend"));
  else document.querySelector("footer").prepend($("legend"));
  head();
  list.redraw();
}
window.addEventListener("beforeprint", () => print(true));
window.addEventListener("afterprint", () => print(false));
window.addEventListener("hashchange", () => { if (location.hash !== "#list") followLink(); });

/** Reads a served page again when the server has another one. The fragment keeps the view. */
function reloadOnChange() {
  let known = null;
  const check = async () => {
    if (document.hidden) return;
    try {
      const tag = (await fetch(location.pathname, { method: "HEAD", cache: "no-store" })).headers.get("etag");
      if (known !== null && tag !== null && tag !== known) location.reload();
      known ??= tag;
    } catch {
      // The server is away; the page stays as it is.
    }
  };
  check();
  setInterval(check, 10_000);
  window.addEventListener("focus", check);
}

$("app").hidden = false;
followLink();
if (data.served) reloadOnChange();
requestAnimationFrame(() => requestAnimationFrame(() => performance.mark("drawn")));
