// The Jacobian lab: the matrix in the middle, v at its left, u on top, what torch makes of them
// under it and at its right.

const CELL = { wide: 132, high: 74 }; // px, the most that a cell takes
const LINE = 30; // height of a vector that lies along the matrix
const SIDE = 62; // width of a vector that stands beside it
const SPACE = 5; // between two tensors
const NAMES = 22, PLACES = 18; // heights of the names of tensors and of the places of columns
const LETTER = 7.3; // width of a letter of a label
const QUIET = 4; // v and u take the paler half of the colours: the matrix is what is looked at
const TERMS = 6; // of a sum, written out one by one

const shared = (window.explorerLabs ??= { labs: new Map(), answers: new Map() });
const mounted = (globalThis[Symbol.for("autograd-explorer.labs")] ??= new WeakMap());

class Lab {
  constructor(parent, key) {
    this.parent = parent;
    this.key = key;
    this.look = { colours: "picture", numbers: false, layout: "matrix" };
    this.looked = false; // whether the person has changed it since this lab was opened
    this.count = { v: 0, u: 0 };
    this.bar = html("div", { class: "bar" });
    this.vectors = html("div", { class: "bar" });
    this.canvases = {};
    this.sheet = html("div", {
      class: "sheet", tabindex: "0", role: "group", onkeydown: (event) => this.onKey(event),
    });
    for (const name of ["tl", "tm", "tr", "ml", "mm", "mr", "bl", "bm", "br"]) {
      const canvas = (this.canvases[name] = html("canvas", { "aria-hidden": "true" }));
      this.sheet.append(html("div", {
        class: `piece ${name}`,
        onpointermove: (event) => this.point(this.placeOf(name, event)),
        onpointerleave: () => this.point(null),
        onclick: (event) => this.choose(this.placeOf(name, event), name),
      }, canvas));
    }
    this.marks = {};
    for (const kind of ["row", "column", "cell", "at"]) this.marks[kind] = html("div", { class: `mark ${kind}`, hidden: "" });
    this.piece("mm").append(...Object.values(this.marks));
    this.sheetColumn = html("div", { class: "sheet-column" }, (this.blocks = html("p", { class: "blocks" })), this.sheet);
    this.side = html("div", { class: "side" },
      (this.read = html("div", { class: "read" })),
      (this.told = html("div", { class: "told" })),
      (this.work = html("div", { class: "work" })),
      (this.live = html("p", { class: "unseen", "aria-live": "polite" })));
    this.root = html("div", { class: "lab" }, this.bar, this.vectors, html("div", { class: "body" }, this.sheetColumn, this.side));
    parent.append(this.root);
    this.watcher = new ResizeObserver(() => this.resized());
    this.watcher.observe(this.root);
    shared.labs.set(key, this);
  }

  piece(name) {
    return this.canvases[name].parentElement;
  }

  remove() {
    this.watcher.disconnect();
    if (shared.labs.get(this.key) === this) shared.labs.delete(this.key);
    this.root.remove();
  }

  // ------------------------------------------------------------------------------------- data

  load(data, setStateValue) {
    this.send = setStateValue;
    const dark = isDark(this.parent);
    const turned = dark !== this.dark;
    this.dark = dark;
    this.root.classList.toggle("dark", dark);
    if (this.signature === data.signature && !turned) return;
    speak(data.words);
    if (this.signature !== data.signature) {
      this.signature = data.signature;
      this.data = data;
      this.cells = decoded(data.cells);
      this.rows = placed(data.rows);
      this.columns = placed(data.columns);
      this.whole = [...data.rows, ...data.columns].every((band) => band.block === 1);
      this.complete = this.whole && sum(data.rows, "count") === data.sizes[0] && sum(data.columns, "count") === data.sizes[1];
      this.canTile = this.whole && this.cells.length <= 60_000 && data.rows.length === 1;
      if (!this.canTile) this.look.layout = "matrix";
      this.cut = new Set(data.cut.map(([row, column]) => `${row}\n${column}`));
      this.chosen = null;
      this.pointed = null;
      if (this.vs?.length !== data.sizes[0] || this.us?.length !== data.sizes[1]) {
        this.vs = new Float64Array(data.sizes[0]).fill(1);
        this.us = new Float64Array(data.sizes[1]).fill(1);
        this.answer = null;
      }
      const blocks = { rows: data.rows[0]?.block ?? 1, columns: data.columns[0]?.block ?? 1 };
      this.blocks.textContent = this.whole ? "" : text("blocks", blocks);
    }
    this.palette = palette(this.root);
    this.drawBars();
    this.draw();
    this.say();
    const known = shared.answers.get(this.key);
    if (known) this.answered(known);
  }

  /** What torch says to a v and a u; what belongs to an earlier one of them is left out. */
  answered(data) {
    if (!this.data) return;
    this.answer ??= {};
    if (data.look && !this.looked) {
      const known = { colours: ["picture", "tensor", "log"], layout: this.canTile ? ["matrix", "full"] : ["matrix"], numbers: [true, false] };
      for (const [name, choices] of Object.entries(known)) if (choices.includes(data.look[name])) this.look[name] = data.look[name];
    }
    for (const [name, one] of [["v", data.v], ["u", data.u]]) {
      if (this.count[name] && one.count !== this.count[name]) continue;
      const numbers = decoded(one.numbers);
      if (numbers.length !== this[`${name}s`].length) continue;
      this[`${name}s`] = numbers;
      this.answer[name] = {
        product: decoded(one.product),
        torch: one.torch ? decoded(one.torch) : null,
        differs: one.torch ? decoded(one.differs) : null,
        none: one.none ?? [],
        error: one.error,
      };
    }
    this.drawBars();
    this.draw();
    this.say();
  }

  /** vᵀJ or J u: what the server said of these numbers, else what they give here. */
  product(name) {
    if (this.answer?.[name]) return this.answer[name].product;
    if (!this.complete) return null;
    const [height, width] = this.data.sizes;
    const found = new Float64Array(name === "v" ? width : height);
    for (let i = 0; i < height; i++) {
      for (let j = 0; j < width; j++) {
        if (name === "v") found[j] += this.vs[i] * this.cells[i * width + j];
        else found[i] += this.us[j] * this.cells[i * width + j];
      }
    }
    return found;
  }

  /** Take another v or u: draw with it at once, and ask torch when it has come to rest. */
  take(name, vector, numbers, moving = false) {
    this[`${name}s`] = Float64Array.from(numbers);
    if (this.answer) this.answer[name] = null;
    this.count[name] += 1;
    this.moving = moving;
    this.draw();
    this.say();
    clearTimeout(this.timers?.[name]);
    const count = this.count[name];
    (this.timers ??= {})[name] = setTimeout(() => this.send(name, { ...vector, count }), 220);
  }

  // --------------------------------------------------------------------------------- controls

  drawBars() {
    const { words } = this.data;
    const colours = segments("colours", ["picture", "tensor", "log"], this.look.colours, (chosen) => {
      this.look.colours = chosen;
      this.tell();
      this.drawBars();
      this.draw();
    });
    const numbers = html("label", { class: "switch", title: words["numbers.title"] },
      html("input", {
        type: "checkbox", ...(this.look.numbers ? { checked: "" } : {}),
        onchange: (event) => {
          this.look.numbers = event.target.checked;
          this.tell();
          this.draw();
        },
      }), words.numbers);
    const layout = !this.canTile ? null : segments("layout", ["matrix", "full"], this.look.layout, (chosen) => {
      this.look.layout = chosen;
      this.tell();
      this.chosen = this.pointed = null;
      this.drawBars();
      this.draw();
      this.say();
    });
    this.bar.replaceChildren(colours, numbers, ...(layout ? [layout] : []), ...this.windows(), this.legend());
    this.vectors.replaceChildren(this.vectorBar("v"), this.vectorBar("u"));
  }

  /** What part of the matrix to see: the columns of one tensor, the rows of one sample. */
  windows() {
    const { parts, samples, window: now } = this.data;
    const picker = (id, choices, chosen, taken) => html("label", { class: "picker" }, html("span", { class: "word" }, WORDS[id]),
      html("select", { onchange: (event) => this.send("window", { ...now, [taken]: event.target.value === "" ? null : Number(event.target.value) }) },
        ...[[null, WORDS[`${id}.all`]], ...choices].map(([value, words]) => html("option", { value: value ?? "", ...(value === chosen ? { selected: "" } : {}) }, words))));
    return [
      parts.length > 1 ? picker("part", parts.map((name, place) => [place, name]), now.part, "part") : null,
      samples.count ? picker("sample", Array.from({ length: samples.count }, (_, place) => [place, text("sample.one", { place: { text: String(place) } })]), now.sample, "sample") : null,
    ].filter(Boolean);
  }

  vectorBar(name) {
    const { words, program } = this.data;
    const size = this[`${name}s`].length;
    const button = (id, vector, numbers) => html("button", {
      type: "button", title: words[`${id}.title`] ?? null, onclick: () => this.take(name, vector, numbers()),
    }, words[id]);
    const field = html("input", {
      type: "text", class: "typed", spellcheck: "false", "aria-label": text("type", { name }), title: text("type", { name }),
      value: size <= 400 ? [...this[`${name}s`]].map((one) => String(+one.toPrecision(7))).join(", ") : "",
      placeholder: `${size}`,
      onchange: (event) => this.typed(name, event.target),
    });
    const chosen = name === "v" ? this.chosen?.row : this.chosen?.column;
    const at = chosen === undefined || chosen === null ? 0 : this.global(name === "v" ? this.rows : this.columns, chosen);
    const seed = Math.floor(Math.random() * 100000);
    return html("div", { class: "vector-bar" },
      html("b", {}, name),
      button("ones", { kind: "ones" }, () => new Array(size).fill(1)),
      button("hot", { kind: "hot", at }, () => Array.from({ length: size }, (_, place) => Number(place === at))),
      html("button", { type: "button", onclick: () => {
        const numbers = Array.from({ length: size }, () => Math.round(200 * Math.random() - 100) / 100);
        this.take(name, { kind: "typed", values: numbers }, numbers);
        this.drawBars();
      } }, words.random),
      name === "v" && program ? button("program", { kind: "program" }, () => program) : null,
      field,
      (this[`${name}Problem`] = html("span", { class: "wrong", role: "alert" })));
  }

  typed(name, field) {
    const pieces = field.value.replaceAll("−", "-").split(/[\s,;[\]]+/).filter(Boolean);
    const numbers = pieces.map(Number);
    const size = this[`${name}s`].length;
    const wrong = pieces.find((_, place) => !Number.isFinite(numbers[place]));
    const problem = this[`${name}Problem`];
    if (wrong !== undefined) problem.textContent = text("typed.not", { text: { text: wrong } });
    else if (numbers.length !== size) problem.textContent = text("typed.wrong", { name, count: size, found: { text: String(numbers.length) } });
    else {
      problem.textContent = "";
      this.take(name, { kind: "typed", values: numbers }, numbers);
    }
  }

  /** Have the page keep how the matrix is drawn: it travels with the link. */
  tell() {
    this.looked = true;
    this.send("look", { ...this.look });
  }

  legend() {
    const end = number(this.largestOf(0));
    const swatch = (kind) => html("i", { class: `back-${kind}` });
    const log = this.look.colours === "log";
    const ends = this.look.colours === "tensor" ? ["−", "+"] : [`−${end}`, end];
    return html("span", { class: "legend", title: log ? this.data.words["colours.log.title"] : null },
      html("span", { class: "end" }, ends[0]),
      html("span", { class: "ramp" },
        ...[8, 7, 6, 5, 4, 3, 2, 1].map((step) => swatch(`n${step}`)), swatch("z"),
        ...[1, 2, 3, 4, 5, 6, 7, 8].map((step) => swatch(`p${step}`))),
      html("span", { class: "end" }, ends[1]),
      html("i", { class: "key back-z" }), this.data.words.zero,
      html("i", { class: "key hatched" }), this.data.words.none);
  }

  // ----------------------------------------------------------------------------------- layout

  resized() {
    const width = this.root.clientWidth;
    if (!this.data || Math.abs(width - (this.drawnFor ?? 0)) < 2) return;
    this.draw();
  }

  measure() {
    const { rows, columns } = this;
    const width = (this.drawnFor = this.root.clientWidth || 1000);
    const labels = rows.cells.length ? Math.max(...rows.cells.map((_, place) => place).filter((place) => place < 400).map((place) => this.label(rows, place, true).length)) : 1;
    this.labelWide = Math.min(190, labels * LETTER + 12);
    this.left = Math.max(SIDE + this.labelWide, 158);
    this.right = 2 * SIDE + 26;
    const roomy = width > 1100 ? 380 : 0;
    const room = width - this.left - this.right - 18;
    const count = columns.cells.length, gaps = SPACE * Math.max(0, columns.bands.length - 1);
    // A narrow matrix leaves room for the words beside it; a wide one has them below.
    let wide = Math.min(CELL.wide, (room - roomy - gaps) / count);
    if (wide < 26) wide = Math.min(CELL.wide, (room - gaps) / count);
    // All of it, with what stands over and under it, in one view where that leaves rows readable.
    const above = this.sheet.getBoundingClientRect().top + (scrollerOf(this.root)?.scrollTop ?? 0);
    const tall = Math.max(190, Math.min(760, window.innerHeight - above - NAMES - LINE - PLACES - 2 * LINE - 34));
    let high = Math.min(CELL.high, (tall - SPACE * (rows.bands.length - 1)) / rows.cells.length);
    if (this.look.numbers) {
      const longest = this.longest();
      wide = Math.max(wide, longest * 8.2 + 8);
      high = Math.max(high, 24);
    }
    if (rows.cells.length === 1) high = Math.max(high, LINE);
    this.wide = Math.max(wide, 0.5);
    this.high = Math.max(high, 0.5);
    settle(columns, this.wide);
    settle(rows, this.high);
    this.topHigh = NAMES + LINE + (this.wide * this.everyColumn() >= 20 ? PLACES : 4);
    this.sheet.style.maxHeight = `${Math.max(tall, 330) + this.topHigh + 2 * LINE + 30}px`;
  }

  /** Every how many columns have room for the name of their place. */
  everyColumn() {
    const longest = Math.max(1, ...this.columns.bands.map((band) => place(band.first + band.count - 1, band.shape).length));
    return Math.max(1, Math.ceil((longest * LETTER + 6) / this.wide));
  }

  longest() {
    if (this.cells.length > 40_000) return 7;
    let most = 1;
    for (const value of this.cells) most = Math.max(most, number(asCell(value)).length);
    return most;
  }

  /** Cell of an axis -> the element it stands for, counted along the whole axis. */
  global(axis, cell) {
    const { band, inside } = axis.cells[cell];
    return band.offset + inside * band.block;
  }

  /** Name of a cell of an axis; short leaves out the name of the only tensor along it. */
  label(axis, cell, short = false) {
    const { band, inside } = axis.cells[cell];
    const start = band.first + inside * band.block;
    const end = Math.min(start + band.block, band.first + band.count) - 1;
    const name = short === "place" ? "" : band.name;
    return name + place(start, band.shape) + (end > start ? ` … ${name}${place(end, band.shape)}` : "");
  }

  /** Whether a path leads from the row to the column; None where it does not. */
  reached(row, column) {
    const down = this.rows.cells[row].band, across = this.columns.cells[column].band;
    return across.reached && !this.cut.has(`${down.name}\n${across.name}`);
  }

  valueAt(row, column) {
    return this.cells[row * this.columns.cells.length + column];
  }

  /** The end of the scale of colours for a column. */
  largestOf(column) {
    if (this.look.colours !== "tensor" || !this.columns.cells.length) return this.data.largest;
    const { band } = this.columns.cells[column];
    if (this.tensorLargest?.of !== this.cells) this.tensorLargest = { of: this.cells, found: new Map() };
    const { found } = this.tensorLargest;
    if (!found.has(band)) {
      let most = 0;
      for (let j = 0; j < this.columns.cells.length; j++) {
        if (this.columns.cells[j].band !== band) continue;
        for (let i = 0; i < this.rows.cells.length; i++) {
          const size = Math.abs(this.valueAt(i, j));
          if (Number.isFinite(size) && size > most) most = size;
        }
      }
      found.set(band, most);
    }
    return found.get(band);
  }

  levelOf(value, largest) {
    if (this.look.colours !== "log" || value === 0 || !Number.isFinite(value) || largest <= 0) return level(asCell(value), largest);
    const step = Math.max(1, Math.min(8, 8 + Math.floor(Math.log10(Math.abs(value) / largest) + 1e-9)));
    return (value > 0 ? "p" : "n") + step;
  }

  // ---------------------------------------------------------------------------------- drawing

  draw() {
    if (!this.data || !this.root.clientWidth) return;
    this.measure();
    const tiled = this.look.layout === "full";
    this.sheet.classList.toggle("tiled", tiled);
    if (tiled) {
      this.tilePiece();
      this.mark();
      return;
    }
    const total = { w: this.columns.end, h: this.rows.end };
    this.mainPiece(total);
    this.topPiece(total);
    this.leftPiece(total);
    this.rightPiece(total);
    this.bottomPiece(total);
    this.mark();
    this.sheet.setAttribute("aria-label", text("matrix", { rows: String(this.data.sizes[0]), columns: String(this.data.sizes[1]) }));
  }

  canvas(name, w, h) {
    const canvas = this.canvases[name];
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    canvas.width = Math.max(1, Math.round(w * ratio));
    canvas.height = Math.max(1, Math.round(h * ratio));
    canvas.style.width = `${w}px`;
    canvas.style.height = `${h}px`;
    const draw = canvas.getContext("2d");
    draw.scale(ratio, ratio);
    draw.fillStyle = this.palette.paper;
    draw.fillRect(0, 0, w, h);
    draw.textBaseline = "middle";
    return draw;
  }

  mainPiece({ w, h }) {
    const draw = this.canvas("mm", w, h);
    const rows = this.rows.cells.length, columns = this.columns.cells.length;
    const pixels = new ImageData(Math.max(1, columns), Math.max(1, rows));
    const colours = this.palette.bytes;
    for (let j = 0; j < columns; j++) {
      const largest = this.largestOf(j);
      for (let i = 0; i < rows; i++) {
        pixels.data.set(colours[this.levelOf(this.valueAt(i, j), largest)], 4 * (i * columns + j));
      }
    }
    const small = html("canvas", { width: pixels.width, height: pixels.height });
    small.getContext("2d").putImageData(pixels, 0, 0);
    draw.imageSmoothingEnabled = false;
    for (const across of this.columns.bands) {
      for (const down of this.rows.bands) {
        if (!down.cells || !across.cells) continue;
        const box = [across.x, down.x, across.cells * this.wide, down.cells * this.high];
        if (across.reached && !this.cut.has(`${down.name}\n${across.name}`)) draw.drawImage(small, across.start, down.start, across.cells, down.cells, ...box);
        else hatch(draw, this.palette, ...box);
      }
    }
    const gap = Math.min(this.wide, this.high) >= 6;
    draw.fillStyle = this.palette.paper;
    if (gap) {
      for (const { x } of this.columns.cells) draw.fillRect(x + this.wide - 0.5, 0, 1, h);
      for (const { x } of this.rows.cells) draw.fillRect(0, x + this.high - 0.5, w, 1);
    }
    this.drawSamples(draw, w, h);
    this.printCells(draw);
    draw.strokeStyle = this.palette.dock;
    draw.lineWidth = 1;
    for (const across of this.columns.bands) {
      for (const down of this.rows.bands) draw.strokeRect(across.x + 0.5, down.x + 0.5, across.cells * this.wide - 1, down.cells * this.high - 1);
    }
  }

  /** Lines between samples, where the first dimension of outputs and inputs is a batch. */
  drawSamples(draw, w, h) {
    const { rows: down, columns: across } = this.data.samples;
    draw.fillStyle = this.palette.ink;
    const lines = (axis, each, cell, paint) => {
      for (const band of axis.bands) {
        const size = each(band);
        if (!size || band.block > 1 || size * cell < 5 || size >= band.count) continue;
        for (let at = size; at < band.count; at += size) paint(band.x + at * cell);
      }
    };
    if (down !== 1) lines(this.rows, () => down, this.high, (y) => draw.fillRect(0, y - 0.75, w, 1));
    lines(this.columns, (band) => across[this.columns.bands.indexOf(band)], this.wide, (x) => draw.fillRect(x - 0.75, 0, 1, h));
  }

  printCells(draw) {
    const rows = this.rows.cells.length, columns = this.columns.cells.length;
    if (rows * columns > 20_000) return;
    const words = Array.from(this.cells, (value) => number(asCell(value)));
    const longest = Math.max(1, ...words.map((word) => word.length));
    const size = Math.min(26, (this.wide - 4) / (longest * MONO_WIDTH), this.high * 0.6);
    const dashes = size < 9.5;
    if (dashes && Math.min(this.wide, this.high) < 8) return;
    draw.font = `600 ${size.toFixed(1)}px ${MONO}`;
    draw.textAlign = "center";
    for (let j = 0; j < columns; j++) {
      const x = this.columns.cells[j].x + this.wide / 2, largest = this.largestOf(j);
      for (let i = 0; i < rows; i++) {
        if (!this.reached(i, j)) continue;
        const value = this.valueAt(i, j);
        const y = this.rows.cells[i].x + this.high / 2;
        draw.fillStyle = this.palette[`${this.levelOf(value, largest)}t`];
        if (!dashes) draw.fillText(words[i * columns + j], x, y + size * 0.06);
        else if (value < 0) draw.fillRect(x - 2.5, y - 0.7, 5, 1.4); // the sign, for those who cannot tell the colours
      }
    }
  }

  /** The full shape that torch gives: one tile for each output, shaped like the input. */
  tilePiece() {
    const room = this.drawnFor - 24, output = this.data.rows[0];
    const flat = (shape) => (shape.length ? [shape.slice(0, -1).reduce((product, one) => product * one, 1), shape.at(-1)] : [1, 1]);
    this.tiles = [];
    const heads = [];
    let y = 0;
    for (const band of this.columns.bands) {
      const [tall, wide] = flat(band.shape), count = this.rows.cells.length;
      const last = output.shape.at(-1) ?? 1;
      const caption = place(output.first + output.count - 1, output.shape).length * 6.8 + 6;
      let size = Math.max(4, Math.min(26, (room / Math.max(1, Math.min(count, 8)) - 14) / wide));
      const step = () => Math.max(wide * size, caption) + 14;
      let across = output.shape.length > 1 && last > 1 ? last : Math.max(1, Math.floor(room / step()));
      while (across * step() > room && size > 4) size -= 1;
      across = Math.min(across, Math.max(1, Math.floor(room / step())));
      const shape = [...output.shape, ...band.shape].join(", ");
      heads.push({ y: y + 12, words: `∂${output.name}/∂${band.name}  (${shape})` });
      y += 26;
      const high = tall * size + 26;
      for (let row = 0; row < count; row++) {
        this.tiles.push({ row, band, tall, wide, size, x: 4 + (row % across) * step(), y: y + Math.floor(row / across) * high + 16 });
      }
      y += Math.ceil(count / across) * high + 12;
    }
    const draw = this.canvas("mm", room, y);
    for (const { y: at, words } of heads) word(draw, words, 4, at, this.palette.ink, "left", `700 14px ${MONO}`);
    for (const tile of this.tiles) {
      const { row, band, tall, wide, size, x } = tile;
      word(draw, place(this.global(this.rows, row), output.shape) || output.name, x, tile.y - 8, this.palette.muted, "left", `11.5px ${MONO}`);
      for (let inside = 0; inside < band.cells; inside++) {
        const column = band.start + inside;
        const box = [x + (inside % wide) * size, tile.y + Math.floor(inside / wide) * size, size, size];
        if (!this.reached(row, column)) continue;
        draw.fillStyle = this.palette[this.levelOf(this.valueAt(row, column), this.largestOf(column))];
        draw.fillRect(box[0], box[1], size - (size >= 6 ? 1 : 0), size - (size >= 6 ? 1 : 0));
        if (this.valueAt(row, column) < 0 && size >= 9) {
          draw.fillStyle = this.palette[`${this.levelOf(this.valueAt(row, column), this.largestOf(column))}t`];
          draw.fillRect(box[0] + size / 2 - 2.5, box[1] + size / 2 - 0.7, 5, 1.4);
        }
      }
      if (!band.cells || !this.reached(row, band.start)) hatch(draw, this.palette, x, tile.y, wide * size, tall * size);
      draw.strokeStyle = this.palette.dock;
      draw.strokeRect(x - 0.5, tile.y - 0.5, wide * size, tall * size);
    }
  }

  /** The cell of a tile under a point of the canvas. */
  tileAt(x, y) {
    const tile = this.tiles?.find((one) => x >= one.x && y >= one.y && x < one.x + one.wide * one.size && y < one.y + one.tall * one.size);
    if (!tile) return null;
    const inside = Math.floor((y - tile.y) / tile.size) * tile.wide + Math.floor((x - tile.x) / tile.size);
    return inside < tile.band.cells ? { row: tile.row, column: tile.band.start + inside } : null;
  }

  topPiece({ w }) {
    const draw = this.canvas("tm", w, this.topHigh);
    this.corner("tl", this.left, this.topHigh, (pen) => {
      word(pen, "u", this.left - 10, NAMES + LINE / 2, this.palette.ink, "right", `700 15px ${MONO}`);
      word(pen, "v", SIDE / 2, this.topHigh - 10, this.palette.ink, "center", `700 15px ${MONO}`);
    });
    const us = reduced(this.us, this.columns);
    const largest = QUIET * largestIn(this.us);
    for (const band of this.columns.bands) {
      const wide = band.cells * this.wide;
      const name = fitting(band.name, wide - 4, band.reached);
      word(draw, name, band.x + wide / 2, NAMES / 2, band.reached ? this.palette.ink : this.palette.muted, "center", `700 13px ${MONO}`);
    }
    this.line(draw, us, this.columns, NAMES + 1, LINE - 3, largest, () => false);
    if (this.topHigh < NAMES + LINE + PLACES) return;
    const every = this.everyColumn();
    let free = 0; // where the last word ended
    this.columns.cells.forEach(({ band, x, inside }, column) => {
      if (inside % every) return;
      const words = this.label(this.columns, column, "place"), long = words.length * LETTER;
      const start = Math.max(band.x, Math.min(x + (this.wide - long) / 2, band.x + band.cells * this.wide - long));
      if (start < free) return;
      word(draw, words, start, NAMES + LINE + PLACES / 2, this.palette.muted, "left", `12px ${MONO}`);
      free = start + long + 5;
    });
  }

  leftPiece({ h }) {
    const draw = this.canvas("ml", this.left, h);
    const vs = reduced(this.vs, this.rows), largest = QUIET * largestIn(this.vs);
    this.post(draw, vs, 0, SIDE - 4, largest);
    const every = Math.max(1, Math.ceil(15 / this.high));
    this.rows.cells.forEach(({ x }, row) => {
      if (row % every) return;
      const words = shortened(this.label(this.rows, row), Math.floor((this.left - SIDE - 12) / LETTER));
      word(draw, words, this.left - 9, Math.max(8, x + this.high / 2), this.palette.ink, "right", `12px ${MONO}`);
    });
  }

  rightPiece({ h }) {
    const draw = this.canvas("mr", this.right, h);
    const product = this.product("u"), answer = this.answer?.u;
    const both = largestIn([...(product ?? []), ...(answer?.torch ?? [])]);
    const printed = this.printed("u", this.rows);
    if (product) this.post(draw, reduced(product, this.rows), 10, SIDE - 4, both, printed?.[0]);
    if (answer?.torch) this.post(draw, reduced(answer.torch, this.rows), 10 + SIDE + 2, SIDE - 4, both, printed?.[1]);
    this.corner("tr", this.right, this.topHigh, (pen) => {
      const y = this.topHigh - 10;
      word(pen, "J u", 10 + SIDE / 2, y, this.palette.ink, "center", `700 15px ${MONO}`);
      const { words } = this.data;
      const state = !answer ? words.asking : answer.error ? "—" : answer.differs[0] ? words.differs : words.agrees;
      word(pen, words.jvp, this.right - 4, y - 17, this.palette.muted, "right", `12px ${SANS}`);
      word(pen, state, this.right - 4, y, this.palette.ink, "right", `600 12px ${SANS}`);
    });
  }

  bottomPiece({ w }) {
    const high = 2 * LINE + 12;
    const draw = this.canvas("bm", w, high);
    const product = this.product("v"), answer = this.answer?.v;
    const both = largestIn([...(product ?? []), ...(answer?.torch ?? [])]);
    const unreached = (cell) => !cell.band.reached;
    const printed = this.printed("v", this.columns);
    if (product) this.line(draw, reduced(product, this.columns), this.columns, 8, LINE - 3, both, unreached, printed?.[0]);
    const none = new Set(answer?.none ?? []);
    if (answer?.torch) this.line(draw, reduced(answer.torch, this.columns), this.columns, LINE + 9, LINE - 3, both, (cell) => none.has(cell.band.name), printed?.[1]);
    const { words } = this.data;
    this.corner("bl", this.left, high, (pen) => {
      word(pen, "vᵀJ", this.left - 9, 8 + LINE / 2, this.palette.ink, "right", `700 15px ${MONO}`);
      word(pen, words.grad, this.left - 9, LINE + 9 + LINE / 2, this.palette.ink, "right", `12.5px ${MONO}`);
    });
    this.corner("br", this.right, high, (pen) => {
      const state = !answer ? words.asking : answer.error ? "—" : answer.differs[0] ? words.differs : words.agrees;
      word(pen, state, 10, LINE + 9 + LINE / 2, this.palette.ink, "left", `600 13px ${SANS}`);
    });
  }

  corner(name, w, h, paint) {
    paint(this.canvas(name, w, h));
  }

  /** A vector along the columns. */
  line(draw, values, axis, y, high, largest, none, words = printedAlone(values)) {
    const size = printSize(words, this.wide, high);
    axis.cells.forEach((cell, place) => {
      if (none(cell)) {
        hatch(draw, this.palette, cell.x, y, this.wide, high);
        return;
      }
      this.cell(draw, values[place], words?.[place], cell.x, y, this.wide, high, largest, size);
    });
    for (const band of axis.bands) {
      draw.strokeStyle = this.palette.dock;
      draw.strokeRect(band.x + 0.5, y + 0.5, band.cells * this.wide - 1, high - 1);
    }
  }

  /** A vector down the rows. */
  post(draw, values, x, wide, largest, words = printedAlone(values)) {
    const size = printSize(words, wide, this.high);
    this.rows.cells.forEach((cell, place) => this.cell(draw, values[place], words?.[place], x, cell.x, wide, this.high, largest, size));
    for (const band of this.rows.bands) {
      draw.strokeStyle = this.palette.dock;
      draw.strokeRect(x + 0.5, band.x + 0.5, wide - 1, band.cells * this.high - 1);
    }
  }

  cell(draw, value, words, x, y, w, h, largest, size) {
    const step = level(asCell(value), largest);
    draw.fillStyle = this.palette[step];
    if (Math.min(w, h) >= 6) draw.fillRect(x, y, w - 1, h - 1);
    // Thin cells end on whole pixels: half-covered ones would be paler than their number.
    else draw.fillRect(Math.floor(x), Math.floor(y), Math.ceil(x + w) - Math.floor(x), Math.ceil(y + h) - Math.floor(y));
    if (!size) return;
    word(draw, words, x + w / 2, y + h / 2 + size * 0.06, this.palette[`${step}t`], "center", `600 ${size.toFixed(1)}px ${MONO}`);
  }

  /** A product and what torch gives for it, printed: as many digits as two ways of rounding share. */
  printed(name, axis) {
    const product = this.product(name), answer = this.answer?.[name];
    if (!product || !answer?.torch || axis.cells.length > 2000) return null;
    const ours = reduced(product, axis), torch = reduced(answer.torch, axis);
    const [, , noise] = answer.differs;
    const pairs = ours.map((value, place) => agreed(value, torch[place], noise));
    return [pairs.map((pair) => pair[0]), pairs.map((pair) => pair[1])];
  }

  // --------------------------------------------------------------------------------- pointing

  placeOf(name, event) {
    const corner = this.canvases[name].getBoundingClientRect();
    if (this.look.layout === "full") return this.tileAt(event.clientX - corner.left, event.clientY - corner.top);
    const row = name[0] === "m" ? cellAt(this.rows, event.clientY - corner.top, this.high) : null;
    const column = name[1] === "m" ? cellAt(this.columns, event.clientX - corner.left, this.wide) : null;
    return row === null && column === null ? null : { row, column };
  }

  point(found) {
    if (found?.row === this.pointed?.row && found?.column === this.pointed?.column) return;
    this.pointed = found;
    this.mark();
    this.readOut();
  }

  choose(found, name) {
    if (!found) return;
    if (name === "mm" && (found.row === null || found.column === null)) return;
    this.chosen = found;
    this.mark();
    this.drawBars();
    this.say();
    this.sheet.focus({ preventScroll: true });
  }

  mark() {
    const put = (mark, box) => {
      mark.hidden = !box;
      if (box) Object.assign(mark.style, { left: `${box.x}px`, top: `${box.y}px`, width: `${box.w}px`, height: `${box.h}px` });
    };
    const rowBox = (row) => ({ x: 0, y: this.rows.cells[row].x, w: this.columns.end, h: this.high });
    const columnBox = (column) => ({ x: this.columns.cells[column].x, y: 0, w: this.wide, h: this.rows.end });
    const { chosen, pointed } = this;
    const has = (place) => place !== null && place !== undefined;
    put(this.marks.row, has(chosen?.row) && !has(chosen?.column) ? rowBox(chosen.row) : null);
    put(this.marks.column, has(chosen?.column) && !has(chosen?.row) ? columnBox(chosen.column) : null);
    const cell = (one) => (this.look.layout === "full" ? this.tileBox(one) : { x: columnBox(one.column).x, y: rowBox(one.row).y, w: this.wide, h: this.high });
    put(this.marks.cell, has(chosen?.row) && has(chosen?.column) ? cell(chosen) : null);
    put(this.marks.at, !pointed ? null : has(pointed.row) && has(pointed.column) ? cell(pointed) : has(pointed.row) ? rowBox(pointed.row) : columnBox(pointed.column));
  }

  tileBox({ row, column }) {
    const { band, inside } = this.columns.cells[column];
    const tile = this.tiles.find((one) => one.row === row && one.band === band);
    return { x: tile.x + (inside % tile.wide) * tile.size, y: tile.y + Math.floor(inside / tile.wide) * tile.size, w: tile.size, h: tile.size };
  }

  onKey(event) {
    const turns = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (event.target !== this.sheet || !turns || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const row = within((this.chosen?.row ?? -turns[0]) + turns[0], 0, this.rows.cells.length - 1);
    const column = within((this.chosen?.column ?? -turns[1]) + turns[1], 0, this.columns.cells.length - 1);
    this.chosen = { row: Math.max(0, row), column: Math.max(0, column) };
    this.pointed = null;
    this.mark();
    this.drawBars();
    this.say();
    this.live.textContent = this.read.textContent;
  }

  // ------------------------------------------------------------------------------------ words

  /** What is pointed at, else what is chosen, in words and with its exact number. */
  readOut() {
    const at = this.pointed ?? this.chosen;
    const { words } = this.data;
    if (!at) {
      this.read.replaceChildren(html("p", { class: "hint" }, words.hint));
      return;
    }
    if (at.row === null || at.column === null) {
      const [id, axis, cell, name] = at.row === null ? ["column", this.columns, at.column, "column"] : ["row", this.rows, at.row, "row"];
      this.read.replaceChildren(html("p", { class: "sentence" }, ...say(id, { [name]: { code: this.label(axis, cell) } })));
      return;
    }
    const names = { row: { code: this.label(this.rows, at.row) }, column: { code: this.label(this.columns, at.column) } };
    const value = this.valueAt(at.row, at.column);
    const { band } = this.columns.cells[at.column];
    const there = this.reached(at.row, at.column);
    const step = there ? this.levelOf(value, this.largestOf(at.column)) : "none";
    const formula = html("p", { class: "formula" },
      html("span", { class: "fraction" }, html("span", {}, names.row.code.startsWith("∂") ? `∂(${names.row.code})` : `∂${names.row.code}`), html("span", {}, `∂${names.column.code}`)), " = ",
      html("b", { class: there ? `value back-${step}` : "value hatched", style: there ? `color:var(--${step}t)` : null },
        there ? exact(value, this.data.cells.kind) : "None"));
    const cell = this.rows.cells[at.row].band.block * band.block;
    const sentence = !there ? say("partial.none", names)
      : value === 0 ? say("partial.zero", names)
      : say("partial", { ...names, value: { text: number(asCell(value)) } });
    this.read.replaceChildren(formula,
      html("p", { class: "sentence" }, ...(cell > 1 ? say("block", { count: { text: String(cell) } }) : sentence)));
  }

  say() {
    this.readOut();
    this.told.replaceChildren(this.verdict("v"), this.verdict("u"));
    // A slider that is being moved must stay the element that it is.
    if (!this.moving) this.work.replaceChildren(...this.arithmetic());
  }

  verdict(name) {
    const answer = this.answer?.[name];
    if (!answer) return html("p", { class: "verdict" }, `${name}: ${this.data.words.asking}`);
    if (answer.error) return html("p", { class: "verdict wrong" }, ...say(`failed.${name}`, { text: { text: answer.error } }));
    const [count, most] = answer.differs;
    if (!count) return html("p", { class: "verdict" }, "✓ ", this.data.words[`agrees.${name}`]);
    return html("p", { class: "verdict wrong" }, "≠ ", ...say(`differs.${name}`, { count: { text: String(count) }, most: { text: number(most) } }));
  }

  /** The sums behind the chosen column of vᵀJ and the chosen row of J u, and what can be opened. */
  arithmetic() {
    const { chosen, data } = this;
    if (!chosen) return [];
    const parts = [];
    const has = (place) => place !== null && place !== undefined;
    const button = (id, value) => data.order > 1 ? "" : html("button", { type: "button", class: "open", onclick: () => this.send("open", { ...value, count: (this.opened = (this.opened ?? 0) + 1) }) }, data.words[id]);
    if (has(chosen.column)) {
      const name = this.label(this.columns, chosen.column), at = this.global(this.columns, chosen.column);
      if (this.whole && this.columns.cells[chosen.column].band.reached) parts.push(this.sum("v", at, name, chosen.column));
      parts.push(this.slider("u", at, name));
      if (!has(chosen.row)) parts.push(button("column.watch", { kind: "column", at }));
    }
    if (has(chosen.row)) {
      const name = this.label(this.rows, chosen.row), at = this.global(this.rows, chosen.row);
      if (this.whole) parts.push(this.sum("u", at, name, chosen.row));
      parts.push(this.slider("v", at, name));
      if (!has(chosen.column)) parts.push(button("row.watch", { kind: "row", at }));
      else parts.push(button("cell.paths", { kind: "cell", row: at, column: this.global(this.columns, chosen.column) }));
    }
    return parts;
  }

  /** One number of vᵀJ (at a column) or of J u (at a row): symbols, numbers, value. */
  sum(name, at, label, cell) {
    const product = this.product(name);
    const axis = name === "v" ? this.rows : this.columns;
    const vector = name === "v" ? this.vs : this.us;
    let terms = axis.cells.map(({ band }, place) => {
      const weight = vector[this.global(axis, place)];
      const partial = name === "v" ? this.valueAt(place, cell) : this.valueAt(cell, place);
      return { weight, partial, product: weight * partial, none: !band.reached };
    }).filter((term) => !term.none && term.product !== 0);
    terms.sort((one, other) => Math.abs(other.product) - Math.abs(one.product));
    const rest = terms.slice(TERMS).reduce((total, term) => total + term.product, 0);
    const more = Math.max(0, terms.length - TERMS);
    const bracket = (value) => (value < 0 ? `(${number(value)})` : number(value));
    const shown = terms.slice(0, TERMS).map((term) => `${bracket(term.weight)}·${bracket(term.partial)}`);
    const written = (shown.join(" + ") || "0") + (more ? " + …" : "");
    const torch = this.answer?.[name]?.torch;
    const [ours, theirs] = torch ? agreed(product[at], torch[at], this.answer[name].differs[2]) : [product ? number(asCell(product[at])) : ""];
    const [symbol, heading] = name === "v" ? ["Σᵢ vᵢ · ∂yᵢ/∂xⱼ", "sum.vtj"] : ["Σⱼ ∂yᵢ/∂xⱼ · uⱼ", "sum.ju"];
    return html("div", { class: "sum" },
      html("p", { class: "sum-of" }, ...say(heading, { column: { code: label }, row: { code: label } })),
      html("p", { class: "step" }, `${name === "v" ? "(vᵀJ)ⱼ" : "(J u)ᵢ"} = ${symbol}`),
      html("p", { class: "step" }, `= ${written}`),
      more ? html("p", { class: "rest" }, ...say("more", { count: { text: String(more) }, rest: { text: number(rest) } })) : null,
      product ? html("p", { class: "step" }, "= ", html("b", {}, ours),
        torch ? html("span", { class: "torch" }, ` ${ours === theirs ? "✓" : "≠"} torch: ${theirs}`) : "") : null);
  }

  /** A slider and a field for one number of v or u. */
  slider(name, at, label) {
    const vector = this[`${name}s`];
    const change = (value, moving) => {
      const numbers = [...this[`${name}s`]];
      numbers[at] = value;
      this.take(name, { kind: "typed", values: numbers }, numbers, moving);
    };
    const rest = () => {
      this.moving = false;
      this.drawBars();
      this.say();
    };
    const most = Math.max(2, Math.ceil(Math.abs(vector[at])));
    const spoken = text("edit", { name, place: { text: label } });
    const field = html("input", {
      type: "number", step: "0.1", value: +vector[at].toPrecision(7), "aria-label": spoken,
      onchange: () => {
        if (field.value !== "" && Number.isFinite(Number(field.value))) change(Number(field.value), false);
        rest();
      },
    });
    const range = html("input", {
      type: "range", min: -most, max: most, step: 0.05, value: vector[at], "aria-label": spoken,
      oninput: () => {
        field.value = range.value;
        change(Number(range.value), true);
      },
      onchange: rest,
    });
    return html("label", { class: "slider" }, html("span", {}, html("b", {}, name), " ", html("code", {}, label)), range, field);
  }
}

// ----------------------------------------------------------------------------------- small rules

const MONO = '"JetBrains Mono", "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace';
const SANS = 'Inter, "Segoe UI", system-ui, "Liberation Sans", sans-serif';

/** Bands in a row, with the cells that they have together. */
function placed(bands) {
  const cells = [], kept = [];
  for (const one of bands) {
    const band = { ...one, start: cells.length };
    kept.push(band);
    for (let inside = 0; inside < band.cells; inside++) cells.push({ band, inside, x: 0 });
  }
  return { bands: kept, cells, end: 0 };
}

/** Give every band and cell its place in px. */
function settle(axis, size) {
  let x = 0;
  for (const band of axis.bands) {
    band.x = x;
    for (let inside = 0; inside < band.cells; inside++) axis.cells[band.start + inside].x = x + inside * size;
    x += band.cells * size + SPACE;
  }
  axis.end = Math.max(0, x - SPACE);
}

function cellAt(axis, x, size) {
  for (const band of axis.bands) {
    const inside = Math.floor((x - band.x) / size);
    if (inside >= 0 && inside < band.cells) return band.start + inside;
  }
  return null;
}

/** One number for each cell: of its elements the one of largest size. */
function reduced(numbers, axis) {
  return axis.cells.map(({ band, inside }) => {
    const start = band.offset + inside * band.block;
    const end = Math.min(start + band.block, band.offset + band.count);
    let found = numbers[start];
    for (let place = start + 1; place < end; place++) if (Math.abs(numbers[place]) > Math.abs(found)) found = numbers[place];
    return found;
  });
}

function largestIn(numbers) {
  let most = 0;
  for (const value of numbers) if (Number.isFinite(value) && Math.abs(value) > most) most = Math.abs(value);
  return most;
}

function sum(bands, field) {
  return bands.reduce((total, band) => total + band[field], 0);
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

function printedAlone(values) {
  return values.length > 2000 ? null : Array.from(values, (value) => number(asCell(value)));
}

/** The size of print that all numbers of a vector have room for; 0 where none is readable. */
function printSize(words, wide, high) {
  if (!words) return 0;
  const longest = Math.max(1, ...words.map((one) => one.length));
  const size = Math.min(20, (wide - 4) / (longest * MONO_WIDTH), high * 0.62);
  return size < 8.5 ? 0 : size;
}

/** All the digits that a number of this precision has. */
function exact(value, kind) {
  if (!Number.isFinite(value)) return number(asCell(value));
  return String(+value.toPrecision(kind === "f4" ? 7 : 12)).replace("-", "−");
}

/** The element that scrolls the page. */
function scrollerOf(element) {
  let at = element.getRootNode().host ?? element;
  while (at && !(at.scrollHeight > at.clientHeight && /auto|scroll/.test(getComputedStyle(at).overflowY))) at = at.parentElement;
  return at;
}

function within(value, low, high) {
  return Math.max(low, Math.min(high, value));
}

function word(draw, words, x, y, colour, align, font) {
  draw.font = font;
  draw.fillStyle = colour;
  draw.textAlign = align;
  draw.fillText(words, x, y);
}

/** The name of a tensor, its last part, or nothing, whichever has room. */
function fitting(name, room) {
  return [name, name.split(".").pop(), ...(name.includes(".") ? [`…${name.split(".").pop().slice(0, 1)}`] : [])].find((one) => one.length * LETTER * 1.1 <= room) ?? "";
}

function hatch(draw, colours, x, y, w, h) {
  draw.save();
  draw.beginPath();
  draw.rect(x, y, w, h);
  draw.clip();
  draw.fillStyle = colours.paper;
  draw.fillRect(x, y, w, h);
  draw.strokeStyle = colours.dock;
  draw.lineWidth = 1.2;
  draw.beginPath();
  // One pattern over the whole picture, so that neighbouring boxes join.
  for (let at = Math.floor((x - y - h) / 7) * 7; at < x + w - y; at += 7) {
    draw.moveTo(at + y, y);
    draw.lineTo(at + y + h, y + h);
  }
  draw.stroke();
  draw.restore();
}

/** The colours of the theme by their names, and those of the steps as bytes. */
function palette(root) {
  const style = getComputedStyle(root);
  const found = { bytes: {} };
  const steps = ["z", ...[1, 2, 3, 4, 5, 6, 7, 8].flatMap((step) => [`p${step}`, `n${step}`])];
  for (const name of ["paper", "ink", "muted", "dock", "now", ...steps, ...steps.map((step) => `${step}t`)]) found[name] = style.getPropertyValue(`--${name}`).trim();
  found.x = found.now;
  found.xt = "#14181F";
  for (const name of [...steps, "x"]) {
    const hex = found[name];
    found.bytes[name] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)).concat(255);
  }
  return found;
}

function segments(id, choices, chosen, onchange) {
  return html("span", { class: "segments", role: "group", "aria-label": WORDS[id] }, ...choices.map((choice) => html("button", {
    type: "button", "aria-pressed": String(choice === chosen), title: WORDS[`${id}.${choice}.title`] ?? null, onclick: () => onchange(choice),
  }, WORDS[`${id}.${choice}`])));
}

function isDark(parent) {
  const probe = html("span", { style: "display:none;color:var(--st-background-color, Canvas)" });
  parent.append(probe);
  const [red, green, blue] = (getComputedStyle(probe).color.match(/[\d.]+/g) ?? [255, 255, 255]).map(Number);
  probe.remove();
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
}

export default function ({ data, parentElement, setStateValue }) {
  let lab = mounted.get(parentElement);
  if (!lab) {
    lab = new Lab(parentElement, data.key);
    mounted.set(parentElement, lab);
  }
  lab.load(data, setStateValue);
  return () => {
    mounted.get(parentElement)?.remove();
    mounted.delete(parentElement);
  };
}
