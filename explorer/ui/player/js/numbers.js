// The arrays that the server sent, and the arithmetic of one number of a backward pass.

const MAX_TERMS = 8; // listed one by one; the rest is given as a count and a sum

/** Arrays by number, decoded when first asked for. */
class Numbers {
  constructor(arrays) {
    this.arrays = arrays;
    this.decoded = new Map();
  }

  get(number) {
    if (number === null) return null;
    if (!this.decoded.has(number)) this.decoded.set(number, decoded(this.arrays[number]));
    return this.decoded.get(number);
  }

  largest(number) {
    return number === null ? 0 : this.arrays[number].largest;
  }
}

function decoded({ kind, data }) {
  const letters = atob(data);
  const bytes = new Uint8Array(letters.length);
  for (let place = 0; place < letters.length; place++) bytes[place] = letters.charCodeAt(place);
  return kind === "f4" ? new Float32Array(bytes.buffer) : new Float64Array(bytes.buffer);
}

/**
 * The terms behind element `column` of gᵀJ: g[row] · J[row, column], the largest first.
 * Zero weights add nothing, whatever stands beside them, and are left out.
 */
function termsOf(g, J, column) {
  const width = J.length / g.length;
  const terms = [];
  for (let row = 0; row < g.length; row++) {
    const weight = J[row * width + column];
    if (weight !== 0) terms.push({ row, factor: g[row], weight, product: g[row] * weight });
  }
  terms.sort((one, other) => (Math.abs(other.product) || 0) - (Math.abs(one.product) || 0) || one.row - other.row);
  const rest = terms.slice(MAX_TERMS);
  const total = (some) => some.reduce((sum, term) => sum + term.product, 0);
  return { terms: terms.slice(0, MAX_TERMS), more: rest.length, rest: total(rest), total: total(terms) };
}

/** Where the largest absolute value stands; 0 where there is none. */
function mostTelling(values) {
  let best = 0, most = -1;
  values.forEach((value, place) => {
    const size = Number.isNaN(value) ? Infinity : Math.abs(value);
    if (size > most) [best, most] = [place, size];
  });
  return best;
}

/** The place of element `flat` (in C order) in a tensor of `shape`: `[1,0]`, or nothing for a scalar. */
function place(flat, shape) {
  const index = [];
  for (const size of [...shape].reverse()) {
    index.unshift(flat % size);
    flat = Math.floor(flat / size);
  }
  return index.length ? `[${index.join(",")}]` : "";
}

/** What row `row` of g is called, g0, g1, … lying side by side where a node has several outputs. */
function rowLabel(row, parts) {
  for (const { name, shape } of parts) {
    const size = shape.reduce((product, part) => product * part, 1);
    if (row < size) return name + place(row, shape);
    row -= size;
  }
  return `g[${row}]`;
}

/** Element `flat` of a tile, as far as the tile holds it; undefined where its cells are blocks. */
function elementOf(tile, flat) {
  if (!tile || !tile.cells.length) return undefined;
  if (tile.uniform) return asNumber(tile.cells[0]);
  return tile.block[0] * tile.block[1] === 1 ? asNumber(tile.cells[flat]) : undefined;
}

function asNumber(cell) {
  return typeof cell === "string" ? { nan: NaN, inf: Infinity, "-inf": -Infinity }[cell] : cell;
}

/** A number as a cell: JSON's way with what is not finite. */
function asCell(value) {
  if (Number.isNaN(value)) return "nan";
  return Number.isFinite(value) ? value : value > 0 ? "inf" : "-inf";
}

/** `value`, or the end of the range that it is beyond; the middle of a range that is none. */
function within(value, low, high) {
  return high < low ? (low + high) / 2 : Math.max(low, Math.min(high, value));
}
