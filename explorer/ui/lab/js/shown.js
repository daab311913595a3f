// The matrix as numbers: its cells, which of them no path leads to, and the step of colour of each.

const TILED_MOST = 60_000; // cells up to which the full shape is drawn

class Shown {
  constructor({ rows, columns, cells, largest, sizes, cut, samples }) {
    this.rows = new Axis(rows);
    this.columns = new Axis(columns);
    this.cells = cells;
    this.largest = largest;
    this.sizes = sizes;
    this.samples = samples;
    this.cut = new Set(cut.map(([row, column]) => `${row}\n${column}`));
    this.ends = new Map();
    /** Whether every cell is one entry; and whether every entry has one. */
    this.whole = [...rows, ...columns].every((band) => band.block === 1);
    this.complete = this.whole && sum(rows, "count") === sizes[0] && sum(columns, "count") === sizes[1];
    this.tileable = this.whole && cells.length <= TILED_MOST && rows.length === 1;
  }

  value(row, column) {
    return this.cells[row * this.columns.cells.length + column];
  }

  /** Whether a path leads from the row to the column; torch has None where it does not. */
  reached(row, column) {
    return this.joined(this.rows.cells[row].band, this.columns.cells[column].band);
  }

  joined(down, across) {
    return across.reached && !this.cut.has(`${down.name}\n${across.name}`);
  }

  /** The end of the scale of colours for a column. */
  end(column, colours) {
    if (colours !== "tensor" || !this.columns.cells.length) return this.largest;
    const { band } = this.columns.cells[column];
    if (!this.ends.has(band)) this.ends.set(band, largestIn(this.columnsOf(band)));
    return this.ends.get(band);
  }

  *columnsOf(band) {
    for (let row = 0; row < this.rows.cells.length; row++) {
      for (let inside = 0; inside < band.cells; inside++) yield this.value(row, band.start + inside);
    }
  }

  /** The step of colour of a cell. On `log` each step is a factor of ten. */
  step(row, column, colours) {
    const value = this.value(row, column), end = this.end(column, colours);
    if (colours !== "log" || value === 0 || !Number.isFinite(value) || end <= 0) return level(asCell(value), end);
    const step = Math.max(1, Math.min(8, 8 + Math.floor(Math.log10(Math.abs(value) / end) + 1e-9)));
    return (value > 0 ? "p" : "n") + step;
  }

  /** vᵀJ for `name` v, J u for u; null where not every entry is here. */
  times(name, vector) {
    if (!this.complete) return null;
    const [height, width] = this.sizes;
    const found = new Float64Array(name === "v" ? width : height);
    for (let i = 0; i < height; i++) {
      for (let j = 0; j < width; j++) {
        if (name === "v") found[j] += vector[i] * this.cells[i * width + j];
        else found[i] += vector[j] * this.cells[i * width + j];
      }
    }
    return found;
  }

  /** How many letters the longest number has, as far as they are looked through. */
  longest() {
    if (this.cells.length > 40_000) return 7;
    let most = 1;
    for (const value of this.cells) most = Math.max(most, number(asCell(value)).length);
    return most;
  }
}

/** The part of a whole matrix that a window shows: the columns of one input, the rows of a sample. */
function windowed(data, { part, sample }) {
  const rows = data.rows.map((band) => {
    if (sample === null) return band;
    const count = band.count / band.shape[0];
    return { ...band, offset: band.offset + sample * count, first: sample * count, count, cells: count };
  });
  const columns = part === null ? data.columns : data.columns.filter((band) => band.name === data.parts[part]);
  const across = data.samples.columns;
  const samples = part === null ? data.samples : { ...data.samples, columns: across.filter((_, at) => columns.includes(data.columns[at])) };
  const width = data.sizes[1], cells = [];
  for (const down of rows) {
    for (let i = 0; i < down.count; i++) {
      for (const band of columns) for (let j = 0; j < band.count; j++) cells.push(data.cells[(down.offset + i) * width + band.offset + j]);
    }
  }
  return { ...data, rows, columns, samples, cells: data.cells.constructor.from(cells), largest: largestIn(cells) };
}
