// What is chosen in a player, and what is pointed at: node, expression, tile and cell as one.

const LIGHT = "autograd-explorer:light"; // what is pointed at, here or elsewhere on the page

class Selecting extends Viewing {
  constructor(parent, name) {
    super(parent, name);
    this.selected = null; // a node that was chosen; null: the panels show the step's
  }

  /** The node that the panels open, and the frame in which it ran. */
  subject() {
    const { scene, step } = this;
    const own = this.selected !== null ? this.items.get(this.selected) : null;
    if (own) return { item: own, frame: own.order === null ? null : scene.frames[own.order - 1] ?? null };
    const frame = step > 0 && this.forward === null ? scene.frames[step - 1] : null;
    return { item: frame && frame.node !== null ? this.items.get(frame.node) : null, frame };
  }

  /** A node was clicked, or Enter was pressed on it. */
  picked(node, what) {
    const state = stateAt(this.items.get(node).states, this.step);
    if (this.predict.guessNode(this.items.get(node), state)) return;
    if (what === "saved") this.inspector.tab = "saved";
    this.select(node);
  }

  select(node) {
    this.selected = node;
    this.shownStage.flag({ selected: node });
    this.inspect();
  }

  /** The panels show the step again. */
  release() {
    this.selected = null;
    this.looked = null;
    this.shownStage.flag({ selected: null });
    this.inspect();
    this.aim(true);
  }

  /** Explain a number that lies in a socket: at the node that sent it. */
  openCell(wire, element) {
    if (this.predict.question) return this.picked(wire.target);
    if (!this.items.has(wire.source)) return this.items.has(wire.target) ? this.select(wire.target) : undefined;
    const sent = this.inspector.carried(element, wire.beads, true);
    this.select(wire.source);
    if (sent !== null) this.inspector.explainAt(wire.slot, sent);
  }

  openLeaf(node, element) {
    if (this.predict.question) return this.picked(node);
    this.select(node);
    this.inspector.hold(null, element);
  }

  find(node) {
    this.select(node);
    this.looked = node;
    if (this.isFollowing()) this.aim(true);
    else if (this.camera.own) this.camera.fit(true);
  }

  // ------------------------------------------------------------------------------------ lighting

  hover(node) {
    tellLight(node === null ? null : { node, span: this.items.get(node)?.span ?? null });
    this.lightNodes(node === null ? [] : [node]);
    lightSpan(this.lines, this.span ?? null, node === null ? null : this.items.get(node)?.span ?? null);
  }

  lightNodes(nodes) {
    this.shownStage.flag({ lit: new Set(nodes) });
  }

  /** Something else on the page is pointed at: its node and its expression light here too. */
  lightAlso({ from, node = null, nodes, span = null }) {
    if (from === "player" || !this.scene) return;
    this.lightNodes((nodes ?? [node]).filter((one) => this.items.has(one)));
    lightSpan(this.lines, this.span ?? null, span);
  }

  markCells(what) {
    this.shownStage.mark(this.inspector.cellsOf(what));
  }

  /** The nodes of the innermost expression under the pointer. */
  nodesUnder(event) {
    const at = codeUnder(event, this.lines);
    if (!at) return [];
    const over = this.scene.items.filter((item) => item.span && holds(item.span, at));
    const shortest = Math.min(...over.map((item) => lengthOf(item.span)));
    return over.filter((item) => lengthOf(item.span) === shortest);
  }

  pointAtCode(event) {
    const items = this.nodesUnder(event);
    tellLight(items.length ? { node: items[0].index, nodes: items.map((item) => item.index), span: items[0].span } : null);
    this.lightNodes(items.map((item) => item.index));
    lightSpan(this.lines, this.span ?? null, items[0]?.span ?? null);
    this.code.classList.toggle("over", items.length > 0);
  }

  /** The expression under the pointer chooses its node: in a loop, the one next to the step. */
  pickCode(event) {
    const items = this.nodesUnder(event).filter((item) => item.kind === "card" || item.order !== null);
    const cards = items.filter((item) => item.kind === "card");
    const [best] = (cards.length ? cards : items).sort((one, other) => Math.abs((one.order ?? 1e9) - this.step) - Math.abs((other.order ?? 1e9) - this.step));
    if (best) this.select(best.index);
  }
}

/** Tell the rest of the page what is pointed at here: nodes and their expression, or nothing. */
function tellLight(what) {
  window.dispatchEvent(new CustomEvent(LIGHT, { detail: { from: "player", ...what } }));
}
