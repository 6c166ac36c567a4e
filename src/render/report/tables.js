// The agreements that end within 90 days, soonest first, and the services that each client is covered for.
class Ending {
  rows(hits) {
    const ending = [...hits].filter((entry) => entry.left !== null && entry.left <= 90);
    ending.sort((one, other) => one.ends - other.ends || collator.compare(one.client.title, other.client.title));
    const rows = [];
    for (const [from, to] of [[0, 30], [31, 60], [61, 90]]) {
      const group = ending.filter((entry) => entry.left >= from && entry.left <= to);
      if (group.length === 0) continue;
      const open = group.filter((entry) => entry.follows === NOTHING).length;
      rows.push({ heading: true, to, number: group.length, open });
      for (const entry of group) rows.push({ entry });
    }
    return rows;
  }

  height(row) {
    return row.heading ? 40 : narrow.matches ? 78 : 46;
  }

  agreementsOf(row) {
    return [row.entry];
  }

  chosen(row) {
    return row.entry;
  }

  sideways() {}

  head() {
    const column = (name) => make("span", { role: "columnheader" }, words[name]);
    return { head: make("div", { class: "head ending", role: "row" }, column("last_day"), column("days_left"), column("agreement"), column("manager"), column("continuation")) };
  }

  draw(row, index) {
    if (row.heading) {
      return make("div", { class: "client", role: "row" }, make("span", { role: "rowheader" }, say("within_days", { n: row.to }),
        make("small", {}, row.open ? say("without_successor", { all: digits.format(row.number), open: digits.format(row.open) }) : digits.format(row.number))));
    }
    const { entry } = row;
    const open = () => { list.activate(index); openSheet(entry); };
    return make("div", { class: `ending${entry.follows === NOTHING ? " open" : ""}`, role: "row", onclick: open },
      make("time", { role: "gridcell", datetime: iso(entry.ends) }, date(entry.ends, "short")),
      make("span", { role: "gridcell", class: "left" }, count(entry.left, "days")),
      make("span", { role: "gridcell", class: "who" }, make("bdi", {}, entry.client.title), make("small", {}, make("bdi", {}, entry.title ? `${entry.title} · ${entry.id}` : entry.id))),
      make("span", { role: "gridcell", class: "manager" }, make("bdi", {}, entry.manager?.title ?? "–")),
      make("span", { role: "gridcell", class: "next" }, following(entry)));
  }
}

class Coverage {
  constructor() {
    this.column = 0;
  }

  rows(hits) {
    const asked = new Set([...hits].map((entry) => entry.client));
    this.services = services.filter((service) => filter.service === null || filter.service === service.index);
    const has = (cells) => [...cells].some(([service, cell]) => hits.has(cell.agreement) && (filter.service === null || filter.service === service));
    return clients.filter((client) => asked.has(client) && covered.has(client.index) && has(covered.get(client.index)))
      .map((client) => ({ client, cells: covered.get(client.index), hits }));
  }

  height() {
    return 40;
  }

  agreementsOf(row) {
    return [...row.cells.values()].map((cell) => cell.agreement);
  }

  chosen(row) {
    return row.cells.get(this.services[this.column]?.index)?.agreement ?? null;
  }

  sideways(_, by) {
    this.column = Math.min(Math.max(this.column + by, 0), this.services.length - 1);
    const size = narrow.matches ? 124 : 132;
    const visible = scroller.clientWidth - (narrow.matches ? 140 : 280);
    const left = this.column * size;
    if (left < scroller.scrollLeft) scroller.scrollLeft = left;
    if (left + size > scroller.scrollLeft + visible) scroller.scrollLeft = left + size - visible;
  }

  head() {
    const head = make("div", { class: "head coverage", role: "row" }, make("span", { class: "client-name", role: "columnheader" }, words.client));
    for (const service of this.services) head.append(make("span", { role: "columnheader", title: service.title }, make("bdi", {}, service.title)));
    scroller.style.setProperty("--columns", this.services.length);
    return { head };
  }

  draw(row, index) {
    const line = make("div", { class: "coverage", role: "row" }, make("span", { class: "client-name", role: "rowheader", title: row.client.title }, make("bdi", {}, row.client.title)));
    this.services.forEach((service, column) => {
      const cell = row.cells.get(service.index);
      const chosen = index === list.active && column === this.column;
      if (!cell) {
        line.append(make("span", { role: "gridcell", class: `none${chosen ? " chosen" : ""}`, "aria-label": say("not_covered", { service: service.title }) }));
        return;
      }
      const { agreement, until } = cell;
      const left = until === null ? Infinity : until - data.today;
      const text = agreement.state === 0 ? (agreement.first === null ? words.states[0] : say("from_day", { day: date(agreement.first, "short") }))
        : agreement.state === 2 ? words.suspended : until === null ? words.open_ended : say("until_day", { day: date(until, "short") });
      const open = () => { this.column = column; list.activate(index); list.redraw(); openSheet(agreement); };
      line.append(make("span", {
        role: "gridcell", onclick: open, title: `${service.title}: ${summary(agreement)}`,
        class: `cell s${agreement.state}${left <= 90 && agreement.state === 1 ? " near" : ""}${row.hits.has(agreement) ? "" : " dim"}${chosen ? " chosen" : ""}`,
      }, make("i", { class: `dot s${agreement.state}` }), text));
    });
    return line;
  }
}
