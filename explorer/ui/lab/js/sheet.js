// The matrix on nine canvases: v at its left, u on top, vᵀJ and .grad under it, J u at its right.

const CELL = { wide: 132, high: 74 }; // px, the most that a cell takes
const LARGE = { wide: 176, high: 104 }; // the same on a projector
const LINE = 30; // height of a vector that lies along the matrix
const SIDE = 62; // width of a vector that stands beside it
const THIN = 34; // the same on a phone, where the matrix takes the width
const NARROW = 560; // px of width below which a lab is drawn for a phone
const NAMES = 22, PLACES = 18; // heights of the names of tensors and of the places of columns
const WORDS_HIGH = 170; // room for the words under a matrix in a frame of its own
const QUIET = 4; // v and u take the paler half of the colours: the matrix is what is looked at
const PRINTED_MOST = 20_000; // cells up to which numbers are printed

class Sheet {
  /** `lab` is what is drawn; it is told what is pointed at and chosen, as { row, column }. */
  constructor(lab) {
    this.lab = lab;
    this.canvases = {};
    this.element = html("div", { class: "sheet", tabindex: "0", role: "group", onkeydown: (event) => lab.onKey(event) });
    for (const name of ["tl", "tm", "tr", "ml", "mm", "mr", "bl", "bm", "br"]) {
      const canvas = (this.canvases[name] = html("canvas", { "aria-hidden": "true" }));
      this.element.append(html("div", {
        class: `piece ${name}`,
        onpointermove: (event) => lab.point(this.at(name, event)),
        onpointerleave: () => lab.point(null),
        onclick: (event) => this.choose(name, event),
      }, canvas));
    }
    this.marks = {};
    for (const kind of ["row", "column", "cell", "at"]) this.marks[kind] = html("div", { class: `mark ${kind}`, hidden: "" });
    this.canvases.mm.parentElement.append(...Object.values(this.marks));
  }

  get tiled() {
    return this.lab.look.layout === "full";
  }

  // ----------------------------------------------------------------------------------- layout

  /** Choose sizes for a lab that is `width` px wide. */
  measure(width) {
    const { rows, columns } = this.lab.shown;
    this.width = width;
    this.narrow = width < NARROW;
    this.side = this.narrow ? THIN : SIDE;
    const letters = rows.cells.slice(0, 400).map((_, row) => this.rowLabel(row).length);
    const { alone, vectors } = this.lab;
    this.print = rows.cells.length <= 12 && !this.narrow ? 14 : 12; // px, of the names of rows and columns
    this.letter = (LETTER * this.print) / 12;
    const least = this.narrow ? (vectors ? 68 : 40) : alone ? 110 : 158; // px, for the words in the corners
    this.left = Math.max((vectors ? this.side : 0) + Math.min(this.narrow ? 76 : 200, Math.max(1, ...letters) * this.letter + 12), least);
    this.right = !vectors ? 6 : this.narrow ? THIN + 8 : alone ? SIDE + 14 : 2 * SIDE + 26;
    this.foot = !vectors ? 6 : alone ? LINE + 12 : 2 * LINE + 12;
    this.names = NAMES + (vectors ? LINE : 2);
    const room = width - this.left - this.right - (this.narrow ? 11 : 18);
    const most = width > 1500 && window.innerHeight > 950 ? LARGE : CELL;
    const gaps = SPACE * Math.max(0, columns.bands.length - 1), count = columns.cells.length;
    // A narrow matrix leaves room for the words beside it; a wide one has them below.
    let wide = Math.min(most.wide, (room - (width > 1100 ? 380 : 0) - gaps) / count);
    if (wide < 26) wide = Math.min(most.wide, (room - gaps) / count);
    // All of it, with what stands over and under it, in one view where that leaves rows readable.
    const above = this.element.getBoundingClientRect().top + (scrollerOf(this.element)?.scrollTop ?? 0);
    const below = alone ? this.foot + WORDS_HIGH : 2 * LINE + 34;
    const tall = this.lab.data.height ?? Math.max(190, Math.min(760, window.innerHeight - above - this.names - PLACES - below));
    let high = Math.min(most.high, (tall - SPACE * (rows.bands.length - 1)) / rows.cells.length);
    if (this.lab.look.numbers) {
      wide = Math.max(wide, this.lab.shown.longest() * 8.2 + 8);
      high = Math.max(high, 24);
    }
    if (rows.cells.length === 1) high = Math.max(high, LINE);
    columns.settle(Math.max(wide, 0.5));
    rows.settle(Math.max(high, 0.5));
    this.head = this.names + (columns.size * this.everyColumn() >= 20 ? PLACES : 4);
    this.element.style.maxHeight = `${Math.max(tall, 330) + this.head + 2 * LINE + 30}px`;
  }

  /** What stands before a row: on a phone its place, the tensor's name being over them all. */
  rowLabel(row) {
    const { rows } = this.lab.shown;
    return this.narrow && rows.bands.length === 1 ? rows.placeOf(row) : rows.label(row);
  }

  /** Every how many columns have room for the name of their place. */
  everyColumn() {
    const { columns } = this.lab.shown;
    const longest = Math.max(1, ...columns.bands.map((band) => place(band.first + band.count - 1, band.shape).length));
    return Math.max(1, Math.ceil((longest * LETTER + 6) / columns.size));
  }

  // ---------------------------------------------------------------------------------- drawing

  draw(width) {
    const { lab } = this;
    this.measure(width);
    this.element.classList.toggle("tiled", this.tiled);
    if (this.tiled) {
      this.tiles = new FullShape(lab.shown, width - 24);
      this.tiles.draw(this.pen("mm", width - 24, this.tiles.height), lab.paper, lab.look.colours);
    } else {
      this.drawMatrix();
      this.drawTop();
      this.drawLeft();
      this.drawRight();
      this.drawBottom();
      const [rows, columns] = lab.shown.sizes.map(String);
      this.element.setAttribute("aria-label", text("matrix", { rows, columns }));
    }
    this.mark();
  }

  pen(name, w, h) {
    return cleared(this.canvases[name], w, h, this.lab.paper);
  }

  drawMatrix() {
    const { shown, paper } = this.lab, { rows, columns } = shown;
    const w = columns.end, h = rows.end;
    const pen = this.pen("mm", w, h);
    const picture = this.pixels();
    pen.imageSmoothingEnabled = false;
    for (const across of columns.bands) {
      for (const down of rows.bands) {
        if (!down.cells || !across.cells) continue;
        const box = [across.x, down.x, across.cells * columns.size, down.cells * rows.size];
        if (shown.joined(down, across)) pen.drawImage(picture, across.start, down.start, across.cells, down.cells, ...box);
        else hatch(pen, paper, ...box);
      }
    }
    if (Math.min(columns.size, rows.size) >= 6) {
      pen.fillStyle = paper.paper;
      for (const { x } of columns.cells) pen.fillRect(x + columns.size - 0.5, 0, 1, h);
      for (const { x } of rows.cells) pen.fillRect(0, x + rows.size - 0.5, w, 1);
    }
    this.drawSamples(pen, w, h);
    this.printCells(pen);
    pen.strokeStyle = paper.dock;
    pen.lineWidth = 1;
    for (const across of columns.bands) {
      for (const down of rows.bands) pen.strokeRect(across.x + 0.5, down.x + 0.5, across.cells * columns.size - 1, down.cells * rows.size - 1);
    }
  }

  /** All cells as a picture of one pixel each. */
  pixels() {
    const { shown, paper, look } = this.lab;
    const rows = shown.rows.cells.length, columns = shown.columns.cells.length;
    const pixels = new ImageData(Math.max(1, columns), Math.max(1, rows));
    for (let j = 0; j < columns; j++) {
      for (let i = 0; i < rows; i++) pixels.data.set(paper.bytes[shown.step(i, j, look.colours)], 4 * (i * columns + j));
    }
    const picture = html("canvas", { width: pixels.width, height: pixels.height });
    picture.getContext("2d").putImageData(pixels, 0, 0);
    return picture;
  }

  /** Lines between samples, where the first dimension of outputs and inputs is a batch. */
  drawSamples(pen, w, h) {
    const { rows, columns, samples: { rows: down, columns: across } } = this.lab.shown;
    pen.fillStyle = this.lab.paper.ink;
    const lines = (axis, each, paint) => {
      for (const band of axis.bands) {
        const size = each(band);
        if (!size || band.block > 1 || size * axis.size < 5 || size >= band.count) continue;
        for (let at = size; at < band.count; at += size) paint(band.x + at * axis.size);
      }
    };
    if (down !== 1) lines(rows, () => down, (y) => pen.fillRect(0, y - 0.75, w, 1));
    lines(columns, (band) => across[columns.bands.indexOf(band)], (x) => pen.fillRect(x - 0.75, 0, 1, h));
  }

  printCells(pen) {
    const { shown, paper, look } = this.lab, { rows, columns } = shown;
    if (shown.cells.length > PRINTED_MOST) return;
    const words = Array.from(shown.cells, (value) => number(asCell(value)));
    const longest = Math.max(1, ...words.map((one) => one.length));
    const size = Math.min(26, (columns.size - 4) / (longest * MONO_WIDTH), rows.size * 0.6);
    const dashes = size < 9.5;
    if (dashes && Math.min(columns.size, rows.size) < 8) return;
    pen.font = `600 ${size.toFixed(1)}px ${MONO}`;
    pen.textAlign = "center";
    columns.cells.forEach((column, j) => {
      rows.cells.forEach((row, i) => {
        if (!shown.reached(i, j)) return;
        const x = column.x + columns.size / 2, y = row.x + rows.size / 2;
        pen.fillStyle = paper[`${shown.step(i, j, look.colours)}t`];
        if (!dashes) pen.fillText(words[i * columns.cells.length + j], x, y + size * 0.06);
        else if (shown.value(i, j) < 0) dash(pen, x, y);
      });
    });
  }

  drawTop() {
    const { shown: { columns }, paper, us } = this.lab;
    const pen = this.pen("tm", columns.end, this.head);
    const corner = this.pen("tl", this.left, this.head);
    if (this.lab.vectors) {
      word(corner, "u", this.left - 10, NAMES + LINE / 2, paper.ink, "right", `700 15px ${MONO}`);
      word(corner, "v", this.side / 2, this.head - 10, paper.ink, "center", `700 15px ${MONO}`);
      this.line(pen, columns.reduced(us), NAMES + 1, QUIET * largestIn(us), () => false);
    }
    const { rows } = this.lab.shown;
    if (this.narrow && rows.bands.length === 1) {
      const name = fitting(rows.bands[0].name, this.left - (this.lab.vectors ? this.side : 0) - 9);
      word(corner, name, this.left - 9, this.head - 10, paper.ink, "right", `700 13px ${MONO}`);
    }
    for (const band of columns.bands) {
      const wide = band.cells * columns.size;
      word(pen, fitting(band.name, wide - 4), band.x + wide / 2, NAMES / 2, band.reached ? paper.ink : paper.muted, "center", `700 13px ${MONO}`);
    }
    if (this.head < this.names + PLACES) return;
    const every = this.everyColumn();
    let free = 0; // where the last word ended
    columns.cells.forEach(({ band, x, inside }, column) => {
      if (inside % every) return;
      const words = columns.placeOf(column), long = words.length * LETTER;
      const start = Math.max(band.x, Math.min(x + (columns.size - long) / 2, band.x + band.cells * columns.size - long));
      if (start < free) return;
      word(pen, words, start, this.names + PLACES / 2, paper.muted, "left", `12px ${MONO}`);
      free = start + long + 5;
    });
  }

  drawLeft() {
    const { shown: { rows }, paper, vs } = this.lab;
    const pen = this.pen("ml", this.left, rows.end);
    if (this.lab.vectors) this.post(pen, rows.reduced(vs), 0, QUIET * largestIn(vs));
    const letters = Math.floor((this.left - (this.lab.vectors ? this.side : 0) - 12) / this.letter);
    const every = Math.max(1, Math.ceil(15 / rows.size));
    let free = 8; // where the next word may stand
    rows.cells.forEach(({ x }, row) => {
      const y = x + rows.size / 2;
      if (row % every || y < free) return;
      word(pen, shortened(this.rowLabel(row), letters), this.left - 9, y, paper.ink, "right", `${this.print}px ${MONO}`);
      free = y + 13;
    });
  }

  drawRight() {
    const { shown: { rows }, paper, answer } = this.lab;
    const pen = this.pen("mr", this.right, rows.end);
    const [product, torch, words, end] = this.beside("u", rows);
    const x = this.narrow ? 6 : 10;
    if (product) this.post(pen, product, x, end, words?.[0]);
    if (torch && !this.narrow) this.post(pen, torch, x + SIDE + 2, end, words?.[1]);
    const corner = this.pen("tr", this.right, this.head), y = this.head - 10;
    if (!this.lab.vectors) return;
    word(corner, "J u", x + (this.side - 4) / 2, y, paper.ink, "center", `700 15px ${MONO}`);
    if (this.lab.alone || this.narrow) return; // there the words below say what forward mode gives
    word(corner, WORDS.jvp, this.right - 4, y - 17, paper.muted, "right", `12px ${SANS}`);
    word(corner, state(answer?.u), this.right - 4, y, paper.ink, "right", `600 12px ${SANS}`);
  }

  drawBottom() {
    const { shown: { columns }, paper, answer } = this.lab;
    const pen = this.pen("bm", columns.end, this.foot);
    const [product, torch, words, end] = this.beside("v", columns);
    const none = new Set(answer?.v?.none ?? []);
    if (product) this.line(pen, product, 8, end, ({ band }) => !band.reached, words?.[0]);
    if (torch) this.line(pen, torch, LINE + 9, end, ({ band }) => none.has(band.name), words?.[1]);
    const left = this.pen("bl", this.left, this.foot), right = this.pen("br", this.right, this.foot);
    if (!this.lab.vectors) return;
    word(left, "vᵀJ", this.left - 9, 8 + LINE / 2, paper.ink, "right", `700 15px ${MONO}`);
    if (this.lab.alone) return;
    const y = LINE + 9 + LINE / 2;
    word(left, this.narrow ? ".grad" : WORDS.grad, this.left - 9, y, paper.ink, "right", `12.5px ${MONO}`);
    if (!this.narrow) word(right, state(answer?.v), 10, y, paper.ink, "left", `600 13px ${SANS}`);
  }

  /** A product and what torch gives for it, a number a cell; their print, and the end of their scale.
   * Printed are as many digits as two ways of rounding share. */
  beside(name, axis) {
    const product = this.lab.product(name), answer = this.lab.answer?.[name];
    const end = largestIn([...(product ?? []), ...(answer?.torch ?? [])]);
    const [ours, torch] = [product, answer?.torch].map((one) => (one ? axis.reduced(one) : null));
    if (!ours || !torch || ours.length > 2000) return [ours, torch, null, end];
    const pairs = ours.map((value, at) => agreed(value, torch[at], answer.differs[2]));
    return [ours, torch, [0, 1].map((which) => pairs.map((pair) => pair[which])), end];
  }

  /** A vector along the columns. */
  line(pen, values, y, largest, none, words = printedAlone(values)) {
    const { columns } = this.lab.shown, high = LINE - 3;
    const size = printSize(words, columns.size, high);
    columns.cells.forEach((cell, at) => {
      if (none(cell)) hatch(pen, this.lab.paper, cell.x, y, columns.size, high);
      else this.cell(pen, values[at], words?.[at], cell.x, y, columns.size, high, largest, size);
    });
    pen.strokeStyle = this.lab.paper.dock;
    for (const band of columns.bands) pen.strokeRect(band.x + 0.5, y + 0.5, band.cells * columns.size - 1, high - 1);
  }

  /** A vector down the rows. */
  post(pen, values, x, largest, words = printedAlone(values)) {
    const { rows } = this.lab.shown, wide = this.side - 4;
    const size = printSize(words, wide, rows.size);
    rows.cells.forEach((cell, at) => this.cell(pen, values[at], words?.[at], x, cell.x, wide, rows.size, largest, size));
    pen.strokeStyle = this.lab.paper.dock;
    for (const band of rows.bands) pen.strokeRect(x + 0.5, band.x + 0.5, wide - 1, band.cells * rows.size - 1);
  }

  cell(pen, value, words, x, y, w, h, largest, size) {
    const { paper } = this.lab, step = level(asCell(value), largest);
    pen.fillStyle = paper[step];
    if (Math.min(w, h) >= 6) pen.fillRect(x, y, w - 1, h - 1);
    // Thin cells end on whole pixels: half-covered ones would be paler than their number.
    else pen.fillRect(Math.floor(x), Math.floor(y), Math.ceil(x + w) - Math.floor(x), Math.ceil(y + h) - Math.floor(y));
    if (size) word(pen, words, x + w / 2, y + h / 2 + size * 0.06, paper[`${step}t`], "center", `600 ${size.toFixed(1)}px ${MONO}`);
  }

  // --------------------------------------------------------------------------------- pointing

  /** The cell, row or column under the pointer; null where there is none. */
  at(name, event) {
    const { rows, columns } = this.lab.shown;
    const corner = this.canvases[name].getBoundingClientRect();
    const x = event.clientX - corner.left, y = event.clientY - corner.top;
    if (this.tiled) return this.tiles.at(x, y);
    const row = name[0] === "m" ? rows.at(y) : null, column = name[1] === "m" ? columns.at(x) : null;
    return row === null && column === null ? null : { row, column };
  }

  choose(name, event) {
    const found = this.at(name, event);
    if (!found || (name === "mm" && (found.row === null || found.column === null))) return;
    this.lab.choose(found);
    this.element.focus({ preventScroll: true });
  }

  /** Outline what is chosen and what is pointed at. */
  mark() {
    const { chosen, pointed } = this.lab;
    const put = (mark, one, wanted = true) => {
      const box = one && wanted ? this.box(one) : null;
      mark.hidden = !box;
      if (box) Object.assign(mark.style, { left: `${box.x}px`, top: `${box.y}px`, width: `${box.w}px`, height: `${box.h}px` });
    };
    put(this.marks.row, chosen, chosen?.column === null);
    put(this.marks.column, chosen, chosen?.row === null);
    put(this.marks.cell, chosen, chosen?.row !== null && chosen?.column !== null);
    put(this.marks.at, pointed);
  }

  /** Where a cell lies, or a whole row or column. */
  box({ row, column }) {
    const { rows, columns } = this.lab.shown;
    if (this.tiled) return this.tiles.box({ row, column });
    const [x, w] = column === null ? [0, columns.end] : [columns.cells[column].x, columns.size];
    const [y, h] = row === null ? [0, rows.end] : [rows.cells[row].x, rows.size];
    return { x, y, w, h };
  }
}

/** Whether torch says the same, in a word. */
function state(answer) {
  if (!answer) return WORDS.asking;
  if (answer.error) return "—";
  return answer.differs[0] ? WORDS.differs : WORDS.agrees;
}

/** Two numbers in print, with the digits that they share where they differ by rounding (`noise`). */
function agreed(one, other, noise) {
  const print = (value, digits) => number(asCell(value), digits);
  if (Math.abs(one - other) <= noise) {
    if (one !== other && Math.abs(one) <= noise && Math.abs(other) <= noise) return [WORDS.noise, WORDS.noise];
    for (const digits of [2, 1, 0]) if (print(one, digits) === print(other, digits)) return [print(one, digits), print(other, digits)];
    if (one.toPrecision(2) === other.toPrecision(2)) return [one.toPrecision(2), other.toPrecision(2)];
  }
  return [print(one, 2), print(other, 2)];
}

/** The element that scrolls the page. */
function scrollerOf(element) {
  let at = element.getRootNode().host ?? element;
  while (at && !(at.scrollHeight > at.clientHeight && /auto|scroll/.test(getComputedStyle(at).overflowY))) at = at.parentElement;
  return at;
}
