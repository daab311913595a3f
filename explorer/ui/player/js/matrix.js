// The local Jacobian as a picture: g at its left, the matrix, and gᵀJ under it.

const CELL_MOST = 34, CELL_LEAST = 3; // px

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
    const room = { w: width - 168, h: height - 48 };
    this.high = Math.ceil(rows / Math.max(1, Math.floor(room.h / CELL_LEAST)));
    this.wide = Math.ceil(columns / Math.max(1, Math.floor(room.w / CELL_LEAST)));
    const down = Math.ceil(rows / this.high), across = Math.ceil(columns / this.wide);
    const size = Math.min(CELL_MOST, room.w / across, room.h / down);
    // Cells are square where that leaves them readable; a long matrix is stretched.
    this.w = size >= 8 ? size : Math.min(room.w / across, Math.max(size, 8));
    this.h = size >= 8 ? size : Math.min(room.h / down, Math.max(size, 8));
    this.down = down;
    this.across = across;
    const side = Math.max(14, Math.min(34, this.w)), foot = Math.max(14, Math.min(26, this.h));
    this.left = 16 + side + 12;
    this.top = 4;
    this.bottom = this.top + down * this.h + 10;
    const total = { w: this.left + across * this.w + 104, h: this.bottom + foot + 4 };
    this.marks = svg("g", { class: "marks" });
    const picture = svg("svg", {
      class: "matrix-picture", width: total.w, height: total.h, viewBox: `0 0 ${total.w} ${total.h}`, "aria-hidden": "true",
      onpointermove: (event) => this.on.light(this.at(event)),
      onpointerleave: () => this.on.light(null),
      onclick: (event) => this.pick(event),
    }, hatching());
    const whole = { x: this.left, y: this.top, w: across * this.w, h: down * this.h };
    this.boxes = {
      g: { x: 16, y: this.top, w: side, h: whole.h },
      J: whole,
      sent: { x: this.left, y: this.bottom, w: whole.w, h: foot },
    };
    this.drawGrid(picture, this.boxes.g, down, 1, (row) => this.block(g, row, 0, this.high, 1, rows, 1), scale);
    this.drawGrid(picture, this.boxes.J, down, across, (row, column) => this.block(J, row, column, this.high, this.wide, rows, columns), largest);
    this.drawGrid(picture, this.boxes.sent, 1, across, (_, column) => this.block(sent, 0, column, 1, this.wide, 1, columns), scale);
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
    return this.high * this.wide === 1 ? null : { rows: this.high, columns: this.wide };
  }

  /** The number that a cell shows: of a block, the one of largest absolute value. */
  block(values, row, column, high, wide, rows, columns) {
    if (high * wide === 1) return values[row * columns + column];
    let found = 0;
    for (let i = row * high; i < Math.min(rows, (row + 1) * high); i++) {
      for (let j = column * wide; j < Math.min(columns, (column + 1) * wide); j++) {
        const value = values[i * columns + j];
        if (Number.isNaN(value)) return value;
        if (Math.abs(value) > Math.abs(found)) found = value;
      }
    }
    return found;
  }

  drawGrid(picture, box, rows, columns, valueAt, scale) {
    const cells = [];
    for (let row = 0; row < rows; row++) for (let column = 0; column < columns; column++) cells.push(asCell(valueAt(row, column)));
    picture.append(drawTile({ shape: [rows, columns], rows, columns, cells, uniform: false, block: [1, 1] }, box, scale));
  }

  // --------------------------------------------------------------------------------- pointing

  /** Row and column under the pointer, as elements of g and of what is sent. */
  at(event) {
    const corner = this.element.firstChild.getBoundingClientRect();
    const x = event.clientX - corner.left, y = event.clientY - corner.top;
    const row = this.top <= y && y < this.top + this.down * this.h ? Math.floor((y - this.top) / this.h) : null;
    const column = this.left <= x && x < this.left + this.across * this.w ? Math.floor((x - this.left) / this.w) : null;
    const inG = column === null && x >= this.boxes.g.x && x < this.boxes.g.x + this.boxes.g.w;
    const inSent = row === null && y >= this.bottom && y < this.bottom + this.boxes.sent.h;
    if (!((row !== null && (column !== null || inG)) || (column !== null && inSent))) return null;
    return {
      row: row === null ? null : this.strongest(this.g, row, this.high, this.rows),
      column: column === null ? null : this.strongest(this.sent, column, this.wide, this.columns),
    };
  }

  /** The element that stands for a block of them. */
  strongest(values, cell, block, count) {
    let best = cell * block;
    for (let i = best; i < Math.min(count, (cell + 1) * block); i++) if (Math.abs(values[i]) > Math.abs(values[best])) best = i;
    return best;
  }

  pick(event) {
    const found = this.at(event);
    if (found?.column !== null && found?.column !== undefined) this.on.choose(found.column);
    this.element.focus({ preventScroll: true });
  }

  /** Mark the chosen column, and what is pointed at beside it. */
  mark(pointed) {
    const marks = [];
    const box = ({ x, y, w, h }, kind) => marks.push(svg("rect", { class: `mark ${kind}`, x: x - 1, y: y - 1, width: w + 2, height: h + 2, rx: 2 }));
    const column = (place, kind) => {
      const x = this.left + Math.floor(place / this.wide) * this.w;
      box({ x, y: this.top, w: this.w, h: this.down * this.h }, kind);
      box({ x, y: this.bottom, w: this.w, h: this.boxes.sent.h }, kind);
    };
    column(this.chosen, "chosen");
    if (pointed?.column !== null && pointed?.column !== undefined && pointed.column !== this.chosen) column(pointed.column, "lit");
    if (pointed?.row !== null && pointed?.row !== undefined) {
      const y = this.top + Math.floor(pointed.row / this.high) * this.h;
      box({ x: this.left, y, w: this.across * this.w, h: this.h }, "lit");
      box({ x: this.boxes.g.x, y, w: this.boxes.g.w, h: this.h }, "lit");
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
