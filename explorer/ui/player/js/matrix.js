// The local Jacobian as a picture: g at its left, the matrix, and gᵀJ under it.

class Matrix {
  /**
   * `on` is told what the person does: `light({ row, column } or null)` while they point, and
   * `choose(column)` for the element of what is sent that they want explained.
   */
  constructor(on) {
    this.on = on;
    this.element = html("div", {
      class: "matrix", tabindex: "0", role: "group", "aria-roledescription": WORDS["matrix.role"],
      onkeydown: (event) => this.onKey(event),
    });
  }

  /** Draw J (rows × columns) with g and `sent`, at most `width` × `height` px large. */
  load({ g, J, sent, scale, largest, parts, shape, chosen, width, height }) {
    const rows = g.length, columns = sent.length;
    Object.assign(this, { g, J, sent, rows, columns, parts, shape, chosen });
    const beside = 24 + 8 * WORDS["matrix.sent"].length; // px for the words on the right
    const grid = (this.grid = heatGrid(rows, columns, width - 64 - beside, height - 48));
    const side = Math.max(14, Math.min(34, grid.w)), foot = Math.max(14, Math.min(26, grid.h));
    this.left = 16 + side + 12;
    this.top = 4;
    const whole = { x: this.left, y: this.top, w: grid.across * grid.w, h: grid.down * grid.h };
    this.bottom = this.top + whole.h + 10;
    this.gGrid = { ...grid, columns: 1, wide: 1, across: 1, w: side };
    this.sentGrid = { ...grid, rows: 1, high: 1, down: 1, h: foot };
    this.boxes = { g: { x: 16, y: this.top, w: side, h: whole.h }, J: whole, sent: { x: this.left, y: this.bottom, w: whole.w, h: foot } };
    const total = { w: this.left + whole.w + beside, h: this.bottom + foot + 4 };
    this.marks = svg("g", { class: "marks" });
    const picture = svg("svg", {
      class: "matrix-picture", width: total.w, height: total.h, viewBox: `0 0 ${total.w} ${total.h}`, "aria-hidden": "true",
      onpointermove: (event) => this.on.light(this.at(event)),
      onpointerleave: () => this.on.light(null),
      onclick: (event) => this.pick(event),
    }, hatching(),
      heatmap(g, this.gGrid, 16, this.top, scale),
      heatmap(J, grid, this.left, this.top, largest),
      heatmap(sent, this.sentGrid, this.left, this.bottom, scale));
    const x = whole.x + whole.w;
    picture.append(
      svg("path", { class: "matrix-rule", d: `M${this.left - 6} ${this.top}v${whole.h}M${this.left} ${this.bottom - 5}h${whole.w}` }),
      svg("text", { class: "matrix-word", x: 11, y: this.top + whole.h / 2 + 4, "text-anchor": "end" }, "g"),
      svg("text", { class: "matrix-word", x: x + 8, y: this.top + whole.h / 2 + 4 }, "J"),
      svg("text", { class: "matrix-word", x: x + 8, y: this.bottom + foot / 2 + 4 }, WORDS["matrix.sent"]),
      this.marks);
    this.element.replaceChildren(picture);
    this.row = null;
    this.name();
    this.mark(null);
  }

  /** What does not fit one cell each, in words; null where everything does. */
  get shrunk() {
    const { high, wide } = this.grid;
    return high * wide === 1 ? null : { rows: high, columns: wide };
  }

  // --------------------------------------------------------------------------------- pointing

  /** Row and column under the pointer, as elements of g and of what is sent. */
  at(event) {
    const corner = this.element.firstChild.getBoundingClientRect();
    const x = event.clientX - corner.left, y = event.clientY - corner.top;
    const { down, across, w, h } = this.grid;
    const row = this.top <= y && y < this.top + down * h ? Math.floor((y - this.top) / h) : null;
    const column = this.left <= x && x < this.left + across * w ? Math.floor((x - this.left) / w) : null;
    const inG = column === null && x >= this.boxes.g.x && x < this.boxes.g.x + this.boxes.g.w;
    const inSent = row === null && y >= this.bottom && y < this.bottom + this.boxes.sent.h;
    if (!((row !== null && (column !== null || inG)) || (column !== null && inSent))) return null;
    return {
      row: row === null ? null : heatElement(this.g, this.gGrid, row, 0),
      column: column === null ? null : heatElement(this.sent, this.sentGrid, 0, column),
    };
  }

  pick(event) {
    const found = this.at(event);
    if (found?.column !== null && found?.column !== undefined) this.on.choose(found.column);
    this.element.focus({ preventScroll: true });
  }

  /** Mark the chosen column, and what is pointed at beside it. */
  mark(pointed) {
    const { grid } = this, marks = [];
    const box = ({ x, y, w, h }, kind) => marks.push(svg("rect", { class: `mark ${kind}`, x: x - 1, y: y - 1, width: w + 2, height: h + 2, rx: 2 }));
    const column = (place, kind) => {
      const x = this.left + Math.floor(place / grid.wide) * grid.w;
      box({ x, y: this.top, w: grid.w, h: this.boxes.J.h }, kind);
      box({ x, y: this.bottom, w: grid.w, h: this.boxes.sent.h }, kind);
    };
    column(this.chosen, "chosen");
    if (pointed?.column !== null && pointed?.column !== undefined && pointed.column !== this.chosen) column(pointed.column, "lit");
    if (pointed?.row !== null && pointed?.row !== undefined) {
      const y = this.top + Math.floor(pointed.row / grid.high) * grid.h;
      box({ x: this.left, y, w: this.boxes.J.w, h: grid.h }, "lit");
      box({ x: this.boxes.g.x, y, w: this.boxes.g.w, h: grid.h }, "lit");
    }
    this.marks.replaceChildren(...marks);
  }

  // ------------------------------------------------------------------------------------- keys

  onKey(event) {
    const turns = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!turns || event.ctrlKey || event.metaKey || event.altKey) return;
    // Here the arrows move through the matrix, not through the steps.
    event.preventDefault();
    event.stopPropagation();
    const [along, down] = turns;
    if (along) {
      this.on.choose(within(this.chosen + along, 0, this.columns - 1));
      return;
    }
    this.row = this.row === null ? 0 : within(this.row + down, 0, this.rows - 1);
    this.name();
    this.on.light({ row: this.row, column: null });
  }

  /** Say for a screen reader what the matrix is, and what is chosen in it. */
  name() {
    const values = { rows: this.rows, columns: this.columns, element: place(this.chosen, this.shape) || "1" };
    let words = text("matrix.label", values);
    if (this.row !== null) {
      const weight = this.J[this.row * this.columns + this.chosen];
      words += ` ${text("matrix.weight", { row: rowLabel(this.row, this.parts), weight: asCell(weight) })}`;
    }
    this.element.setAttribute("aria-label", words);
  }
}
