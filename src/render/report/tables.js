// The agreements that end within 90 days, and the services that each client is covered for.

/** The head of a column, with a button that sorts by it. */
function sortable(table, key, text, attributes = {}) {
  const { order } = table;
  const isChosen = order.key === key;
  const sort = () => {
    table.sortBy(key, isChosen && !order.isDown);
    update();
    scroller.querySelector(`[data-sort="${CSS.escape(key)}"]`)?.focus();
  };
  return make("span", { role: "columnheader", "aria-sort": isChosen ? (order.isDown ? "descending" : "ascending") : null, ...attributes },
    make("button", { type: "button", class: "sort", "data-sort": key, onclick: sort }, make("bdi", {}, text)));
}

const byTitle = (one, other) => collator.compare(one.client.title, other.client.title) || collator.compare(one.id, other.id);

class Ending {
  constructor() {
    this.usual = "ends";
    this.order = { key: "ends", isDown: false };
    this.orders = {
      ends: (one, other) => one.ends - other.ends || byTitle(one, other),
      left: (one, other) => one.left - other.left || byTitle(one, other),
      who: byTitle,
      manager: (one, other) => collator.compare(one.manager?.title ?? "", other.manager?.title ?? "") || byTitle(one, other),
      next: (one, other) => other.isOpen - one.isOpen || collator.compare(following(one), following(other)) || one.ends - other.ends,
    };
  }

  sortBy(key, isDown) {
    this.order = Object.hasOwn(this.orders, key) ? { key, isDown } : { key: this.usual, isDown: false };
  }

  rows(hits) {
    const { key, isDown } = this.order;
    const ending = [...hits].filter((entry) => entry.left !== null && entry.left <= 90).sort(this.orders[key]);
    if (isDown) ending.reverse();
    if (key !== this.usual || isDown) return ending.map((entry) => ({ entry }));
    const rows = [];
    for (const [from, to] of [[0, 30], [31, 60], [61, 90]]) {
      const group = ending.filter((entry) => entry.left >= from && entry.left <= to);
      if (group.length === 0) continue;
      const open = group.filter((entry) => entry.isOpen).length;
      rows.push({ heading: true, to, number: group.length, open });
      for (const entry of group) rows.push({ entry });
    }
    return rows;
  }

  height(row) {
    return row.heading ? 40 : narrow.matches ? 82 : 46;
  }

  chosen(row) {
    return row.entry;
  }

  sideways() {}

  head() {
    const columns = [["ends", words.last_day], ["left", words.days_left], ["who", words.agreement], ["manager", words.manager], ["next", words.continuation]];
    return { head: make("div", { class: "head ending", role: "row" }, ...columns.map(([key, text]) => sortable(this, key, text))) };
  }

  draw(row, index) {
    if (row.heading) {
      return make("div", { class: "client", role: "row" }, make("span", { role: "rowheader" }, say("within_days", { n: row.to }),
        make("small", {}, row.open ? say("without_successor", { all: digits.format(row.number), open: digits.format(row.open) }) : digits.format(row.number))));
    }
    const { entry } = row;
    const open = () => { list.activate(index); openSheet(entry); };
    const title = [entry.title, entry.id, entry.helpdesk].filter(Boolean).join(" · ");
    return make("div", { class: `ending${entry.isOpen ? " open" : ""}`, role: "row", onclick: open },
      make("span", { role: "gridcell", class: "day" }, make("time", { datetime: iso(entry.ends) }, date(entry.ends, "short"))),
      make("span", { role: "gridcell", class: "left" }, count(entry.left, "days")),
      make("span", { role: "gridcell", class: "who", title: `${entry.client.title}: ${title}` }, make("bdi", {}, entry.client.title), make("small", {}, make("bdi", {}, title))),
      make("span", { role: "gridcell", class: "manager" }, make("bdi", {}, entry.manager?.title ?? "–")),
      make("span", { role: "gridcell", class: "next", title: following(entry) }, entry.more.ended ? make("i", { class: "dot s4" }) : null, make("bdi", {}, following(entry))));
  }
}

class Coverage {
  constructor() {
    this.column = 0;
    this.usual = "client";
    this.order = { key: "client", isDown: false };
  }

  sortBy(key, isDown) {
    const isKnown = key === "client" || services.some(({ slug }) => slug === key);
    this.order = isKnown ? { key, isDown } : { key: this.usual, isDown: false };
  }

  rows(hits) {
    const asked = new Set([...hits].map((entry) => entry.client));
    this.services = services.filter((service) => filter.service === null || filter.service === service.index);
    const has = (cells) => [...cells].some(([service, cell]) => hits.has(cell.agreement) && (filter.service === null || filter.service === service));
    const rows = clients.filter((client) => asked.has(client) && covered.has(client.index) && has(covered.get(client.index)))
      .map((client) => ({ client, cells: covered.get(client.index), hits }));
    const { key, isDown } = this.order;
    const direction = isDown ? -1 : 1;
    if (key === "client") return isDown ? rows.reverse() : rows;
    const service = byName(services, key);
    const until = ({ cells }) => (cells.has(service) ? cells.get(service).until ?? Infinity : null);
    // Clients without the service come last in both directions.
    return rows.sort((one, other) => {
      const [a, b] = [until(one), until(other)];
      if (a === null || b === null) return (a === null) - (b === null);
      return a === b ? 0 : (a < b ? -1 : 1) * direction;
    });
  }

  height() {
    return 40;
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
    const head = make("div", { class: "head coverage", role: "row" }, sortable(this, "client", words.client, { class: "client-name" }));
    for (const service of this.services) head.append(sortable(this, service.slug, service.title, { title: service.title }));
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
        : agreement.state === 2 ? words.suspended : until === null ? withoutEnd(agreement) : say("until_day", { day: date(until, "short") });
      const open = () => { this.column = column; list.activate(index); list.redraw(); openSheet(agreement); };
      const isNear = left <= 90 && agreement.state === 1 && !agreement.more.ended;
      line.append(make("span", {
        role: "gridcell", onclick: open, title: `${service.title}: ${summary(agreement)}`,
        class: `cell s${agreement.state}${isNear ? " near" : ""}${row.hits.has(agreement) ? "" : " dim"}${chosen ? " chosen" : ""}`,
      }, make("i", { class: `dot s${agreement.state}` }), make("span", {}, text)));
    });
    return line;
  }
}
