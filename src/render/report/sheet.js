// The sheet beside the list: the details of one agreement.
const sheet = document.getElementById("sheet");
let opened = null;

function openSheet(agreement) {
  if (!agreement) return;
  opened = agreement;
  sheet.replaceChildren(...sheetOf(agreement));
  sheet.hidden = false;
  sheet.scrollTop = 0;
  document.body.classList.add("with-sheet");
  keepLink();
}

function closeSheet(takesFocus = true) {
  if (!opened) return false;
  opened = null;
  sheet.hidden = true;
  document.body.classList.remove("with-sheet");
  if (takesFocus) scroller.focus({ preventScroll: true });
  keepLink();
  return true;
}

/** The command for the next step, with what it is for; `null` if nothing is to be done. */
function nextStep({ id, isOver, state, because, follows, last, more }) {
  if (isOver) return null;
  if (state === 0 && (because === 1 || because === 2)) return ["step_activate", `servanda activate ${id}`];
  if (state === 2) return ["step_resume", `servanda resume ${id}`];
  if (more.renewal === DUE) return ["step_renew", `servanda renew ${id}`];
  if (follows === ROLL) return ["step_end", `servanda terminate ${id} --on ${iso(last)}`];
  return null;
}

/** Notices as a list: the day, the event and the result, with all recipients of the same. */
function noticesOf(rows) {
  const groups = new Map();
  for (const [day, notice, result = 0] of rows) {
    const [event, recipient] = data.notices[notice];
    const key = `${day} ${result} ${event}`;
    groups.set(key, { day, event, result, recipients: [...(groups.get(key)?.recipients ?? []), recipient] });
  }
  const line = ({ day, event, result, recipients }) => make("li", {}, make("time", { datetime: iso(day) }, date(day, "short")),
    make("span", {}, event, result === 0 ? null : make("b", {}, ` ${words.notice_results[result]}`), ...recipients.map((recipient) => make("small", {}, make("bdi", {}, recipient)))));
  return make("ol", { class: "notices" }, ...[...groups.values()].map(line));
}

/** The places of all values, grouped by file. */
function originsOf(agreement) {
  const files = new Map();
  for (const origin of agreement.origins) {
    const [value, file, line] = data.origins[origin];
    const name = file || fileOf(agreement);
    files.set(name, [...(files.get(name) ?? []), [value, line]]);
  }
  const rows = [...files].flatMap(([file, values]) => [
    make("tr", {}, make("th", { colspan: "2", scope: "colgroup" }, make("code", {}, file))),
    ...values.map(([value, line]) => make("tr", {}, make("td", {}, make("code", {}, value)), make("td", {}, digits.format(line)))),
  ]);
  return make("details", { class: "origins" }, make("summary", {}, words.origins), make("table", {},
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, words.value), make("th", { scope: "col" }, words.line))), make("tbody", {}, ...rows)));
}

function sheetOf(agreement) {
  const { more } = agreement;
  const facts = make("dl", {});
  const fact = (name, ...value) => {
    if (value.every((part) => part === null || part === undefined || part === "")) return;
    facts.append(make("dt", {}, words[name]), make("dd", {}, ...value));
  };
  const until = (day) => (day === null ? withoutEnd(agreement) : date(day));
  const client = make("bdi", {}, agreement.client.title);
  fact("client", data.served ? make("a", { href: `clients/${agreement.client.slug}` }, client) : client);
  fact("number", agreement.number && make("bdi", {}, agreement.number));
  fact("manager", agreement.manager && make("bdi", {}, agreement.manager.title));
  fact("period", agreement.first === null ? withoutEnd(agreement) : `${date(agreement.first)} – ${until(agreement.last)}`,
    more.period ? make("small", {}, say(more.period[1] ? "period_of" : "period_no", { n: more.period[0], of: more.period[1] })) : null);
  if (agreement.left !== null) fact("days_left", count(agreement.left, "days"));
  fact("notice_deadline", agreement.deadline === null ? null : date(agreement.deadline));
  fact("continuation", agreement.isOver && !agreement.successor ? null : following(agreement));
  if (more.ended) fact("termination", lastDay(agreement, agreement.final), more.why ? make("small", {}, make("bdi", {}, more.why)) : null);
  for (const [from, to, reason] of more.suspensions ?? []) {
    fact("suspension", `${date(from)} – ${to === null ? words.until_further_notice : date(to)}`, reason ? make("small", {}, make("bdi", {}, reason)) : null);
  }
  fact("recipients", more.recipients ? make("bdi", {}, more.recipients) : null);
  fact("labels", ...agreement.labels.map(({ title }) => make("bdi", { class: "label-text" }, title)));
  fact("helpdesk", agreement.helpdesk);
  fact("zone", more.zone);
  const parts = [
    make("header", {},
      make("p", { class: `state s${agreement.state}` }, make("i", { class: `dot s${agreement.state}` }), words.states[agreement.state],
        make("small", {}, ` ${words.because[agreement.because]}${agreement.since === null ? "" : `, ${say("since_day", { day: date(agreement.since) })}`}`)),
      make("h2", { tabindex: "-1" }, make("bdi", {}, agreement.title || agreement.id)),
      make("p", { class: "id" }, make("code", {}, agreement.id)),
      make("button", { type: "button", class: "close", "aria-label": words.close, title: `${words.close} (Esc)`, onclick: closeSheet }, "×")),
    facts, make("h3", {}, words.services), promises(agreement)];
  const step = nextStep(agreement);
  if (step) parts.splice(1, 0, make("p", { class: "step" }, words[step[0]], make("code", {}, step[1])));
  const { sent } = more;
  const coming = comingOf(agreement);
  if (coming.length > 0) parts.push(make("h3", {}, words.notices_coming), noticesOf(coming));
  if (sent) parts.push(make("h3", {}, words.notices_sent), noticesOf(sent));
  else parts.push(make("h3", {}, words.notices_sent), make("p", { class: "quiet" }, data.ledger ? words.nothing_sent : words.without_ledger),
    !data.ledger && data.served ? make("p", { class: "quiet" }, words.with_ledger, " ", make("code", {}, "servanda report")) : null);
  const chain = chainOf(agreement);
  if (chain.length > 1) {
    parts.push(make("h3", {}, words.chain), make("ol", { class: "chain" }, ...chain.map((link) =>
      make("li", {}, make("button", { type: "button", "aria-current": link === agreement ? "true" : null, onclick: () => openSheet(link) },
        make("i", { class: `dot s${link.state}` }), make("bdi", {}, link.id), make("small", {}, summaryDays(link)))))));
  }
  const file = fileOf(agreement);
  if (file) {
    const place = more.line ? `${file}:${more.line}` : file;
    parts.push(make("h3", {}, words.file), make("p", { class: "file" }, make("code", {}, place)), agreement.origins.length ? originsOf(agreement) : null);
  }
  return parts.filter(Boolean);
}

const summaryDays = ({ first, final, last }) => [first, final ?? last].map((day) => (day === null ? "…" : date(day, "short"))).join(" – ");

function chainOf(agreement) {
  let first = agreement;
  while (first.predecessor) first = first.predecessor;
  const chain = [];
  for (let link = first; link; link = link.successor) chain.push(link);
  return chain;
}

/** The services with their calendars and targets; equal ones share a block. */
function promises(agreement) {
  const blocks = new Map();
  for (const promise of agreement.services) {
    const key = JSON.stringify([promise.calendar?.index, promise.targets]);
    blocks.set(key, [...(blocks.get(key) ?? []), promise]);
  }
  const box = make("div", { class: "promises" });
  for (const block of blocks.values()) {
    const { calendar, targets } = block[0];
    box.append(make("p", {}, make("b", {}, block.map(({ service }) => service.title).sort(collator.compare).join(", ")), calendar ? make("small", {}, ` ${calendar.title}`) : null));
    if (targets.length === 0) continue;
    const line = ([priority, response, resolution]) => make("tr", {}, make("th", { scope: "row" }, priority), make("td", {}, duration(response)), make("td", {}, duration(resolution)));
    const length = (time) => (time === null ? Infinity : time < 0 ? -time * 86_400 : time);
    targets.sort((one, other) => length(one[1]) - length(other[1]) || length(one[2]) - length(other[2]));
    box.append(make("table", {}, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, words.priority), make("th", { scope: "col" }, words.response), make("th", { scope: "col" }, words.resolution))), make("tbody", {}, ...targets.map(line))));
  }
  return box;
}
