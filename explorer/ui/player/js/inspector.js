// Why this number, the local Jacobian and what was saved: the panels that open a node.

const MOST_PARTS = 6; // contributions that are written out in one sum

class Inspector {
  /**
   * `on.light(what)` is told what the person points at: `{ row, column }` of the node shown, or
   * null; `on.select(node)` that they want another node, `on.release()` that they want the step,
   * `on.held()` that they chose an element.
   */
  constructor(on) {
    this.on = on;
    this.whyTitle = html("h3", { class: "why-title" });
    this.why = html("div", { class: "panel-body", tabindex: "0" });
    this.tabs = html("div", { class: "tabs" });
    this.title = html("h3", {});
    this.slots = html("div", { class: "slots" });
    this.body = html("div", { class: "panel-body", tabindex: "0" });
    this.whySection = html("section", { class: "why" }, this.whyTitle, this.why);
    this.section = html("section", { class: "kept" }, this.tabs, this.body);
    this.matrix = new Matrix({ light: (what) => this.light(what), choose: (column) => this.choose(column) });
    this.asking = new Asking({ send: (want) => this.on.ask(want), answered: (told) => this.answered(told) });
    this.tab = "local";
    this.held = null; // the element that was chosen: { node, step, slot, element }
  }

  /** Take one call of a run. */
  load(frames, inspection, numbers, scene, asks) {
    Object.assign(this, { frames, numbers, tiles: frames.tiles, scene: frames.scenes[scene] });
    this.items = new Map(this.scene.items.map((item) => [item.index, item]));
    this.asking.load(this.scene.call, asks);
    this.reason = inspection.reasons[scene] ?? null;
    this.explained = new Map((inspection.scenes[scene] ?? []).map((one) => [`${one.step}.${one.slot}`, one]));
    this.held = null;
  }

  /** Show what `item` did in `frame`, its step; `step` is where the playhead stands. */
  show(item, frame, step, selected, tick = null) {
    Object.assign(this, { item, frame, step, selected, tick });
    if (this.held && (this.held.node !== item?.index)) this.held = null;
    this.draw();
  }

  /** Explain element `element` of what the node shown sends on `slot`. */
  hold(slot, element) {
    if (!this.item) return;
    this.held = { node: this.item.index, slot, element };
    this.draw();
    this.on.held();
  }

  /** As `hold`, for what somebody else said: nothing happens where there is no such element. */
  holdAgain(slot = null, element = null) {
    const { item, frame } = this;
    if (!item || !frame || (slot === null && element === null)) return;
    const isLeaf = item.kind === "bucket";
    const shape = isLeaf ? this.shapeOf(item.after ?? item.added) : this.explained.get(`${item.order}.${slot}`)?.shape;
    const isThere = isLeaf ? slot === null : frame.sent.some((row) => row.title.values.slot === slot);
    if (isThere && (element === null || element < (shape ?? []).reduce((size, side) => size * side, 1))) this.hold(slot, element);
  }

  choose(element) {
    this.hold(this.current().slot, element);
  }

  /** Explain an element, whether or not its terms came along. */
  explainAt(slot, element) {
    const told = this.explained.get(`${this.item?.order}.${slot}`);
    if (!this.item || this.item.kind === "bucket" || told && told.local !== null) this.hold(slot, element);
    else this.askFor(slot, { element, cell: null, block: [1, 1] });
  }

  /** Explain a number whose terms did not come along: one that was asked for before, or by asking. */
  askFor(slot, { element, cell, block }) {
    const want = { call: this.asking.call, node: this.item.index, slot, element, cell, block };
    const known = this.asking.known(want);
    if (!known && this.asking.possible) this.asking.ask(want);
    this.hold(slot, known ? known.element : element);
  }

  answered(told) {
    if (told && this.item?.index === told.node) this.hold(told.slot, told.element);
  }

  /** The answer about the number that is shown, if it was asked for. */
  told(slot, element) {
    return this.item && this.item.kind !== "bucket" ? this.asking.found(this.item.index, slot, element) : null;
  }

  // ------------------------------------------------------------------------------ what is shown

  /** The slot and the element that are explained: those chosen, else the most telling. */
  current() {
    const { item, frame } = this;
    if (!item || !frame) return { slot: null, element: null, told: null };
    if (item.kind === "bucket") return { slot: null, element: this.held?.element ?? this.tellingOf(item.after ?? item.added), told: null };
    const ways = frame.sent.map((row) => row.title.values.slot);
    const alive = frame.sent.find((row) => row.tile !== null);
    const slot = this.held?.slot ?? alive?.title.values.slot ?? ways[0] ?? null;
    const told = this.explained.get(`${item.order}.${slot}`) ?? null;
    const sent = told ? this.numbers.get(told.sent) : null;
    const element = this.held?.element ?? (sent ? mostTelling(sent) : null);
    return { slot, element, told };
  }

  tellingOf(number) {
    const tile = number === null ? null : this.tiles[number];
    if (!tile || tile.block[0] * tile.block[1] > 1 || !tile.cells.length) return null;
    return mostTelling(tile.cells.map(asNumber));
  }

  draw() {
    const { item, frame } = this;
    const now = this.current();
    this.terms = new Map();
    // The caption is read aloud at each step; this panel when the person has asked.
    this.why.setAttribute("aria-live", this.held || this.selected ? "polite" : "off");
    this.drawTitle(now);
    this.why.replaceChildren(...this.explain(now));
    this.drawTabs(item);
    this.drawSlots(now);
    const width = this.body.clientWidth || 300, height = Math.max(150, this.body.clientHeight);
    this.fillBody(this.third(now, width, height));
    this.now = now;
    this.on.light(null);
    this.section.classList.toggle("empty", !item || !frame);
  }

  /** Fill the third panel; a matrix that stays in it keeps the focus. */
  fillBody(children) {
    const [first, ...rest] = children;
    if (first !== this.body.firstChild) return this.body.replaceChildren(...children);
    while (first.nextSibling) first.nextSibling.remove();
    this.body.append(...rest);
  }

  drawTitle({ slot, element, told }) {
    const { item, frame } = this;
    const words = [];
    if (item && item.kind === "bucket" && element !== null) {
      const value = elementOf(this.tiles[item.after ?? item.added], element);
      words.push(...say("why.title", { number: asCell(value), what: { code: item.label + ".grad" + place(element, this.shapeOf(item.after ?? item.added)) } }));
    } else if (told?.sent !== null && told && element !== null) {
      const row = frame.sent.find((one) => one.title.values.slot === slot);
      const value = this.numbers.get(told.sent)[element];
      words.push(...say("why.title", { number: asCell(value), what: row.title.values.derivative }), html("code", {}, place(element, told.shape)));
      const ways = this.waysFrom(slot).all;
      if (ways.length > 1) words.push(text("why.part", { number: ways.findIndex((way) => way.mine) + 1, count: ways.length }));
    } else if (this.told(slot, element)) {
      const row_ = frame.sent.find((one) => one.title.values.slot === slot);
      words.push(...say("why.title", { number: this.told(slot, element).torch, what: row_.title.values.derivative }), html("code", {}, place(element, this.shapeOf(row_.tile))));
    } else words.push(WORDS[!item && this.tick ? (this.tick.beside ? "panel.beside" : "panel.forward") : !item && !frame && this.scene.frames.length ? "panel.rest" : "panel.why"]);
    const back = this.selected ? [html("button", { type: "button", class: "back", title: WORDS["why.back.key"], onclick: () => this.on.release() }, this.step ? text("why.back", { step: this.step }) : WORDS["why.back.rest"])] : [];
    this.whyTitle.replaceChildren(html("span", {}, ...words), ...back);
  }

  shapeOf(number) {
    return number === null ? [] : this.tiles[number].shape;
  }

  // -------------------------------------------------------------------------------- why panel

  explain(now) {
    const { item, frame, scene, tiles } = this;
    const width = this.why.clientWidth || 480;
    if (item && !frame) return [note(WORDS["why.never"])];
    if (!item && this.tick) return forwardPanel(this.tick, tiles, width);
    if (!item && !frame && scene.frames.length) return this.restPanel();
    if (!item || !frame) return whyPanel(frame, item, scene, tiles, width);
    const parts = item.kind === "bucket" ? this.whyLeaf(now) : this.whySent(now) ?? this.whyAsked(now);
    if (parts) return parts;
    const asks = item.kind === "bucket" ? null : this.asksFor(now);
    const isAlone = item.kind !== "bucket" && !this.asking.possible && this.unexplained(now);
    return [...this.ruleRows(now), asks ? asks.line : isAlone ? note(WORDS["ask.nobody"]) : "", ...whyPanel(frame, item, scene, tiles, width, asks?.pick), ...this.notes(now)];
  }

  /** What the call is about to do: where it enters, in which order it goes, where it ends. */
  restPanel() {
    const { scene } = this;
    const rows = [];
    for (const seed of scene.seeds.slice(0, 2)) {
      const root = seed.name || this.items.get(seed.root)?.label || "";
      const id = seed.vector === "1" ? "rest.seed.one" : "rest.seed";
      rows.push(row("rest.row.seed", html("span", { class: "aside rule-words" }, ...say(id, { root: { code: shortened(root, 18) }, vector: seed.vector }))));
    }
    const inOrder = scene.items.filter((item) => item.order !== null).sort((one, other) => one.order - other.order);
    const listed = (items, most, between) => [
      ...items.slice(0, most).flatMap((item, place_) => [place_ ? between : "", this.link(item)]),
      items.length > most ? html("span", { class: "aside" }, ` ${text("rest.more", { count: items.length - most })}`) : "",
    ];
    const cards = inOrder.filter((item) => item.kind === "card"), leaves = inOrder.filter((item) => item.kind === "bucket");
    if (cards.length) rows.push(row("rest.row.order", ...listed(cards, 4, " → "), html("span", { class: "aside rule-words" }, WORDS["rest.order"])));
    if (leaves.length) rows.push(row("rest.row.leaves", ...listed(leaves, 4, ", "), html("span", { class: "aside rule-words" }, WORDS["rest.leaves"])));
    return [...rows, note(WORDS["panel.nothing.rest"])];
  }

  /** The tile of what was sent on a slot, if the terms of its numbers did not come along; else null. */
  unexplained({ slot, told }) {
    const row_ = this.frame.sent.find((one) => one.title.values.slot === slot);
    const tile = row_?.tile === null || !row_ ? null : this.tiles[row_.tile];
    return tile?.cells.length && (!told || told.local === null) ? tile : null;
  }

  /** How to ask for one of the numbers that were sent; null where there is none, or nobody to ask. */
  asksFor(now) {
    const { slot } = now, tile = this.asking.possible ? this.unexplained(now) : null;
    if (!tile) return null;
    const ask = (number_) => this.askFor(slot, number_);
    const pick = (one, cell) => this.askFor(one.title.values.slot, cellAt(this.tiles[one.tile], cell));
    if (this.asking.pending?.node === this.item.index) return { pick, line: note(WORDS["ask.pending"]) };
    const line = html("p", { class: "note ask" },
      html("button", { type: "button", onclick: () => ask(largestOf(tile)) }, WORDS[tile.shape.length ? "ask.largest" : "ask.one"]),
      tile.shape.length ? html("span", {}, WORDS["ask.or"], " ", indexField(tile.shape, (element) => ask({ element, cell: null, block: [1, 1] }))) : "");
    return { pick, line };
  }

  /** The rows for a number whose terms torch was asked for; null where it was not. */
  whyAsked({ slot, element }) {
    const answer = this.told(slot, element);
    if (!answer || answer.total === null) return null;
    const terms = answer.terms.flatMap(({ label, factor, weight }, number_) => [number_ ? " + " : "",
      html("span", { class: "term", tabindex: "0", role: "img", title: text("why.term", { label, factor, weight }), "aria-label": text("why.term", { label, factor, weight }) },
        swatch(asNumber(factor), this.scene.largest), " × ", html("b", {}, number(weight, 3)))]);
    if (answer.more) terms.push(html("span", { class: "aside" }, ` + ${text("why.more", { count: answer.more, rest: answer.rest })}`));
    if (!answer.terms.length) terms.push(html("span", { class: "aside" }, WORDS["why.zero"]));
    return [...this.ruleRows({ told: answer }), row("why.numbers", ...terms),
      row("why.value", swatch(asNumber(answer.total), this.scene.largest), answer.torch === null ? "" : this.check(answer.agrees, asNumber(answer.torch))),
      ...this.thenRow(slot, element), ...answer.notes.map((one) => note(one))];
  }

  /** Rule, numbers, value and then, for an element whose terms are known; else null. */
  whySent({ slot, element, told }) {
    if (!told || told.local === null || element === null) return null;
    const J = this.numbers.get(told.local), g = this.numbers.get(told.incoming), sent = this.numbers.get(told.sent);
    if (!g.length || element >= sent.length) return null;
    const found = termsOf(g, J, element);
    const rows = [...this.arrivedRow(found.terms[0]?.row ?? null, told), ...this.ruleRows({ told })];
    const numbers = [];
    found.terms.forEach((term, number) => {
      if (number) numbers.push(" + ");
      numbers.push(this.term(term, element, told));
    });
    if (found.more) numbers.push(html("span", { class: "aside" }, ` + ${text("why.more", { count: found.more, rest: asCell(found.rest) })}`));
    if (!found.terms.length) numbers.push(html("span", { class: "aside" }, WORDS["why.zero"]));
    rows.push(row("why.numbers", ...numbers));
    rows.push(row("why.value", swatch(found.total, this.scene.largest), this.check(told.agrees, sent[element])));
    return [...rows, ...this.thenRow(slot, element), ...this.notes({ told })];
  }

  term({ row: place_, factor, weight }, column, told) {
    const light = () => this.light({ row: place_, column });
    const words = text("why.term", { label: rowLabel(place_, told.parts), factor: asCell(factor), weight: asCell(weight) });
    const element = html("span", {
      class: "term", tabindex: "0", role: "img", "aria-label": words, title: words,
      onpointerenter: light, onpointerleave: () => this.light(null), onfocus: light, onblur: () => this.light(null),
    }, swatch(factor, this.scene.largest), " × ", html("b", {}, number(asCell(weight), 3)));
    this.terms.set(place_, element);
    return element;
  }

  ruleRows({ told }) {
    if (!told || !told.symbols) return [];
    return [row("why.rule", html("code", { class: "rule" }, told.symbols), html("span", { class: "aside rule-words" }, told.sentence))];
  }

  check(agrees, value) {
    const words = number(asCell(value), 4);
    if (agrees === true) return html("span", { class: "check" }, text("why.agrees", { number: words }));
    return html("span", { class: agrees === false ? "check differs" : "check unknown" }, text(agrees === false ? "why.differs" : "why.torch", { number: words }));
  }

  /** What came in, where several contributions were added up to it. */
  arrivedRow(element, told) {
    const { frame } = this;
    if (element === null || told.parts.length !== 1 || frame.parts.length < 2 || frame.parts.length > MOST_PARTS) return [];
    const values = frame.parts.map((part) => elementOf(this.tiles[part.tile], element));
    const sum = elementOf(this.tiles[frame.arrived[0]?.tile], element);
    if (sum === undefined || values.includes(undefined)) return [];
    const where = place(element, told.parts[0].shape);
    return [row("why.arrived", ...this.sum(values), " = ", swatch(sum, this.scene.largest), html("span", { class: "aside" }, ` = g${where}`))];
  }

  sum(values) {
    return values.flatMap((value, number) => [number ? " + " : "", value === null ? html("span", { class: "pending" }, WORDS["legend.empty"]) : swatch(value, this.scene.largest)]);
  }

  /** The wire of what the node sends on `slot`, and all that arrive at the same place with it. */
  waysFrom(slot) {
    const { item, scene } = this;
    const along = item.kind === "bead"
      ? scene.wires.find((wire) => wire.beads.includes(item.index))
      : scene.wires.find((wire) => wire.source === item.index && wire.slot === slot);
    if (!along) return { along: null, onward: [], all: [] };
    const onward = along.beads.slice(item.kind === "bead" ? along.beads.indexOf(item.index) + 1 : 0);
    const all = scene.wires.filter((wire) => wire.target === along.target && wire.input_nr === along.input_nr && wire.hops.at(-1).step !== null)
      .sort((one, other) => (one.lands ?? Infinity) - (other.lands ?? Infinity))
      .map((wire) => ({ wire, mine: wire === along }));
    return { along, onward, all };
  }

  /** Where an element is when it has passed the beads before its target; null where nobody knows. */
  carried(element, beads, back = false) {
    for (const bead of back ? [...beads].reverse() : beads) {
      const item = this.items.get(bead);
      const told = this.explained.get(`${item.order}.0`);
      if (!told || told.local === null) return null;
      const J = this.numbers.get(told.local), rows = this.numbers.get(told.incoming).length, columns = J.length / rows;
      let found = null;
      if (back) for (let i = 0; i < rows && found === null; i++) { if (J[i * columns + element] !== 0) found = i; }
      else for (let j = 0; j < columns && found === null; j++) { if (J[element * columns + j] !== 0) found = j; }
      if (found === null) return null;
      element = found;
    }
    return element;
  }

  thenRow(slot, element) {
    const { along, onward, all } = this.waysFrom(slot);
    if (!along) return [];
    const target = this.items.get(along.target);
    const there = this.carried(element, onward);
    const goes = () => this.link(target);
    if (there === null) return [row("why.then", ...say("why.goes", {}), " ", goes())];
    const { order } = this.item;
    if (all.length > 1 && all.length <= MOST_PARTS) {
      const done = all.every(({ wire }) => wire.lands !== null && wire.lands <= order);
      const values = all.map(({ wire }) => (wire.lands !== null && wire.lands <= order ? elementOf(this.tiles[wire.tile], there) : null));
      if (values.includes(undefined)) return [row("why.then", ...say("why.goes", {}), " ", goes())];
      const frame = target.order === null ? null : this.scene.frames[target.order - 1];
      const whole = done && frame ? elementOf(this.tiles[frame.arrived[along.input_nr]?.tile], there) : undefined;
      const sum = whole === undefined ? [] : [" = ", swatch(whole, this.scene.largest)];
      return [row(done ? "why.then" : "why.sofar", ...this.sum(values), ...sum, " ", WORDS[done ? "why.arrives" : "why.waits"], " ", goes())];
    }
    if (target.kind === "bucket" && target.after !== null && all.length === 1) {
      const after = elementOf(this.tiles[target.after], there), added = elementOf(this.tiles[target.added], there);
      if (after === undefined || added === undefined) return [row("why.then", WORDS["why.goes"], " ", goes())];
      const before = target.before === null ? html("span", { class: "pending" }, WORDS.none) : swatch(elementOf(this.tiles[target.before], there), this.scene.largest);
      return [row("why.then", before, " + ", swatch(added, this.scene.largest), " = ", swatch(after, this.scene.largest), " ", WORDS["why.in"], " ", goes())];
    }
    return [row("why.then", WORDS["why.goes"], " ", goes(), all.length > MOST_PARTS ? ` ${text("why.many", { count: all.length })}` : "")];
  }

  /** A node's name that leads to it. */
  link(item, then = () => {}) {
    const words = item.kind === "bucket" ? `${item.label}${item.result === null ? ".grad" : ""}` : item.label;
    return html("button", {
      type: "button", class: "link", title: item.title, onclick: () => { this.on.select(item.index); then(); },
      onpointerenter: () => this.on.lightNodes([item.index]), onpointerleave: () => this.on.lightNodes([]),
    }, shortened(words, 26));
  }

  /** A leaf's number: what arrived there, and before + added = after. */
  whyLeaf({ element }) {
    const { item, scene } = this;
    if (element === null || item.after === null) return null;
    const at = (tile) => elementOf(tile === null ? null : this.tiles[tile], element);
    const [before, added, after] = [item.before, item.added, item.after].map(at);
    if (after === undefined || added === undefined) return null;
    const ways = scene.wires.filter((wire) => wire.target === item.index && wire.lands !== null).sort((one, other) => one.lands - other.lands);
    const rows = ways.length <= MOST_PARTS
      ? [row("why.arrived", ...ways.flatMap((wire, number) => {
          const source = this.items.get(wire.source);
          const value = at(wire.tile);
          return [number ? " + " : "", value === undefined ? "" : swatch(value, scene.largest), " ",
            ...(source ? [html("span", { class: "aside" }, WORDS["why.from"], " "), this.link(source, () => this.openSender(wire, element))] : [])];
        }))]
      : [row("why.arrived", text("why.uses", { count: ways.length }), ": ", swatch(added, scene.largest))];
    if (ways.length > 1 && ways.length <= MOST_PARTS) rows[0].lastChild.append(" = ", swatch(added, scene.largest));
    rows.push(row("why.rule", html("code", { class: "rule" }, WORDS["why.leaf.symbols"]), html("span", { class: "aside rule-words" }, WORDS["why.leaf"])));
    const start = item.before === null ? html("span", { class: "pending" }, WORDS.none) : swatch(before, scene.largest);
    rows.push(row("why.numbers", start, " + ", swatch(added, scene.largest)));
    const made = (before ?? 0) + added;
    const agrees = Number.isFinite(made) ? Math.abs(made - after) <= 2e-5 * Math.max(Math.abs(before ?? 0), Math.abs(added), Math.abs(after)) : null;
    rows.push(row("why.value", swatch(made, scene.largest), this.check(agrees, after)));
    return rows;
  }

  /** At the node that sent `wire`, the element that became `element` where it landed. */
  openSender(wire, element) {
    const sent = this.carried(element, wire.beads, true);
    if (sent !== null && this.item?.index === wire.source) this.explainAt(wire.slot, sent);
  }

  notes({ told }) {
    const found = (told?.notes ?? []).map((one) => note(...say(one.id, one.values)));
    if (!told && this.reason && this.item?.kind !== "bucket") found.push(note(...say(this.reason.id, this.reason.values)));
    if (told && told.local === null && told.agrees === true) found.unshift(html("p", { class: "note" }, html("span", { class: "check" }, WORDS["why.formula"])));
    return found;
  }

  // ------------------------------------------------------------------------------- third panel

  drawTabs(item) {
    if (!item || item.kind === "bucket") {
      this.tabs.replaceChildren(html("h3", {}, item ? `${item.label}.grad` : WORDS["panel.local"]));
      return;
    }
    const tab = (name, words) => html("button", {
      type: "button", role: "tab", class: "tab", "aria-selected": String(this.tab === name), onclick: () => this.openTab(name),
    }, words);
    const list = html("div", { class: "tab-list", role: "tablist" }, tab("local", WORDS["panel.local"]), tab("saved", text("panel.saved.count", { count: item.saved.length })));
    this.tabs.replaceChildren(list, this.slots);
  }

  openTab(name) {
    this.tab = name;
    this.draw();
  }

  /** One button for each slot that leads somewhere, named by where it leads. */
  drawSlots({ slot }) {
    const { item, frame } = this;
    this.slots.replaceChildren();
    if (!item || !frame || item.kind === "bucket" || this.tab !== "local" || frame.sent.length < 2) return;
    if (frame.sent.length > 4) {
      const select = html("select", { "aria-label": WORDS["select.slot"], onchange: () => this.openSlot(Number(select.value)) },
        ...frame.sent.map((one) => html("option", { value: one.title.values.slot, selected: one.title.values.slot === slot || null }, text("slot.to", one.title.values))));
      this.slots.append(select);
      return;
    }
    this.slots.append(html("span", { class: "aside" }, WORDS["slot"]), ...frame.sent.map((one) => {
      const { slot: number_ } = one.title.values;
      return html("button", { type: "button", class: "slot", "aria-pressed": String(number_ === slot), title: text(one.title.id, one.title.values), onclick: () => this.openSlot(number_) }, String(number_));
    }));
  }

  openSlot(slot) {
    this.held = null;
    const told = this.explained.get(`${this.item.order}.${slot}`);
    const sent = told ? this.numbers.get(told.sent) : null;
    this.hold(slot, sent ? mostTelling(sent) : null);
  }

  third(now, width, height) {
    const { item, frame, scene, tiles, step } = this;
    if (!item || item.kind === "bucket") return this.leafPanel(now, width);
    if (this.tab === "saved") return savedPanel(item, tiles, step, width);
    if (!frame) return [note(WORDS["why.never"])];
    const { told, element } = now;
    if (!told || told.local === null) return this.column(now, width);
    if (element === null) return [note(WORDS["matrix.none"])];
    const [g, J, sent] = [told.incoming, told.local, told.sent].map((one) => this.numbers.get(one));
    if (!g.length || !sent.length) return [note(WORDS["matrix.none"])];
    this.matrix.load({
      g, J, sent, parts: told.parts, shape: told.shape, chosen: element,
      scale: scene.largest, largest: this.numbers.largest(told.local), width, height,
    });
    const { shrunk } = this.matrix;
    return [this.matrix.element, shrunk ? note(text("panel.block", shrunk)) : ""];
  }

  /** In the place of a matrix that was not sent: what was sent, and the column of J for a number of it. */
  column(now, width) {
    const { slot, element, told } = now;
    const reasons = told ? told.notes : this.reason ? [this.reason] : [];
    const words = reasons.length ? reasons.map((one) => note(...say(one.id, one.values))) : [note(WORDS["matrix.none"])];
    const asks = this.asksFor(now), answer = this.told(slot, element);
    if (!asks) return words;
    if (!answer) return [...words, note(WORDS["ask.hint"])];
    const row_ = this.frame.sent.find((one) => one.title.values.slot === slot);
    const room = within(width / 2 - 12, 80, 200);
    const sent = pickable(tileCard(say(row_.title.id, row_.title.values), this.tiles[row_.tile], this.scene.largest, room), row_, this.tiles, asks.pick);
    sent.tabIndex = 0;
    sent.addEventListener("keydown", (event) => this.onAskedKey(event, slot, element, this.tiles[row_.tile].shape));
    const columns = answer.weights.filter((tile) => tile !== null).map((tile, number_, all) => tileCard(
      [text(all.length > 1 ? "ask.weights.part" : "ask.weights", { number: number_ })], tile, Math.max(Math.abs(tile.low ?? 0), Math.abs(tile.high ?? 0)), room));
    return [html("div", { class: "flow" }, sent, ...columns), note(WORDS["ask.column"]), ...words];
  }

  /** Left and right ask for the neighbours of a number that was asked for. */
  onAskedKey(event, slot, element, shape) {
    const turn = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (!turn) return;
    event.preventDefault();
    event.stopPropagation();
    const size = shape.reduce((product, part) => product * part, 1);
    this.askFor(slot, { element: within(element + turn, 0, size - 1), cell: null, block: [1, 1] });
  }

  leafPanel({ element }, width) {
    const { item, frame, scene, tiles } = this;
    if (!item) {
      const says = (sign_, id) => html("div", { class: "row brief" }, html("code", {}, sign_), html("span", { class: "aside" }, WORDS[id]));
      return [note(WORDS["panel.nothing.selected"]), says("g", "rest.g"), says("J", "rest.J"), says("gᵀJ", "rest.gJ")];
    }
    if (!frame && item.after === null && item.before === null) return [note(WORDS["why.never"])];
    const cards = keptPanel(item, scene, tiles, width);
    for (const picture of cards[0].querySelectorAll?.(".lone-tile") ?? []) {
      const tile = tiles[item.after ?? item.added];
      if (!tile || element === null) break;
      picture.addEventListener("click", (event) => {
        const found = cellUnder(event, picture, tile);
        if (found !== null) this.hold(null, found);
      });
    }
    if (element !== null) {
      cards[0].tabIndex = 0;
      cards[0].setAttribute("aria-label", text("leaf.label", { leaf: item.label, element: place(element, this.shapeOf(item.after ?? item.added)) || "1" }));
      cards[0].addEventListener("keydown", (event) => this.onLeafKey(event, element));
      if (this.follows && item.after !== null) cards.push(leafLinks((what) => this.on.follow(what, item.index, element)));
    }
    return cards;
  }

  onLeafKey(event, element) {
    const turn = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (!turn) return;
    event.preventDefault();
    event.stopPropagation();
    const size = this.shapeOf(this.item.after ?? this.item.added).reduce((product, part) => product * part, 1);
    this.hold(null, within(element + turn, 0, size - 1));
    this.body.firstElementChild?.focus({ preventScroll: true });
  }

  // ------------------------------------------------------------------------------------ light

  /** Light a row of g and a column of what is sent wherever they stand. */
  light(what) {
    for (const [place_, element] of this.terms) element.classList.toggle("lit", what?.row === place_);
    if (this.matrix.element.isConnected) this.matrix.mark(what);
    this.on.light(what);
  }

  /** The cells of the graph that belong to a row and a column of the node shown. */
  cellsOf(what) {
    const { item, scene, now } = this;
    if (!item || !this.frame || !now) return [];
    const cells = [];
    if (item.kind === "bucket") {
      if (now.element !== null) for (const wire of scene.wires) if (wire.target === item.index) cells.push({ wire, element: now.element, chosen: true });
      return cells;
    }
    if (now.told?.parts.length === 1 && what?.row !== null && what?.row !== undefined && item.kind === "card") {
      for (const wire of scene.wires) if (wire.target === item.index) cells.push({ wire, element: what.row, chosen: false });
    }
    const column = what?.column ?? now.element;
    if (column !== null && column !== undefined) {
      const { along, onward } = this.waysFrom(now.slot);
      const there = along ? this.carried(column, onward) : null;
      if (there !== null) cells.push({ wire: along, element: there, chosen: column === now.element });
    }
    return cells;
  }
}

/** Where a leaf's number leads to, beside the graph. */
function leafLinks(ask) {
  const link = (what) => html("button", { type: "button", class: "leaf-link", title: WORDS[`leaf.${what}.title`], onclick: () => ask(what) }, WORDS[`leaf.${what}`]);
  return html("div", { class: "leaf-links" }, link("nudge"), link("chain"));
}

function row(id, ...children) {
  return html("div", { class: "row" }, html("span", { class: "row-name" }, WORDS[id]), html("span", { class: "row-body" }, ...children));
}

function note(...words) {
  return html("p", { class: "note" }, ...words);
}

/** A number on the colour that its tile has. */
function swatch(value, scale) {
  const cell = asCell(value);
  const name = level(cell, scale);
  return html("span", { class: `swatched back-${name}`, style: `color:var(--${name === "x" ? "ink" : `${name}t`})` }, number(cell, 3));
}
