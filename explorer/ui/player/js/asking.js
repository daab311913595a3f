// Numbers whose terms did not come along: asked of torch one by one, when a person points at them.

class Asking {
  /** `on.send(number)` puts a question to the server, `on.answered()` is told when one came back. */
  constructor(on) {
    this.on = on;
    this.answers = new Map();
    this.pending = null;
  }

  /** Another run: what was told of the one before is forgotten. `call` is the call that is shown. */
  load(call, possible) {
    Object.assign(this, { call, possible, pending: null });
  }

  /** Take what the server tells: all numbers that were asked for so far. */
  take(answers) {
    this.answers = new Map(answers.map(({ why, ...one }) => ({ ...why, ...one })).map((one) => [keyOf(one.call, one.node, one.slot, one.element), one]));
    const told = this.pending && answers.find((one) => sameNumber(one.wanted, this.pending));
    if (told) this.pending = null;
    this.on.answered(told ?? null);
  }

  found(node, slot, element) {
    return element === null ? null : this.answers.get(keyOf(this.call, node, slot, element)) ?? null;
  }

  /** The answer to a question that was put before, by element or by the cell of a tile. */
  known(want) {
    const told = [...this.answers.values()].find((one) => sameNumber(one.wanted, want));
    return told ?? (want.element === null ? null : this.found(want.node, want.slot, want.element));
  }

  ask(want) {
    this.pending = want;
    this.on.send(want);
  }
}

function keyOf(call, node, slot, element) {
  return `${call}.${node}.${slot}.${element}`;
}

function sameNumber(one, other) {
  return ["call", "node", "slot", "element"].every((name) => (one[name] ?? null) === (other[name] ?? null))
    && String(one.cell ?? "") === String(other.cell ?? "");
}

/** A field for the index of an element of `shape`: `[1, 0]`. `choose(element)` gets its place in C order. */
function indexField(shape, choose) {
  const field = html("input", { type: "text", class: "index", size: 9, placeholder: `[${shape.map(() => 0).join(", ")}]`, "aria-label": WORDS["ask.index"] });
  field.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key !== "Enter") return;
    const index = (field.value.match(/\d+/g) ?? []).map(Number);
    const fits = index.length === shape.length && index.every((part, place_) => part < shape[place_]);
    field.toggleAttribute("aria-invalid", !fits);
    field.title = fits ? "" : text("ask.range", { shape: shape.join("×") });
    if (fits) choose(index.reduce((flat, part, place_) => flat * shape[place_] + part, 0));
  });
  return field;
}

/** Where the largest number of a tile stands: an element, or a cell that stands for a block of them. */
function largestOf(tile) {
  return cellAt(tile, tile.uniform ? 0 : mostTelling(tile.cells.map(asNumber)));
}

/** What to ask for where cell number `flat` of a tile is meant. */
function cellAt(tile, flat) {
  if (tile.uniform || tile.block[0] * tile.block[1] === 1) return { element: flat, cell: null, block: [1, 1] };
  return { element: null, cell: [Math.floor(flat / tile.columns), flat % tile.columns], block: tile.block };
}
