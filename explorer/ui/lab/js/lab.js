// The Jacobian lab: a matrix between v and u, what torch makes of them, and what a person does to it.
//
// Without a server (`data.alone`) the matrix is all there is: v, u and the window stay in the browser.

const shared = (window.explorerLabs ??= { labs: new Map(), answers: new Map() });
const mounted = (globalThis[Symbol.for("autograd-explorer.labs")] ??= new WeakMap());

const RESTS = 220; // ms after which a v or a u that is being changed has come to rest

class Lab {
  constructor(parent, key) {
    this.parent = parent;
    this.key = key;
    this.look = { colours: "picture", numbers: false, layout: "matrix" };
    this.looked = false; // whether the person has changed it since this lab was opened
    this.count = { v: 0, u: 0 };
    this.timers = {};
    this.opened = 0;
    this.chosen = this.pointed = null; // { row, column }: null is the whole of the other
    this.controls = new Controls(this);
    this.sheet = new Sheet(this);
    this.reading = new Reading(this);
    this.blocks = html("p", { class: "blocks" });
    this.root = html("div", { class: "lab" },
      this.controls.look, this.controls.vectors,
      html("div", { class: "body" }, html("div", { class: "sheet-column" }, this.blocks, this.sheet.element), this.reading.element));
    parent.append(this.root);
    this.watcher = new ResizeObserver(() => this.resized());
    this.watcher.observe(this.root);
    shared.labs.set(key, this);
  }

  remove() {
    this.watcher.disconnect();
    if (shared.labs.get(this.key) === this) shared.labs.delete(this.key);
    this.root.remove();
  }

  // ------------------------------------------------------------------------------------- data

  load(data, setStateValue) {
    this.alone = Boolean(data.alone);
    this.send = this.alone ? () => {} : setStateValue;
    const dark = isDark(this.parent);
    const turned = dark !== this.dark;
    this.dark = dark;
    this.root.classList.toggle("dark", dark);
    if (this.signature === data.signature && !turned) return;
    speak(data.words);
    if (this.signature !== data.signature) {
      this.signature = data.signature;
      this.data = data;
      this.show(new Shown({ ...data, cells: decoded(data.cells) }));
      this.all = this.shown;
      if (this.vs?.length !== data.sizes[0] || this.us?.length !== data.sizes[1]) {
        this.vs = new Float64Array(data.sizes[0]).fill(1);
        this.us = new Float64Array(data.sizes[1]).fill(1);
        this.answer = null;
      }
    }
    this.paper = palette(this.root);
    this.draw();
    const known = shared.answers.get(this.key);
    if (known) this.answered(known);
  }

  show(shown) {
    this.shown = shown;
    if (!shown.tileable) this.look.layout = "matrix";
    this.chosen = this.pointed = null;
    const blocks = { rows: shown.rows.bands[0]?.block ?? 1, columns: shown.columns.bands[0]?.block ?? 1 };
    const closer = !this.alone && (this.data.parts.length > 1 || this.data.samples.count);
    this.blocks.textContent = shown.whole ? "" : text(this.alone ? "blocks.alone" : "blocks", blocks) + (closer ? ` ${WORDS["blocks.closer"]}` : "");
  }

  /** What torch says to a v and a u; what belongs to an earlier one of them is left out. */
  answered(data) {
    if (!this.data) return;
    this.answer ??= {};
    if (data.look && !this.looked) {
      const known = { colours: ["picture", "tensor", "log"], layout: this.shown.tileable ? ["matrix", "full"] : ["matrix"], numbers: [true, false] };
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
    this.draw();
  }

  /** vᵀJ or J u: what the server said of these numbers, else what they give here. */
  product(name) {
    return this.answer?.[name]?.product ?? this.all.times(name, this[`${name}s`]);
  }

  /** Whether v and u, and a part by itself, can be seen: alone that needs every entry. */
  get vectors() {
    return !this.alone || this.all.complete;
  }

  // --------------------------------------------------------------------------------- drawing

  draw() {
    if (!this.data) return;
    this.controls.draw();
    this.redraw();
  }

  /** All but the controls: an element that is being used must stay. */
  redraw() {
    if (!this.data) return;
    this.fill();
    this.reading.draw();
  }

  /** Draw the matrix as wide as the place is; on a phone it comes before all that belongs to it. */
  fill() {
    if (!this.root.clientWidth) return;
    this.root.classList.toggle("narrow", this.root.clientWidth < NARROW);
    this.sheet.draw(this.root.clientWidth);
  }

  resized() {
    if (!this.data || Math.abs(this.root.clientWidth - (this.sheet.width ?? 0)) < 2) return;
    this.fill();
  }

  // ------------------------------------------------------------------- what the person does

  /** Take another v or u: draw with it at once, and ask torch when it has come to rest. */
  take(name, vector, numbers, moving = false) {
    this[`${name}s`] = Float64Array.from(numbers);
    if (this.answer) this.answer[name] = null;
    this.count[name] += 1;
    this.moving = moving;
    this.redraw();
    clearTimeout(this.timers[name]);
    const count = this.count[name];
    this.timers[name] = setTimeout(() => this.send(name, { ...vector, count }), RESTS);
  }

  /** Change one number of v or u. */
  change(name, at, value, moving) {
    const numbers = [...this[`${name}s`]];
    numbers[at] = value;
    this.take(name, { kind: "typed", values: numbers }, numbers, moving);
  }

  /** The slider was let go. */
  rest() {
    this.moving = false;
    this.controls.draw();
    this.reading.draw();
  }

  /** Draw it in another way, and have the page keep that: it travels with the link. */
  restyle(change) {
    Object.assign(this.look, change);
    this.looked = true;
    this.send("look", { ...this.look });
    if ("layout" in change) this.chosen = this.pointed = null;
    this.draw();
  }

  /** See another part of the matrix. */
  see(part) {
    this.send("window", part);
    if (!this.alone) return;
    this.data.window = part;
    this.show(new Shown(windowed({ ...this.data, cells: this.all.cells }, part)));
    this.draw();
  }

  /** Have the page open a row, a column or a cell. */
  open(what) {
    this.opened += 1;
    this.send("open", { ...what, count: this.opened });
  }

  point(found) {
    if (found?.row === this.pointed?.row && found?.column === this.pointed?.column) return;
    this.pointed = found;
    this.sheet.mark();
    this.reading.point();
  }

  choose(found) {
    this.chosen = found;
    this.sheet.mark();
    this.controls.draw();
    this.reading.draw();
  }

  onKey(event) {
    const turns = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (event.target !== this.sheet.element || !turns || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const next = (now, turn, axis) => within((now ?? -turn) + turn, 0, axis.cells.length - 1);
    this.pointed = null;
    this.choose({ row: next(this.chosen?.row, turns[0], this.shown.rows), column: next(this.chosen?.column, turns[1], this.shown.columns) });
    this.reading.speak();
  }
}

function mountLab({ data, parentElement, setStateValue }) {
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
