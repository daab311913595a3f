// A matrix as a heatmap, in the same tiles as everything else; large ones are drawn by blocks.

const HEAT_MOST = 34, HEAT_LEAST = 3; // px of a cell

/** How `rows` × `columns` numbers fit into `width` × `height` px: cells drawn, and numbers a cell. */
function heatGrid(rows, columns, width, height) {
  const high = Math.ceil(rows / Math.max(1, Math.floor(height / HEAT_LEAST)));
  const wide = Math.ceil(columns / Math.max(1, Math.floor(width / HEAT_LEAST)));
  const down = Math.ceil(rows / high), across = Math.ceil(columns / wide);
  if (rows * columns === 1) return { rows, columns, high, wide, down, across, w: Math.min(66, width), h: 34 };
  const size = Math.min(HEAT_MOST, width / across, height / down);
  // Cells are square where that leaves them readable; a long matrix is stretched.
  return { rows, columns, high, wide, down, across,
    w: size >= 8 ? size : Math.min(width / across, Math.max(size, 8)),
    h: size >= 8 ? size : Math.min(height / down, Math.max(size, 8)) };
}

/** The place of the number that stands for a cell: of its block, the one of largest absolute value. */
function heatElement(values, grid, row, column) {
  let best = row * grid.high * grid.columns + column * grid.wide;
  for (let i = row * grid.high; i < Math.min(grid.rows, (row + 1) * grid.high); i++) {
    for (let j = column * grid.wide; j < Math.min(grid.columns, (column + 1) * grid.wide); j++) {
      const place = i * grid.columns + j;
      if (Number.isNaN(values[place])) return place;
      if (Math.abs(values[place]) > Math.abs(values[best])) best = place;
    }
  }
  return best;
}

/** The heatmap with its corner at `x`, `y`. */
function heatmap(values, grid, x, y, scale) {
  const cells = [];
  for (let row = 0; row < grid.down; row++) {
    for (let column = 0; column < grid.across; column++) cells.push(asCell(values[heatElement(values, grid, row, column)]));
  }
  const tile = { shape: [grid.rows, grid.columns], rows: grid.down, columns: grid.across, cells, uniform: cells.length === 1, block: [grid.high, grid.wide] };
  return drawTile(tile, { x, y, w: grid.across * grid.w, h: grid.down * grid.h }, scale);
}

/** The number under a place of a heatmap, counted in C order; null outside it. */
function heatAt(values, grid, x, y) {
  const row = Math.floor(y / grid.h), column = Math.floor(x / grid.w);
  if (row < 0 || column < 0 || row >= grid.down || column >= grid.across) return null;
  return heatElement(values, grid, row, column);
}

/** The outline of the cell that holds element `place`. */
function heatMark(grid, place, x, y, kind) {
  const row = Math.floor(Math.floor(place / grid.columns) / grid.high), column = Math.floor((place % grid.columns) / grid.wide);
  return svg("rect", { class: `mark ${kind}`, x: x + column * grid.w - 1, y: y + row * grid.h - 1, width: grid.w + 2, height: grid.h + 2, rx: 2 });
}

/** Numbers as a tile of `shape`, for a picture of its own. */
function tileFrom(values, shape) {
  const columns = shape.length ? shape[shape.length - 1] : 1, rows = values.length / Math.max(1, columns);
  const grid = heatGrid(rows, columns, 64 * HEAT_LEAST, 64 * HEAT_LEAST);
  const cells = [];
  for (let row = 0; row < grid.down; row++) {
    for (let column = 0; column < grid.across; column++) cells.push(asCell(values[heatElement(values, grid, row, column)]));
  }
  const uniform = cells.length > 0 && values.every((value) => value === values[0]);
  return { shape, rows: grid.down, columns: grid.across, cells: uniform ? cells.slice(0, 1) : cells, uniform, block: [grid.high, grid.wide] };
}
