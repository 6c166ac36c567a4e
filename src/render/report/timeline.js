// The timeline: a lane for each chain of agreements, grouped by client.
const SPANS = [183, 365, 730, 1826, 3652];
// The width of a sheet of A4 in landscape without its margins, in CSS pixels.
const PAPER = 1032, PAPER_LABEL = 300;

class Timeline {
  constructor() {
    this.span = 2;
    this.segment = -1;
    this.recenter();
  }

  /** Puts today at 30 % from the left, because the future matters more than the past. */
  recenter() {
    const days = SPANS[this.span];
    this.from = data.today - Math.round(days * 0.3);
    this.to = this.from + days;
  }

  pan(share) {
    const by = Math.round((this.to - this.from) * share);
    this.from += by;
    this.to += by;
  }

  zoom(by) {
    const span = Math.min(Math.max(this.span + by, 0), SPANS.length - 1);
    const place = (data.today - this.from) / (this.to - this.from);
    const anchor = place >= 0 && place <= 1 ? data.today : (this.from + this.to) / 2;
    const share = (anchor - this.from) / (this.to - this.from);
    this.span = span;
    this.from = Math.round(anchor - SPANS[span] * share);
    this.to = this.from + SPANS[span];
  }

  x(day) {
    return ((day - this.from) / (this.to - this.from)) * 100;
  }

  rows(hits) {
    const rows = [];
    for (const client of clients) {
      const lanes = lanesOf.get(client).filter((lane) => lane.entries.some((entry) => hits.has(entry)));
      if (lanes.length === 0) continue;
      rows.push({ heading: true, client, number: lanes.reduce((sum, lane) => sum + lane.entries.filter((entry) => hits.has(entry)).length, 0) });
      for (const lane of lanes) rows.push({ lane, hits });
    }
    return rows;
  }

  height(row) {
    return row.heading ? 34 : narrow.matches ? 58 : 32;
  }

  chosen(row) {
    return row.lane.entries[this.segment] ?? current(row.lane);
  }

  /** Moves to another agreement of a lane. */
  sideways(row, by) {
    const { entries } = row.lane;
    const from = this.segment >= 0 && this.segment < entries.length ? this.segment : entries.indexOf(current(row.lane));
    this.segment = Math.min(Math.max(from + by, 0), entries.length - 1);
    const entry = entries[this.segment];
    const [first, last] = [start(entry), entry.phases.at(-1)?.until ?? entry.last];
    if (last !== null && last < this.from) this.pan((last - this.from) / (this.to - this.from) - 0.2);
    if (first !== Infinity && first > this.to) this.pan((first - this.to) / (this.to - this.from) + 0.2);
  }

  draw(row, index) {
    if (row.heading) {
      return make("div", { class: "client", role: "row" },
        make("span", { role: "rowheader", title: row.client.title }, make("bdi", {}, row.client.title), make("small", {}, digits.format(row.number))));
    }
    const { entries } = row.lane;
    const main = current(row.lane);
    const track = make("div", { class: "track", role: "gridcell" });
    entries.forEach((entry, place) => {
      this.segmentsOf(track, entry, row.hits.has(entry), index === list.active && place === this.segment);
      const next = entries[place + 1];
      if (next && entry.gap > 0) this.gapOf(track, entry);
    });
    const now = make("i", { class: "now" });
    now.style.left = `${this.x(data.today)}%`;
    track.append(now);
    return make("div", { class: "lane", role: "row", onclick: (event) => this.open(event, row, index) },
      make("div", { class: "label", role: "rowheader" },
        make("i", { class: `dot s${main.state}`, title: words.states[main.state] }),
        make("bdi", { class: "name", title: main.title || main.id }, main.title || main.id),
        endOf(main)),
      track);
  }

  open(event, row, index) {
    const segment = event.target.closest(".segment");
    list.activate(index);
    this.segment = segment ? Number(segment.dataset.place) : row.lane.entries.indexOf(current(row.lane));
    openSheet(row.lane.entries[this.segment]);
  }

  /** The phases of an agreement, with its suspensions, notices and ends. */
  segmentsOf(track, entry, isHit, isChosen) {
    const [first, last] = [start(entry), entry.phases.length ? entry.phases.at(-1).until : entry.last];
    if (first === Infinity) {
      // Its first day is not known yet.
      const idle = make("span", { class: "idle" }, words.because[entry.because]);
      idle.style.left = `${Math.min(Math.max(this.x(data.today), 0), 80)}%`;
      track.append(idle);
      return;
    }
    const end = last === null ? this.to + 40 : last + 1;
    if (end < this.from || first > this.to) return;
    const [left, right] = [Math.max(this.x(first), 0), Math.min(this.x(end), 102)];
    const within = (day) => ((this.x(day) - left) / (right - left)) * 100;
    const segment = make("div", {
      class: `segment s${entry.state}${isHit ? "" : " dim"}${isChosen ? " chosen" : ""}${last === null ? " endless" : ""}${first < this.from ? " begun" : ""}${entry.phases.length ? "" : " ghost"}`,
      role: "img", "aria-label": summary(entry), title: summary(entry), "data-place": entryPlace(entry),
    });
    segment.style.left = `${left}%`;
    segment.style.width = `max(3px, ${right - left}%)`;
    const span = (tag, name, from, to) => {
      const [a, b] = [Math.max(within(from), 0), Math.min(within(to), 100)];
      if (b <= a) return;
      const part = make(tag, { class: name });
      part.style.left = `${a}%`;
      part.style.width = `${b - a}%`;
      segment.append(part);
    };
    const mark = (name, day, title) => {
      const at = within(day);
      if (at < -1 || at > 101) return;
      const part = make("i", { class: name, title });
      part.style.left = `${at}%`;
      segment.append(part);
    };
    for (const phase of entry.phases) if (phase.isSuspended) span("i", "suspension", phase.from, (phase.until ?? this.to + 40) + 1);
    if (entry.follows === ROLL && entry.last !== null && !entry.isOver) span("i", "later", entry.last + 1, end);
    for (const roll of entry.more.rolls ?? []) mark("roll", roll, say("next_period_on", { day: date(roll) }));
    for (const day of entry.ahead) mark("ahead", day, say("reminder_on", { day: date(day) }));
    if (entry.deadline !== null) mark("deadline", entry.deadline, say("deadline_on", { day: date(entry.deadline) }));
    if (entry.state === 4 || entry.more.ended) mark("cut", end, lastDay(entry, end - 1));
    segment.append(make("span", { class: "text" }, entry.id));
    track.append(segment);
    if (entry.more.cut) {
      const agreed = make("i", { class: "agreed", title: say("was_agreed_until", { day: date(entry.more.cut) }) });
      agreed.style.left = `${this.x(end)}%`;
      agreed.style.width = `${this.x(entry.more.cut + 1) - this.x(end)}%`;
      track.append(agreed);
    }
  }

  gapOf(track, entry) {
    const [from, to] = [this.x(entry.final + 1), this.x(entry.final + 1 + entry.gap)];
    if (to < 0 || from > 100) return;
    const gap = make("div", { class: "gap", role: "img", "aria-label": say("gap", { days: count(entry.gap, "days") }), title: say("gap", { days: count(entry.gap, "days") }) });
    gap.style.left = `${from}%`;
    gap.style.width = `${to - from}%`;
    track.append(gap);
  }

  /** The axis: years, and below them months or quarters, as the width allows. */
  head() {
    // A sheet of A4 in landscape, in CSS pixels, or the window.
    const width = this.width = list.whole ? PAPER - PAPER_LABEL : Math.max(scroller.clientWidth - (narrow.matches ? 0 : 320), 200);
    const month = (width / (this.to - this.from)) * 30.4;
    const axis = make("div", { class: "axis", role: "columnheader" });
    const under = make("div", { class: "lines" });
    const begin = new Date(this.from * 86_400_000);
    const step = month >= 38 ? 1 : month >= 12 ? 3 : 12;
    let [year, index] = [begin.getUTCFullYear(), Math.floor(begin.getUTCMonth() / step) * step];
    const today = this.x(data.today);
    for (;;) {
      const [day, next] = [Date.UTC(year, index) / 86_400_000, Date.UTC(year, index + step) / 86_400_000];
      if (day > this.to) break;
      const at = this.x(day);
      const isNamed = (index > 0 && day >= this.from) || this.yearTick(axis, Math.max(at, 0), year, today);
      // Where the flag or the buttons leave no room above, the year takes the place of its first part.
      const part = isNamed ? (step === 1 ? date(day, "month") : say("quarter", { n: index / 3 + 1 })) : String(year);
      if (step < 12 && at > -1) this.tick(axis, isNamed ? "month" : "month turn", at, part, this.x(next));
      if (at >= 0) this.line(under, index === 0 ? "strong" : "", at);
      index += step;
      if (index >= 12) [year, index] = [year + 1, 0];
    }
    if (today >= 0 && today <= 100) {
      this.line(under, "today", today);
      const flag = make("b", { class: "flag" }, date(data.today, "brief"));
      flag.style.left = `${today}%`;
      axis.append(flag);
    }
    const past = make("i", { class: "past" });
    past.style.width = `${Math.min(Math.max(today, 0), 100)}%`;
    under.append(past);
    const button = (label, text, act) => make("button", { type: "button", title: label, "aria-label": text.length > 1 ? null : label, onclick: act }, text);
    const tools = make("div", { class: "tools", role: "group", "aria-label": words.window },
      button(words.earlier, "‹", () => move(() => this.pan(-0.25))),
      button(words.to_today, words.today, () => move(() => this.recenter())),
      button(words.later, "›", () => move(() => this.pan(0.25))),
      button(words.zoom_out, "−", () => move(() => this.zoom(1))),
      button(words.zoom_in, "+", () => move(() => this.zoom(-1))));
    return { head: make("div", { class: "head", role: "row" }, make("div", { class: "corner", role: "columnheader" }, make("bdi", { class: "at" }), tools), axis), under };
  }

  /** Writes a year above the axis, right of the flag of the day if that is in its way. Returns whether there is room. */
  yearTick(axis, at, year, today) {
    const [half, label] = [2_600 / this.width, 3_800 / this.width];
    const isHidden = at < today + half && at + label > today - half;
    const end = Math.min(this.x(Date.UTC(year + 1, 0) / 86_400_000), narrow.matches && !list.whole ? 100 - 19_000 / this.width : 100);
    const from = isHidden ? today + half : at;
    return from + label <= end && this.tick(axis, "year", from, String(year), end);
  }

  /** Writes a label. One that does not fit is left out, not cut; returns whether it fits. */
  tick(axis, name, at, text, until) {
    const letter = name === "month" ? 5.8 : 7.4;
    if (((Math.min(until, 100) - at) / 100) * this.width < 10 + letter * text.length) return false;
    const tick = make("span", { class: name }, text);
    tick.style.left = `${at}%`;
    tick.style.width = `${Math.max(Math.min(until, 100) - at, 0)}%`;
    axis.append(tick);
    return true;
  }

  line(lines, name, at) {
    const line = make("i", { class: `line ${name}` });
    line.style.left = `${at}%`;
    lines.append(line);
  }
}

function entryPlace(entry) {
  let place = 0;
  for (let before = entry.predecessor; before; before = before.predecessor) place += 1;
  return place;
}

/** The end of an agreement for a label: its last day, and the days left if they are few. */
function endOf(agreement) {
  if (agreement.isOver || agreement.ends === null) {
    return make("span", { class: "end" }, agreement.isOver ? words.states[agreement.state] : agreement.follows === NOT_BEGUN ? words.by_hand : words.open_ended);
  }
  const isNear = agreement.left !== null && agreement.left <= 90;
  return make("span", { class: `end${isNear && agreement.isOpen ? " near" : ""}${agreement.more.ended ? " cut" : ""}` },
    isNear ? make("b", {}, say("days_short", { n: digits.format(agreement.left) })) : null,
    make("time", { datetime: iso(agreement.ends) }, date(agreement.ends, "short")));
}

/** The last day of what ends by a termination, which may be the agreed one. */
const lastDay = ({ more, isOver }, day) => say(more.cut ? (isOver ? "ended_early" : "ends_early") : isOver ? "ended_on" : "ends_on", { day: date(day) });

const iso = (day) => new Date(day * 86_400_000).toISOString().slice(0, 10);

/** One agreement in one sentence, for screen readers and tooltips. */
function summary(agreement) {
  const { id, title, state, first, ends } = agreement;
  const days = [first, ends].map((day) => (day === null ? "…" : date(day, "short"))).join(" – ");
  return `${title || id}, ${id}: ${words.states[state]}, ${days}`;
}
