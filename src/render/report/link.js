// The fragment of the address: view, filters, order and the opened agreement, by their names in the files.
const byName = (list, name) => list.find(({ slug }) => slug === name)?.index ?? null;
const nameIn = (list, index) => list.find((entry) => entry.index === index)?.slug;

/** The current view as a fragment. What is usual is left out. */
function fragment() {
  const parts = new URLSearchParams();
  const put = (name, value) => { if (value !== null && value !== undefined && value !== "") parts.set(name, value); };
  if (view !== "timeline") put("view", view);
  put("search", filter.text);
  put("state", [...filter.states].sort().map((state) => STATES[state]).join(","));
  put("manager", filter.manager === null ? null : nameIn(managers, filter.manager));
  put("service", filter.service === null ? null : nameIn(services, filter.service));
  put("label", filter.label === null ? null : nameIn(labels, filter.label));
  put("within", filter.within);
  if (filter.open) put("follows", "nothing");
  const { key, isDown } = views[view].order ?? {};
  if (key && (key !== views[view].usual || isDown)) put("sort", `${isDown ? "-" : ""}${key}`);
  put("agreement", opened?.id);
  return parts.toString();
}

/** Writes the fragment into the address, without a step in the history. */
function keepLink() {
  const text = fragment();
  if (location.hash.slice(1) === text) return;
  try {
    history.replaceState(null, "", text ? `#${text}` : location.href.split("#")[0]);
  } catch {
    // A page without an address of its own, such as one in a frame, has no link.
  }
}

/** Shows the view of the fragment. Names that the page does not know are ignored, and so is a link within the page. */
function followLink() {
  const text = location.hash.slice(1);
  const parts = new URLSearchParams(text.includes("=") ? text : "");
  const name = parts.get("view");
  view = Object.hasOwn(views, name ?? "") ? name : "timeline";
  filter.text = parts.get("search") ?? "";
  const states = (parts.get("state") ?? "").split(",").map((state) => STATES.indexOf(state)).filter((state) => state >= 0);
  filter.states = new Set(states);
  filter.manager = byName(managers, parts.get("manager"));
  filter.service = byName(services, parts.get("service"));
  filter.label = byName(labels, parts.get("label"));
  const within = Number(parts.get("within"));
  filter.within = WITHIN.includes(within) ? within : null;
  filter.open = parts.get("follows") === "nothing";
  const sort = parts.get("sort") ?? "";
  views[view].sortBy?.(sort.replace(/^-/, ""), sort.startsWith("-"));
  $("search").value = filter.text;
  for (const id of ["manager", "service", "label"]) $(id).value = filter[id] ?? "";
  const id = parts.get("agreement");
  const agreement = id === null ? null : agreements.find((entry) => entry.id === id);
  update();
  if (agreement) openSheet(agreement);
  else closeSheet(false);
}
