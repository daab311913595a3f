// The chain rule along one path: factors, running products in either order, one step at a time.

const CHAIN_MS = 1100; // a step while it plays
const TALLEST = 150; // px of a matrix
const COLUMN_LEAST = 78, COLUMN_PHONE = 132, COLUMN_MOST = 200, COLUMN_GAP = 17, PILL = 46, PILL_GAP = 26;
const GUTTER = 68, VECTOR = 116, END = 116;
const COLUMN_HEAD = 66;

const chains = (globalThis[Symbol.for("autograd-explorer.chain")] ??= {
  components: new WeakMap(), // by parentElement
  places: new Map(), // by key: order and step, for when the page is drawn anew
});

class Chain {
  constructor(parent, key, choose) {
    Object.assign(this, { parent, key, choosePath: choose, order: "reverse", step: 0, opened: new Set(), pointed: null });
    this.build();
    this.keys = (event) => this.onKey(event);
    document.addEventListener("keydown", this.keys);
    this.watcher = new ResizeObserver(() => this.draw());
    this.watcher.observe(this.root);
  }

  build() {
    this.counter = html("span", { class: "counter" });
    this.sentence = html("p", { class: "sentence" });
    this.holder = html("div", { class: "chain-stage", tabindex: "0", role: "group", "aria-label": WORDS["chain.stage"] });
    this.scales = html("div", { class: "legend" });
    this.playButton = html("button", { type: "button", class: "play", onclick: () => this.toggle() });
    this.range = html("input", { type: "range", min: "0", step: "1", "aria-label": WORDS["chain.range"], oninput: () => this.goTo(Number(this.range.value)) });
    this.orders = ["reverse", "forward"].map((order) => html("button", { type: "button", "aria-pressed": "false", title: WORDS[`chain.${order}.title`], onclick: () => this.take(order) }, WORDS[`chain.${order}`]));
    this.why = html("div", { class: "panel-body", "aria-live": "polite" });
    this.whyTitle = html("h3", { class: "why-title" });
    this.costs = html("div", { class: "panel-body" });
    this.sums = html("div", { class: "panel-body" });
    this.sumTitle = html("h3", {});
    this.root = html("div", { class: "player chain", tabindex: "-1", onclick: (event) => event.detail > 0 && event.target.closest(".transport button") && this.root.focus({ preventScroll: true }) },
      html("div", { class: "caption", role: "status", "aria-live": "polite", "aria-atomic": "true" }, this.counter, this.sentence),
      this.holder, this.scales,
      html("div", { class: "transport" },
        iconButton("start", WORDS["button.start"], "Home", () => this.goTo(0)),
        iconButton("back", WORDS["button.back"], "←", () => this.goTo(this.step - 1)),
        this.playButton,
        iconButton("forward", WORDS["button.forward"], "→", () => this.goTo(this.step + 1)),
        html("div", { class: "chain-range" }, this.range),
        html("div", { class: "chain-orders", role: "group", "aria-label": WORDS["chain.orders"] }, ...this.orders)),
      html("div", { class: "panels" },
        html("section", { class: "why" }, this.whyTitle, this.why),
        html("section", {}, html("h3", {}, WORDS["chain.costs"]), this.costs),
        html("section", {}, this.sumTitle, this.sums)));
    this.parent.append(this.root);
    this.showPlaying(false);
  }

  load(data) {
    this.root.classList.toggle("dark", isDark(this.parent));
    if (data.signature === this.signature) return;
    this.pause();
    Object.assign(this, { data, signature: data.signature, numbers: new Numbers(data.arrays), pointed: null, opened: new Set() });
    const known = chains.places.get(this.key);
    this.order = known?.order ?? "reverse";
    this.step = known?.signature === data.signature ? known.step : 0;
    this.draw();
  }

  // ------------------------------------------------------------------------------------- steps

  /** Factors that have a step of their own: shape-only nodes only where they were opened. */
  get columns() {
    return this.data.links.flatMap((link, place) => (link.kind === "bead" && !this.opened.has(place) ? [] : [place]));
  }

  /** From the right, v comes in at the end, as a step of its own. */
  get last() {
    return this.columns.length + (this.order === "forward" && this.data.vector !== null ? 1 : 0);
  }

  /** The factors that have been taken, as [first, past the last) of the links. */
  get taken() {
    const { columns, step, order } = this, count = this.data.links.length;
    if (!step) return order === "reverse" ? [0, 0] : [count, count];
    if (order === "reverse") return [0, step >= columns.length ? count : columns[step]];
    const place = columns.length - step;
    return [place <= 0 ? 0 : columns[place - 1] + 1, count];
  }

  /** The link that the step has just taken; null at rest, and when v comes in. */
  get current() {
    const { columns, step, order } = this;
    if (!step || step > columns.length) return null;
    return order === "reverse" ? columns[step - 1] : columns[columns.length - step];
  }

  goTo(step, playing = false) {
    if (!playing) this.pause();
    this.step = within(step, 0, this.last);
    this.pointed = null;
    this.draw(true);
  }

  take(order) {
    this.pause();
    this.order = order;
    this.goTo(0);
  }

  toggle() {
    if (this.playing) return this.pause();
    if (this.step >= this.last) this.goTo(0);
    this.playing = setInterval(() => {
      this.goTo(this.step + 1, true);
      if (this.step >= this.last) this.pause();
    }, CHAIN_MS);
    this.showPlaying(true);
    this.goTo(this.step + 1, true);
  }

  pause() {
    clearInterval(this.playing);
    this.playing = null;
    this.showPlaying(false);
  }

  showPlaying(playing) {
    const words = WORDS[playing ? "button.pause" : "button.play"];
    this.playButton.setAttribute("aria-label", words);
    this.playButton.title = `${words} (Space)`;
    this.playButton.replaceChildren(icon(playing ? "pause" : "play"));
  }

  onKey(event) {
    if (!this.data || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.composedPath()[0];
    if (target !== this.range && (["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName) || target.isContentEditable)) return;
    if (target.closest?.("[role=listbox],[role=option]")) return;
    const acts = { ArrowRight: () => this.goTo(this.step + 1), ArrowLeft: () => this.goTo(this.step - 1), Home: () => this.goTo(0), End: () => this.goTo(this.last),
      ArrowDown: () => this.turn(1), ArrowUp: () => this.turn(-1), " ": () => this.toggle(), m: () => this.take(this.order === "reverse" ? "forward" : "reverse") };
    if (!acts[event.key] || (event.key === " " && target.tagName === "BUTTON")) return;
    event.preventDefault();
    acts[event.key]();
  }

  // ----------------------------------------------------------------------------------- drawing

  draw(fresh = false) {
    if (!this.data || !this.root.clientWidth) return;
    chains.places.set(this.key, { signature: this.signature, order: this.order, step: this.step });
    this.scale = this.scaleOf();
    this.range.max = String(this.last);
    this.range.value = String(this.step);
    this.orders.forEach((button, place) => button.setAttribute("aria-pressed", String((place === 0) === (this.order === "reverse"))));
    this.drawCaption();
    this.drawStage(fresh);
    this.drawScales();
    this.drawCosts();
    this.drawSum();
    this.explain(this.pointed ?? this.telling());
  }

  /** Where the colours of each kind of number end: factors, products, and rows. */
  scaleOf() {
    const most = (numbers) => Math.max(0, ...numbers.filter((number_) => number_ !== null).map((number_) => this.numbers.largest(number_)));
    const { links, vector, sum } = this.data;
    return {
      factor: most(links.map((link) => link.matrix)),
      product: most(links.flatMap((link) => [link.left, link.right])),
      row: most([vector, sum.total, sum.torch, ...links.map((link) => link.row), ...sum.ways.map((way) => way.adds)]),
    };
  }

  get cost() {
    const [first, past] = this.taken;
    const key = this.order === "reverse" ? "left_cost" : "right_cost";
    const taken = this.data.links.slice(first, past).reduce((sum, link) => sum + link[key], 0);
    return this.order === "forward" && this.step > this.columns.length ? this.data.costs.row_from_right : taken;
  }

  drawCaption() {
    const { data, step, order } = this, link = this.current === null ? null : data.links[this.current];
    const count = this.columns.length;
    const values = { root: { code: data.root }, leaf: { code: data.leaf }, whole: { code: `∂${data.root}/∂${data.leaf}` }, count };
    let id = step ? "chain.said.vector" : `chain.rest.${order}`;
    if (link) {
      const [first, past] = this.taken;
      const by = data.links[past - 1].by, of = data.links[first].of;
      Object.assign(values, { label: link.label ? { code: link.label } : { text: text("chain.factors", { count: link.count }) }, cost: this.cost.toLocaleString("en"), title: { code: link.title } });
      if (order === "reverse") Object.assign(values, { made: { code: `vᵀ∂${data.root}/∂${by}` } });
      else Object.assign(values, { made: { code: `∂${of}/∂${data.leaf}` } });
      id = this.made(order) ? `chain.said.${order}${step === 1 ? ".first" : ""}` : "chain.said.unknown";
    } else if (step) Object.assign(values, { cost: this.cost.toLocaleString("en") });
    if (!data.links.length) id = "chain.none";
    this.counter.replaceChildren(...(step ? [String(step), html("small", {}, text("chain.of", { count: this.last }))] : [WORDS["step.rest"]]));
    this.counter.classList.toggle("resting", !step);
    this.sentence.replaceChildren(...say(id, values));
    this.sentence.classList.toggle("long", this.sentence.textContent.length > 170);
  }

  /** The array that the step has made; null where it is not known. */
  made(order = this.order) {
    const [first, past] = this.taken;
    if (!this.step) return null;
    const number_ = order === "reverse" ? this.data.links[past - 1]?.row ?? this.data.links[past - 1]?.left : this.data.links[first]?.right;
    return this.numbers.get(number_ ?? null);
  }

  drawStage(fresh) {
    const { data } = this, { links } = data;
    const isColumn = (link, place) => link.kind !== "bead" || this.opened.has(place);
    const wide = links.filter(isColumn).length, pills = links.length - wide;
    const vector = this.numbers.get(data.vector);
    const room = this.root.clientWidth - 44 - GUTTER - END - (PILL + PILL_GAP) * pills - (vector ? VECTOR : 0);
    const least = this.root.clientWidth < 560 ? COLUMN_PHONE : COLUMN_LEAST; // a phone shows the present factor, not all
    const width = within(room / Math.max(1, wide) - COLUMN_GAP, least, COLUMN_MOST);
    this.width = width;
    const grids = links.map((link) => this.grids(link, width));
    const tall = (kind) => Math.max(34, ...grids.map((grid) => (grid[kind] ? grid[kind].down * grid[kind].h : 0)));
    const tops = { factor: COLUMN_HEAD };
    const rowHigh = vector ? 30 : 0;
    tops.row = tops.factor + tall("factor") + 34;
    tops.product = tops.row + (vector ? rowHigh + 34 : 0);
    const total = { h: tops.product + tall(this.order === "reverse" ? "left" : "right") + 16 };
    const marks = svg("g", { class: "marks" });
    const picture = svg("svg", { class: "chain-picture" }, hatching());
    this.shown = [];
    this.lines = { tops, tall: tall("factor") };
    const middle = tops.factor + tall("factor") / 2;
    const word = (x, y, words, kind = "", anchor = "middle") => picture.append(svg("text", { class: `chain-word ${kind}`, x, y, "text-anchor": anchor }, words));
    const gutter = (y, id) => WORDS[id].split("|").forEach((line, number_) => word(0, y + 17 * number_, line, "", "start"));
    gutter(middle - 4, "chain.row.factors");
    if (vector) gutter(tops.row + 12, this.order === "reverse" ? "chain.row.vector" : "chain.row.vector.last");
    gutter(tops.product + 14, "chain.row.product");
    let x = GUTTER;
    if (vector) {
      const grid = heatGrid(1, vector.length, VECTOR - 26, rowHigh);
      this.place("vector", null, vector, { ...grid, h: 30 }, x + 2, tops.row, this.scale.row, picture);
      word(x + 2, tops.row - 8, "vᵀ", "name", "start");
      x += Math.max(40, grid.across * grid.w) + 26;
    }
    const [first, past] = this.taken;
    links.forEach((link, place) => {
      const isTaken = place >= first && place < past, isNow = place === this.current;
      if (!isColumn(link, place)) {
        picture.append(this.pill(link, place, x, middle, isTaken));
        x += PILL + PILL_GAP;
        return;
      }
      const centre = x + width / 2;
      picture.append(this.frame(link, place, x, width, tops, isTaken, isNow));
      const grid = grids[place];
      this.factor(link, place, grid, centre, tops, picture);
      this.results(link, place, grid, centre, tops, picture, fresh && isNow);
      if (place < links.length - 1) word(x + width + COLUMN_GAP / 2, middle + 6, "·", "times");
      x += width + COLUMN_GAP;
    });
    x = this.drawEnd(x, middle, tops, grids, picture, fresh);
    picture.append(marks);
    this.marks = marks;
    for (const [name, value] of Object.entries({ width: x, height: total.h, viewBox: `0 0 ${x} ${total.h}` })) picture.setAttribute(name, value);
    this.holder.replaceChildren(picture);
    const now = this.shown.find((one) => one.isNow);
    if (now) this.holder.scrollLeft = now.x - this.holder.clientWidth / 2;
    else this.holder.scrollLeft = this.order === "reverse" || this.step > this.columns.length ? 0 : x;
  }

  sizeOf(shape) {
    return shape.reduce((product, part) => product * part, 1);
  }

  grids(link, width) {
    const m = this.sizeOf(link.row_shape), n = this.sizeOf(link.column_shape);
    const whole = (rows, columns) => heatGrid(rows, columns, width, TALLEST);
    const factor = whole(m, n);
    const top = this.sizeOf(this.data.root_shape), end = this.sizeOf(this.data.leaf_shape);
    // What ends at a factor has its columns, so it lines up under it.
    const under = (rows) => ({ ...whole(rows, n), w: factor.w, across: factor.across, wide: factor.wide });
    const row = { ...under(1), h: 30, high: 1, down: 1 };
    const left = under(top);
    return { factor, row, left: { ...left, h: top * n === 1 ? 34 : left.h }, right: whole(m, end) };
  }

  /** Draw one matrix and remember where it stands. */
  place(kind, place, values, grid, x, y, scale, picture, { isNow = false, fresh = false } = {}) {
    const shown_ = { kind, place, values, grid, x, y, isNow };
    const group = svg("g", { class: `heat ${kind}${fresh ? ` fresh ${this.order}` : ""}`, onpointermove: (event) => this.point(shown_, event), onpointerleave: () => this.point(null), onclick: (event) => this.point(shown_, event, true) },
      heatmap(values, grid, x, y, scale));
    picture.append(group);
    this.shown.push(shown_);
    return shown_;
  }

  frame(link, place, x, width, tops, isTaken, isNow) {
    const group = svg("g", { class: `factor${isTaken ? " taken" : ""}${isNow ? " now" : ""}` });
    group.append(svg("title", {}, `${link.title}: ${link.label} (${link.name})`),
      svg("rect", { class: "ground", x: x - 8, y: 2, width: width + 16, height: tops.factor + this.lines.tall + 6, rx: 10 }),
      svg("text", { class: "chain-title", x: x + width / 2, y: 21, "text-anchor": "middle" }, this.fits(link.title, width, this.symbol(place, place), 9.1)),
      svg("text", { class: "chain-label", x: x + width / 2, y: 39, "text-anchor": "middle" }, shortened(link.label || text("chain.rest", { count: link.count }), Math.floor(width / 7.3))),
      svg("text", { class: "chain-torch", x: x + width / 2, y: 55, "text-anchor": "middle" }, shortened(`${link.kind === "rest" ? "" : link.name} ${this.sizeOf(link.row_shape)}×${this.sizeOf(link.column_shape)}`, Math.floor(width / 6.8))));
    if (link.kind === "bead") group.append(svg("text", { class: "chain-close", x: x + width, y: 20, role: "button", onclick: () => this.open(place) }, "×"));
    return group;
  }

  /** A node that only changes the shape, folded: a click gives it its matrix and a step. */
  pill(link, place, x, middle, isTaken) {
    const words = text("chain.pill", { name: link.name, of: { code: link.of }, by: { code: link.by } });
    return svg("g", { class: `pill${isTaken ? " taken" : ""}`, tabindex: "0", role: "button", "aria-label": words, onclick: () => this.open(place), onkeydown: (event) => { if (event.key === "Enter") this.open(place); } },
      svg("title", {}, words),
      svg("rect", { x, y: middle - 13, width: PILL, height: 26, rx: 13 }),
      svg("text", { x: x + PILL / 2, y: middle + 4, "text-anchor": "middle" }, shortened(link.name, 6)));
  }

  open(place) {
    if (!this.opened.delete(place)) this.opened.add(place);
    this.goTo(0);
  }

  factor(link, place, grid, centre, tops, picture) {
    const values = this.numbers.get(link.matrix);
    const y = tops.factor + (this.lines.tall - grid.factor.down * grid.factor.h) / 2;
    const x = centre - (grid.factor.across * grid.factor.w) / 2;
    if (values) {
      this.place("factor", place, values, grid.factor, x, y, this.scale.factor, picture, { isNow: place === this.current });
      return;
    }
    const box = { x: centre - 50, y: tops.factor, w: 100, h: this.lines.tall };
    picture.append(svg("g", { class: "unknown" }, svg("title", {}, link.note || WORDS["chain.unsent"]),
      emptyTile(box), svg("text", { class: "chain-label", x: centre, y: box.y + box.h / 2 + 4, "text-anchor": "middle" }, shortened(link.note || WORDS["chain.unsent"], 15))));
  }

  /** What has been made at a factor: the row and the running product under it. */
  results(link, place, grid, centre, tops, picture, fresh) {
    const [first, past] = this.taken, isNow = place === this.current;
    const isMade = place >= first && place < past;
    const draw = (kind, number_, grid_, y, scale) => {
      const values = this.numbers.get(number_);
      const x = centre - (grid_.across * grid_.w) / 2;
      if (isMade && values) this.place(kind, place, values, grid_, x, y, scale, picture, { isNow: false, fresh });
      else picture.append(svg("g", { class: isMade ? "unknown" : "pending-heat" }, emptyTile({ x, y, w: grid_.across * grid_.w, h: grid_.down * grid_.h }),
        isMade ? svg("text", { class: "chain-label", x: centre, y: y + 18, "text-anchor": "middle" }, "?") : null));
    };
    if (this.order === "reverse") {
      if (this.data.vector !== null) draw("row", link.row, grid.row, tops.row, this.scale.row);
      draw("left", link.left, grid.left, tops.product, this.scale.product);
    } else draw("right", link.right, grid.right, tops.product, this.scale.product);
    if (isMade) this.name(link, place, centre, tops, picture);
  }

  name(link, place, centre, tops, picture) {
    const { data, order } = this;
    const words = (y, label, symbol) => picture.append(svg("text", { class: "chain-word name", x: centre, y, "text-anchor": "middle" }, this.fits(label, this.width + 10, symbol, 7.6)));
    const last = data.links.length - 1;
    if (order === "reverse") {
      if (data.vector !== null) words(tops.row - 8, `vᵀ∂${data.root}/∂${link.by}`, `vᵀ${this.symbol(0, place)}`);
      words(tops.product - 8, `∂${data.root}/∂${link.by}`, this.symbol(0, place));
    } else words(tops.product - 8, `∂${link.of}/∂${data.leaf}`, this.symbol(place, last));
  }

  /** A name where it fits into `width` px, else the symbol that stands for it. */
  fits(words, width, symbol, letter) {
    return words.length * letter <= width ? words : symbol;
  }

  /** The product of factors `first` to `last` (places from the root) as `J₃J₂`. */
  symbol(first, last) {
    const count = this.data.links.length;
    const one = (place_) => `J${[...String(count - place_)].map((digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]).join("")}`;
    if (first === last) return one(first);
    return `${one(first)}${last - first > 1 ? "⋯" : ""}${one(last)}`;
  }

  /** The end of the path at the right: the whole product, and the row that it adds to the leaf. */
  drawEnd(x, middle, tops, grids, picture, fresh) {
    const { data } = this, { links } = data;
    if (!links.length) return x;
    const isDone = this.step >= this.last && this.last > 0;
    const end = links[links.length - 1];
    const grid = this.order === "reverse" ? grids[links.length - 1].left : grids[0].right;
    const product = grid.across * grid.w <= END ? grid : heatGrid(grid.rows, grid.columns, END, TALLEST);
    const row = { ...product, rows: 1, high: 1, down: 1, h: 30 };
    const centre = x + END / 2;
    picture.append(svg("text", { class: "chain-word times", x: x - COLUMN_GAP / 2 + 2, y: middle + 7, "text-anchor": "middle" }, "="),
      svg("text", { class: "chain-title", x: centre, y: 21, "text-anchor": "middle" }, this.fits(`∂${data.root}/∂${data.leaf}`, END - 10, WORDS["chain.product"], 9.1)),
      svg("text", { class: "chain-label", x: centre, y: 39, "text-anchor": "middle" }, WORDS[data.sum.count === "1" ? "chain.end.only" : "chain.end"]));
    const put = (kind, number_, grid, y, scale, label) => {
      const values = this.numbers.get(number_), at = centre - (grid.across * grid.w) / 2;
      if (isDone && values) {
        this.place(kind, links.length - 1, values, grid, at, y, scale, picture, { fresh });
        if (label) picture.append(svg("text", { class: "chain-word name", x: centre, y: y - 8, "text-anchor": "middle" }, this.fits(label, END - 6, label[0] === "v" ? "vᵀJ" : "J", 7.6)));
      } else picture.append(emptyTile({ x: at, y, w: grid.across * grid.w, h: grid.down * grid.h }));
    };
    if (data.vector !== null) put("end", end.row, row, tops.row, this.scale.row, `vᵀ∂${data.root}/∂${data.leaf}`);
    put(this.order === "reverse" ? "left" : "right", this.order === "reverse" ? end.left : links[0].right, product, tops.product, this.scale.product, `∂${data.root}/∂${data.leaf}`);
    return x + END;
  }

  drawScales() {
    const { links } = this.data;
    const one = (id, most) => (most > 0 ? [html("span", { class: "chain-scale" }, html("b", {}, WORDS[id]), scaleKey(most))] : []);
    const shrunk = this.shown.find(({ grid }) => grid.high * grid.wide > 1);
    this.scales.replaceChildren(
      ...one("chain.scale.factors", this.scale.factor), ...(this.data.vector === null ? [] : one("chain.scale.rows", this.scale.row)), ...one("chain.scale.products", this.scale.product),
      html("span", { class: "key" }, html("i", { class: "swatch zero" }), WORDS["legend.zero"]),
      ...(links.some((link) => link.kind === "bead") ? [html("span", { class: "key" }, html("i", { class: "swatch pill-swatch" }), WORDS["chain.legend.pill"])] : []),
      ...(shrunk ? [html("span", {}, text("panel.block", { rows: shrunk.grid.high, columns: shrunk.grid.wide }))] : []));
  }

  // ------------------------------------------------------------------------------------ panels

  drawCosts() {
    const { costs, root, leaf, root_shape, leaf_shape } = this.data;
    const words = (count) => count.toLocaleString("en");
    const best = (one, other) => (one < other ? "best" : null);
    const cell = (mine, other) => html("td", { class: best(mine, other) }, words(mine));
    const n = this.sizeOf(leaf_shape), m = this.sizeOf(root_shape);
    const table = html("table", { class: "costs" },
      html("thead", {}, html("tr", {}, html("th", {}), html("th", { scope: "col" }, WORDS["chain.reverse"]), html("th", { scope: "col" }, WORDS["chain.forward"]))),
      html("tbody", {},
        this.data.vector === null ? null : html("tr", {}, html("th", { scope: "row" }, "vᵀJ"), cell(costs.row_from_left, costs.row_from_right), cell(costs.row_from_right, costs.row_from_left)),
        html("tr", {}, html("th", { scope: "row" }, WORDS["chain.whole"]), cell(costs.matrix_from_left, costs.matrix_from_right), cell(costs.matrix_from_right, costs.matrix_from_left))));
    const names = { root: { code: root }, leaf: { code: leaf } };
    this.costs.replaceChildren(table,
      html("p", { class: "note" }, ...say("chain.why.reverse", { ...names, count: m, cost: words(costs.row_from_left) })),
      html("p", { class: "note" }, ...say("chain.why.forward", { ...names, count: n, cost: words(costs.row_from_right) })),
      html("p", { class: "note" }, WORDS["chain.counted"]));
  }

  drawSum() {
    const { sum, leaf, leaf_shape, chosen } = this.data;
    const count = sum.count;
    this.sumTitle.replaceChildren(text(count === "1" ? "chain.sum.one" : "chain.sum", { number: { text: count }, leaf: { code: leaf } }));
    const tile = (number_, room = 110) => {
      const values = this.numbers.get(number_);
      if (values) {
        const picture = tilePicture(tileFrom(values, leaf_shape), this.scale.row, room);
        picture.style.width = `${picture.getAttribute("width")}px`; // in a button, pictures are icons
        picture.style.height = `${picture.getAttribute("height")}px`;
        return picture;
      }
      return html("span", { class: "pending" }, "?");
    };
    const rows = sum.ways.map((way, place) => html("button", {
      type: "button", class: "way", "aria-pressed": String(place === chosen), title: way.label, onclick: () => this.choosePath(place),
    }, html("span", { class: "way-name" }, `${place ? "+ " : ""}${way.label}`), tile(way.adds)));
    const more = String(sum.ways.length) === count ? [] : [html("p", { class: "note" }, text("chain.sum.more", { number: { text: count }, count: sum.ways.length }))];
    const said = this.numbers.get(sum.torch);
    const check = sum.agrees === null ? html("span", { class: "check unknown" }, WORDS[said ? "chain.sum.unknown" : "chain.sum.unsaid"])
      : html("span", { class: sum.agrees ? "check" : "check differs" }, WORDS[sum.agrees ? "chain.sum.agrees" : "chain.sum.differs"]);
    this.sums.replaceChildren(...(sum.ways.length > 1 ? rows : []), ...more,
      html("div", { class: "way total" }, html("span", { class: "way-name" }, sum.ways.length > 1 ? "= " : "", html("code", {}, `vᵀ∂${this.data.root}/∂${leaf}`)), tile(sum.total ?? sum.torch, 150)),
      html("p", { class: "note" }, check, sum.agrees === false ? html("span", {}, " ", WORDS["chain.sum.why"]) : ""));
  }

  // ------------------------------------------------------------------------------ why a number

  point(shown_, event, isKept = false) {
    if (!shown_) {
      if (!this.pointed?.isKept) { this.pointed = null; this.explain(this.telling()); }
      return;
    }
    const corner = this.holder.firstChild.getBoundingClientRect();
    const element = heatAt(shown_.values, shown_.grid, event.clientX - corner.left - shown_.x, event.clientY - corner.top - shown_.y);
    if (element === null || (this.pointed?.isKept && !isKept)) return;
    this.pointed = { shown: shown_, element, isKept };
    this.explain(this.pointed);
  }

  /** The most telling number of what the step has made. */
  telling() {
    const { step, order, columns } = this;
    if (!step) return null;
    const kind = order === "forward" ? (step > columns.length ? "end" : "right") : this.data.vector === null ? "left" : "row";
    const found = this.shown.find((one) => one.kind === kind && (kind === "end" || one.place === this.current));
    return found ? { shown: found, element: mostTelling(found.values) } : null;
  }

  /** The next or previous number of what is explained. */
  turn(by) {
    const now = this.pointed ?? this.telling();
    if (!now) return;
    this.pointed = { shown: now.shown, element: within(now.element + by, 0, now.shown.values.length - 1), isKept: true };
    this.explain(this.pointed);
  }

  /** The two vectors whose products add up to an element, with what they are called. */
  partsOf({ shown: one, element }) {
    const { data } = this, { links } = data, columns = one.grid.columns;
    const link = links[one.place], i = Math.floor(element / columns), j = element % columns;
    const at = (place) => links[place];
    const m = link ? this.sizeOf(link.row_shape) : 0, n = link ? this.sizeOf(link.column_shape) : 0;
    const rowOf = (values, row, count) => Array.from({ length: count }, (_, k) => values[row * count + k]);
    if (one.kind === "row" || (one.kind === "end" && this.order === "reverse")) {
      const before = this.numbers.get(one.place ? at(one.place - 1).row : data.vector), J = this.numbers.get(link.matrix);
      return before && J ? { g: before, J, j, name: one.place ? `vᵀ∂${data.root}/∂${link.of}` : "v", other: link.title } : null;
    }
    if (one.kind === "end") {
      const J = this.numbers.get(at(0).right), v = this.numbers.get(data.vector);
      return J && v ? { g: v, J, j, name: "v", other: `∂${data.root}/∂${data.leaf}` } : null;
    }
    if (one.kind === "left") {
      const before = one.place ? this.numbers.get(at(one.place - 1).left) : null, J = this.numbers.get(link.matrix);
      return before && J ? { g: rowOf(before, i, m), J, j, name: `∂${data.root}/∂${link.of}`, other: link.title, row: i } : null;
    }
    if (one.kind === "right") {
      const after = one.place < links.length - 1 ? this.numbers.get(at(one.place + 1).right) : null, J = this.numbers.get(link.matrix);
      return after && J && link.kind !== "rest" ? { g: rowOf(J, i, n), J: after, j, name: link.title, other: `∂${link.by}/∂${data.leaf}`, row: i } : null;
    }
    return null;
  }

  nameOf({ shown: one, element }) {
    const { data } = this, link = data.links[one.place], columns = one.grid.columns;
    const i = Math.floor(element / columns), j = element % columns;
    const both = (of, by, rows, cols) => `∂${of}${place(i, rows)}/∂${by}${place(j, cols)}`;
    if (one.kind === "vector") return `v${place(element, data.root_shape)}`;
    if (one.kind === "row" || one.kind === "end") return `(vᵀ∂${data.root}/∂${link.by})${place(element, link.column_shape)}`;
    if (one.kind === "left") return both(data.root, link.by, data.root_shape, link.column_shape);
    if (one.kind === "right") return both(link.of, data.leaf, link.row_shape, data.leaf_shape);
    return both(link.of, link.by, link.row_shape, link.column_shape);
  }

  explain(now) {
    this.mark(now);
    if (!now) {
      this.whyTitle.replaceChildren(WORDS["panel.why"]);
      this.why.replaceChildren(html("p", { class: "note" }, WORDS["chain.point"]));
      return;
    }
    const { shown: one, element } = now, value = one.values[element];
    const scale = this.scale[{ factor: "factor", left: "product", right: "product" }[one.kind] ?? "row"];
    this.whyTitle.replaceChildren(html("span", {}, ...say("chain.why", { number: asCell(value), what: { code: this.nameOf(now) } })));
    const parts = this.partsOf(now);
    if (!parts) {
      const link = this.data.links[one.place];
      const id = one.kind === "vector" ? "chain.is.v" : one.kind === "factor" ? "chain.is.local" : "chain.is.first";
      this.why.replaceChildren(html("p", { class: "note" }, ...say(id, link ? { label: { code: link.label }, name: { code: link.name }, value: asCell(value) } : {})));
      return;
    }
    const found = termsOf(parts.g, parts.J, parts.j);
    const numbers = found.terms.flatMap((term, place_) => [place_ ? " + " : "",
      html("span", { class: "term" }, chainSwatch(term.factor, scale), " × ", html("b", {}, number(asCell(term.weight), 3)))]);
    if (found.more) numbers.push(html("span", { class: "aside" }, ` + ${text("why.more", { count: found.more, rest: asCell(found.rest) })}`));
    if (!found.terms.length) numbers.push(html("span", { class: "aside" }, WORDS["chain.zero"]));
    this.why.replaceChildren(
      chainRow("why.rule", html("code", { class: "rule" }, `${parts.name}${parts.row === undefined || one.grid.rows === 1 ? "" : text("chain.of.row", { row: parts.row })} · ${parts.other}${one.grid.columns === 1 ? "" : text("chain.of.column", { column: parts.j })}`)),
      chainRow("why.numbers", ...numbers),
      chainRow("why.value", chainSwatch(found.total, scale)));
  }

  /** Outline an element, and the row and the column that made it. */
  mark(now) {
    const { marks } = this;
    if (!marks) return;
    marks.replaceChildren();
    if (!now) return;
    const { shown: one, element } = now;
    const find = (kind, place_) => this.shown.find((other) => other.kind === kind && other.place === place_);
    const columns = one.grid.columns, i = Math.floor(element / columns), j = element % columns;
    const bar = (other, row, column) => {
      if (!other) return;
      const { grid, x, y } = other;
      const r = row === null ? 0 : Math.floor(row / grid.high), c = column === null ? 0 : Math.floor(column / grid.wide);
      marks.append(svg("rect", { class: "mark lit", x: x + c * grid.w - 1, y: y + r * grid.h - 1, width: (column === null ? grid.across : 1) * grid.w + 2, height: (row === null ? grid.down : 1) * grid.h + 2, rx: 2 }));
    };
    if (one.kind === "row") {
      bar(find("factor", one.place), null, j);
      bar(one.place ? find("row", one.place - 1) : find("vector", null), 0, null);
    } else if (one.kind === "left" && one.place) {
      bar(find("factor", one.place), null, j);
      bar(find("left", one.place - 1), i, null);
    } else if (one.kind === "right" && one.place < this.data.links.length - 1) {
      bar(find("factor", one.place), i, null);
      bar(find("right", one.place + 1), null, j);
    } else if (one.kind === "end" && this.order === "forward") {
      bar(find("vector", null), 0, null);
      bar(find("right", 0), null, j);
    }
    marks.append(heatMark(one.grid, element, one.x, one.y, "chosen"));
  }

  remove() {
    this.pause();
    document.removeEventListener("keydown", this.keys);
    this.watcher.disconnect();
    this.root.remove();
  }
}

function chainRow(id, ...children) {
  return html("div", { class: "row" }, html("span", { class: "row-name" }, WORDS[id]), html("span", { class: "row-body" }, ...children));
}

/** A number on the colour that its cell has. */
function chainSwatch(value, scale) {
  const cell = asCell(value), name = level(cell, scale);
  return html("span", { class: `swatched back-${name}`, style: `color:var(--${name === "x" ? "ink" : `${name}t`})` }, number(cell, 3));
}

/** The ramp of colours with its ends. */
function scaleKey(most) {
  const colours = [...[8, 7, 6, 5, 4, 3, 2, 1].map((step) => `n${step}`), "z", ...[1, 2, 3, 4, 5, 6, 7, 8].map((step) => `p${step}`)];
  return html("span", { class: "key scale" }, `−${number(most)}`, html("span", { class: "ramp" }, ...colours.map((colour) => html("i", { class: `back-${colour}` }))), number(most));
}

export default function ({ data, parentElement, setTriggerValue }) {
  speak(data.words);
  let chain = chains.components.get(parentElement);
  if (chain && chain.language !== data.language) {
    chain.remove();
    chain = null;
  }
  if (!chain) {
    chain = new Chain(parentElement, data.key, (path) => setTriggerValue("path", path));
    chain.language = data.language;
    chains.components.set(parentElement, chain);
  }
  chain.load(data);
  return () => {
    chains.components.get(parentElement)?.remove();
    chains.components.delete(parentElement);
  };
}
