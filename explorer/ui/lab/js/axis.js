// One side of a matrix: the tensors along it, a cell for each element or block, and where they lie.

const SPACE = 5; // px between two tensors

class Axis {
  /** `bands` are tensors as the server describes them; each is given the number of its first cell. */
  constructor(bands) {
    this.cells = [];
    this.bands = bands.map((one) => {
      const band = { ...one, start: this.cells.length };
      for (let inside = 0; inside < band.cells; inside++) this.cells.push({ band, inside, x: 0 });
      return band;
    });
    this.size = this.end = 0; // px: of one cell, and of all together
  }

  /** Give every band and cell its place, with cells of `size` px. */
  settle(size) {
    let x = 0;
    for (const band of this.bands) {
      band.x = x;
      for (let inside = 0; inside < band.cells; inside++) this.cells[band.start + inside].x = x + inside * size;
      x += band.cells * size + SPACE;
    }
    this.size = size;
    this.end = Math.max(0, x - SPACE);
  }

  /** The cell at `x` px; null between two tensors and outside. */
  at(x) {
    for (const band of this.bands) {
      const inside = Math.floor((x - band.x) / this.size);
      if (inside >= 0 && inside < band.cells) return band.start + inside;
    }
    return null;
  }

  /** The first element that a cell stands for, counted along the whole axis. */
  element(cell) {
    const { band, inside } = this.cells[cell];
    return band.offset + inside * band.block;
  }

  /** What a cell is called: `W[0,1]`, or the first and last of its block. */
  label(cell) {
    return this.named(cell, this.cells[cell].band.name);
  }

  /** The same without the name of the tensor. */
  placeOf(cell) {
    return this.named(cell, "");
  }

  named(cell, name) {
    const { band, inside } = this.cells[cell];
    const start = band.first + inside * band.block;
    const end = Math.min(start + band.block, band.first + band.count) - 1;
    return name + place(start, band.shape) + (end > start ? ` … ${name}${place(end, band.shape)}` : "");
  }

  /** One number for each cell: of its elements the one of largest size. */
  reduced(numbers) {
    return this.cells.map(({ band, inside }) => {
      const start = band.offset + inside * band.block;
      const end = Math.min(start + band.block, band.offset + band.count);
      let found = numbers[start];
      for (let at = start + 1; at < end; at++) if (Math.abs(numbers[at]) > Math.abs(found)) found = numbers[at];
      return found;
    });
  }
}

function sum(bands, field) {
  return bands.reduce((total, band) => total + band[field], 0);
}

function largestIn(numbers) {
  let most = 0;
  for (const value of numbers) if (Number.isFinite(value) && Math.abs(value) > most) most = Math.abs(value);
  return most;
}
