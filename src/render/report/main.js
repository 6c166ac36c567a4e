// The page as a whole: filters, views and keys.
const $ = (id) => document.getElementById(id);
const scroller = $("list");
const narrow = window.matchMedia("(max-width: 760px)");
const filter = { text: "", states: new Set(), manager: null, service: null, within: null };
const views = { timeline: new Timeline(), ending: new Ending(), coverage: new Coverage() };
let view = "timeline";
const list = new List(scroller, $("rows"), {
  draw: (row, index) => views[view].draw(row, index),
  height: (row) => views[view].height(row),
});
list.onpaint = (index) => {
  const at = scroller.querySelector(".corner .at");
  if (at) at.textContent = view === "timeline" && scroller.scrollTop > 0 ? (list.rows[index]?.client ?? list.rows[index]?.lane?.client)?.title ?? "" : "";
};

function isHit(entry, but = "") {
  const { states, manager, service, within, tokens } = filter;
  return (but === "states" || states.size === 0 || states.has(entry.state))
    && (manager === null || entry.manager?.index === manager)
    && (service === null || entry.hasService.has(service))
    && (but === "within" || within === null || (entry.left !== null && entry.left <= within))
    && tokens.every((token) => searched(entry).includes(token));
}

/** Updates the page after a change of the filters or of the view. */
function update() {
  filter.tokens = filter.text.toLocaleLowerCase(words.locale).split(/\s+/).filter(Boolean);
  const hits = new Set(agreements.filter((entry) => isHit(entry)));
  // A chip counts the agreements that match all other filters.
  const byState = STATES.map(() => 0);
  for (const entry of agreements) if (isHit(entry, "states")) byState[entry.state] += 1;
  for (const chip of document.querySelectorAll("[data-state]")) {
    const state = Number(chip.dataset.state);
    chip.setAttribute("aria-pressed", filter.states.has(state));
    chip.querySelector("b").textContent = digits.format(byState[state]);
  }
  for (const chip of document.querySelectorAll("[data-within]")) {
    const days = Number(chip.dataset.within);
    chip.setAttribute("aria-pressed", filter.within === days);
    chip.querySelector("b").textContent = digits.format(agreements.filter((entry) => entry.left !== null && entry.left <= days && isHit(entry, "within")).length);
  }
  for (const tab of document.querySelectorAll("[role=tab]")) {
    tab.setAttribute("aria-selected", tab.dataset.view === view);
    tab.tabIndex = tab.dataset.view === view ? 0 : -1;
  }
  $("clear").hidden = !isFiltered();
  const rows = views[view].rows(hits);
  scroller.dataset.view = view;
  $("app").dataset.view = view;
  $("found").textContent = hits.size === agreements.length ? count(agreements.length, "agreements") : say("found_of", { n: digits.format(hits.size), all: count(agreements.length, "of_agreements") });
  head();
  list.active = -1;
  scroller.removeAttribute("aria-activedescendant");
  scroller.scrollTop = 0;
  list.show(rows);
  $("empty").hidden = rows.length > 0;
  $("empty").textContent = agreements.length === 0 ? words.no_agreements : view === "ending" && hits.size > 0 ? words.nothing_ends : words.nothing_found;
}

const isFiltered = () => filter.text !== "" || filter.states.size > 0 || filter.manager !== null || filter.service !== null || filter.within !== null;

function head() {
  const { head, under, over } = views[view].head();
  $("head").replaceChildren(head);
  $("under").replaceChildren(...(under ? [under] : []));
  $("over").replaceChildren(...(over ? [over] : []));
}

/** Shows another period of time and the same rows. */
function move(how) {
  how();
  head();
  list.redraw();
}

function clear() {
  Object.assign(filter, { text: "", manager: null, service: null, within: null });
  filter.states.clear();
  for (const id of ["search", "manager", "service"]) $(id).value = "";
  update();
}

function show(name) {
  view = name;
  update();
}

function choices(id, options) {
  $(id).append(...options.map(({ index, title }) => make("option", { value: index }, title)));
  $(id).addEventListener("change", () => {
    filter[id] = $(id).value === "" ? null : Number($(id).value);
    update();
  });
}
choices("manager", managers);
choices("service", services);
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
for (const tab of document.querySelectorAll("[role=tab]")) tab.addEventListener("click", () => show(tab.dataset.view));
$("clear").addEventListener("click", () => { clear(); $("search").focus(); });
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
  // Buttons handle Enter and Space themselves, and tabs handle arrows.
  if (inField || (event.key === "Enter" && event.target.matches("button"))) return;
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
window.addEventListener("beforeprint", () => list.print(true));
window.addEventListener("afterprint", () => list.print(false));

$("app").hidden = false;
update();
requestAnimationFrame(() => requestAnimationFrame(() => performance.mark("drawn")));
