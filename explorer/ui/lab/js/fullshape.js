// The Jacobian in the full shape that torch gives: one tile for each output, shaped like the input.

class FullShape {
  constructor(shown, room) {
    this.shown = shown;
    this.tiles = [];
    this.heads = [];
    this.height = 0;
    for (const band of shown.columns.bands) this.lay(band, room);
  }

  /** Places of the tiles of one input, `room` px wide, under those that are there already. */
  lay(band, room) {
    const output = this.shown.rows.bands[0], count = this.shown.rows.cells.length;
    const wide = band.shape.at(-1) ?? 1, tall = band.shape.slice(0, -1).reduce((product, one) => product * one, 1);
    const last = output.shape.at(-1) ?? 1;
    const caption = place(output.first + output.count - 1, output.shape).length * 6.8 + 6;
    let size = Math.max(4, Math.min(26, (room / Math.max(1, Math.min(count, 8)) - 14) / wide));
    const step = () => Math.max(wide * size, caption) + 14;
    let across = output.shape.length > 1 && last > 1 ? last : Math.max(1, Math.floor(room / step()));
    while (across * step() > room && size > 4) size -= 1;
    across = Math.min(across, Math.max(1, Math.floor(room / step())));
    const shape = [...output.shape, ...band.shape].join(", ");
    this.heads.push({ y: this.height + 12, words: `∂${output.name}/∂${band.name}  (${shape})` });
    this.height += 26;
    const high = tall * size + 26;
    for (let row = 0; row < count; row++) {
      this.tiles.push({ row, band, tall, wide, size, x: 4 + (row % across) * step(), y: this.height + Math.floor(row / across) * high + 16 });
    }
    this.height += Math.ceil(count / across) * high + 12;
  }

  draw(pen, paper, colours) {
    for (const { y, words } of this.heads) word(pen, words, 4, y, paper.ink, "left", `700 14px ${MONO}`);
    for (const tile of this.tiles) this.drawTile(pen, paper, colours, tile);
  }

  drawTile(pen, paper, colours, { row, band, tall, wide, size, x, y }) {
    const { shown } = this, { rows } = shown;
    word(pen, rows.placeOf(row) || rows.label(row), x, y - 8, paper.muted, "left", `11.5px ${MONO}`);
    const edge = size - (size >= 6 ? 1 : 0);
    for (let inside = 0; inside < band.cells; inside++) {
      const column = band.start + inside;
      if (!shown.reached(row, column)) continue;
      const step = shown.step(row, column, colours);
      const left = x + (inside % wide) * size, top = y + Math.floor(inside / wide) * size;
      pen.fillStyle = paper[step];
      pen.fillRect(left, top, edge, edge);
      if (shown.value(row, column) < 0 && size >= 9) {
        pen.fillStyle = paper[`${step}t`];
        dash(pen, left + size / 2, top + size / 2);
      }
    }
    if (!band.cells || !shown.reached(row, band.start)) hatch(pen, paper, x, y, wide * size, tall * size);
    pen.strokeStyle = paper.dock;
    pen.strokeRect(x - 0.5, y - 0.5, wide * size, tall * size);
  }

  /** The cell under a point; null between the tiles. */
  at(x, y) {
    const tile = this.tiles.find((one) => x >= one.x && y >= one.y && x < one.x + one.wide * one.size && y < one.y + one.tall * one.size);
    if (!tile) return null;
    const inside = Math.floor((y - tile.y) / tile.size) * tile.wide + Math.floor((x - tile.x) / tile.size);
    return inside < tile.band.cells ? { row: tile.row, column: tile.band.start + inside } : null;
  }

  /** Where a cell lies. */
  box({ row, column }) {
    const { band, inside } = this.shown.columns.cells[column];
    const tile = this.tiles.find((one) => one.row === row && one.band === band);
    return { x: tile.x + (inside % tile.wide) * tile.size, y: tile.y + Math.floor(inside / tile.wide) * tile.size, w: tile.size, h: tile.size };
  }
}
