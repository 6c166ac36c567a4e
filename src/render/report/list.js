// A virtual list: only the visible rows are in the document, except while printing.
class List {
  /** `draw` creates the element of a row; `height` returns its height in pixels. */
  constructor(scroll, body, { draw, height }) {
    Object.assign(this, { scroll, body, draw, height, rows: [], drawn: new Map(), active: -1, whole: false });
    this.tops = new Float64Array(1);
    scroll.addEventListener("scroll", () => this.paint(), { passive: true });
    new ResizeObserver(() => this.paint()).observe(scroll);
  }

  /** Replaces the rows. */
  show(rows) {
    this.rows = rows;
    this.tops = new Float64Array(rows.length + 1);
    rows.forEach((row, index) => { this.tops[index + 1] = this.tops[index] + this.height(row); });
    this.body.style.height = `${this.tops[rows.length]}px`;
    this.scroll.setAttribute("aria-rowcount", rows.length);
    if (this.active >= rows.length) this.active = -1;
    this.redraw();
  }

  /** Renders all visible rows again. */
  redraw() {
    this.body.replaceChildren();
    this.drawn.clear();
    this.paint();
  }

  /** The index of the row at a vertical position. */
  at(top) {
    let [low, high] = [0, this.rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.tops[middle + 1] <= top) low = middle + 1; else high = middle;
    }
    return low;
  }

  /** Adds rows that became visible and removes those that no longer are. */
  paint() {
    const { drawn } = this;
    // Everything is read before anything is written, so that a frame has one layout.
    const { scrollTop, clientHeight } = this.scroll;
    const top = scrollTop - this.body.offsetTop;
    const margin = 200;
    const from = this.whole ? 0 : this.at(Math.max(0, top - margin));
    const to = this.whole ? this.rows.length : Math.min(this.rows.length, this.at(top + clientHeight + margin) + 1);
    for (const [index, element] of drawn) {
      if (index < from || index >= to) {
        element.remove();
        drawn.delete(index);
      }
    }
    const fresh = document.createDocumentFragment();
    for (let index = from; index < to; index += 1) {
      if (drawn.has(index)) continue;
      const element = this.draw(this.rows[index], index);
      element.classList.add("row");
      element.id = `row-${index}`;
      element.setAttribute("aria-rowindex", index + 1);
      element.style.top = `${this.tops[index]}px`;
      element.style.height = `${this.tops[index + 1] - this.tops[index]}px`;
      element.classList.toggle("on", index === this.active);
      drawn.set(index, element);
      fresh.append(element);
    }
    this.body.append(fresh);
    this.onpaint?.(this.at(scrollTop), scrollTop);
  }

  /** Makes a row the active one, and scrolls it into view. */
  activate(index) {
    this.drawn.get(this.active)?.classList.remove("on");
    this.active = index;
    if (index < 0) return this.scroll.removeAttribute("aria-activedescendant");
    const head = this.body.offsetTop;
    const [top, bottom] = [this.tops[index], this.tops[index + 1]];
    if (top < this.scroll.scrollTop) this.scroll.scrollTop = index <= 1 ? 0 : top - this.height(this.rows[index]);
    else if (bottom + head > this.scroll.scrollTop + this.scroll.clientHeight) this.scroll.scrollTop = bottom + head - this.scroll.clientHeight;
    this.paint();
    this.drawn.get(index)?.classList.add("on");
    this.scroll.setAttribute("aria-activedescendant", `row-${index}`);
  }

  /** Moves by a number of rows, skipping headings. */
  step(by) {
    if (this.rows.length === 0) return;
    const direction = Math.sign(by);
    let index = this.active < 0 ? (by > 0 ? 0 : this.rows.length - 1) : this.active + by;
    index = Math.min(Math.max(index, 0), this.rows.length - 1);
    while (this.rows[index]?.heading) index += direction;
    if (index < 0 || index >= this.rows.length) index = this.rows.findIndex((row) => !row.heading);
    this.activate(index);
  }
}
