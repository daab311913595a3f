// A tensor as a tile: cells coloured on the call's one scale, numbers where they can be read.

const STEPS = 8;
const MONO_WIDTH = 0.61;

/** Step of colour of a value: `z` for zero, `p1`…`p8`, `n1`…`n8`, `x` for NaN. */
function level(value, largest) {
  if (value === "nan") return "x";
  if (value === "inf") return "p8";
  if (value === "-inf") return "n8";
  if (value === 0 || largest <= 0) return "z";
  const step = Math.ceil(STEPS * Math.sqrt(Math.min(1, Math.abs(value) / largest)));
  return (value > 0 ? "p" : "n") + Math.max(1, Math.min(STEPS, step));
}

/** What a box holds before a cotangent has come. */
function emptyTile(box) {
  return svg("rect", { class: "dock", x: box.x, y: box.y, width: box.w, height: box.h, rx: Math.min(5, box.h / 4) });
}

/** torch's None: hatched, with the word where it fits. Never to be mistaken for zero. */
function noneTile(box) {
  const word = box.h >= 14 && box.w >= 30;
  return svg("g", { class: "tile" },
    svg("rect", { class: "none", x: box.x, y: box.y, width: box.w, height: box.h, rx: Math.min(5, box.h / 4) }),
    word ? svg("text", { class: "none-word", x: box.x + box.w / 2, y: box.y + box.h / 2 + 4.5 }, WORDS.none) : null);
}

/** Grey of a forward value, which has no sign colour: `f0` for zero to `f4` for the tile's largest. */
function grey(value, tile) {
  const most = Math.max(Math.abs(tile.low ?? 0), Math.abs(tile.high ?? 0));
  if (typeof value === "string" || value === 0 || most === 0 || tile.uniform) return "f0";
  return `f${Math.max(1, Math.min(4, Math.ceil((4 * Math.abs(value)) / most)))}`;
}

/** Rows and columns that are drawn. Where all numbers are equal a few cells say it all. */
function drawnGrid(tile) {
  return tile.uniform ? [Math.min(tile.rows, 4), Math.min(tile.columns, 6)] : [tile.rows, tile.columns];
}

/** A tile in a box. `scale` ends the colours, or is null for forward values, which are grey. */
function drawTile(tile, box, scale) {
  if (!tile) return noneTile(box);
  const group = svg("g", { class: "tile" });
  const edge = Math.min(1.5, box.h / 10);
  group.append(svg("rect", {
    class: "tile-edge", x: box.x - edge, y: box.y - edge, width: box.w + 2 * edge, height: box.h + 2 * edge,
    rx: Math.min(5, box.h / 4),
  }));
  if (!tile.cells.length) {
    group.append(svg("rect", { class: "z", x: box.x, y: box.y, width: box.w, height: box.h }));
    return group;
  }
  const [rows, columns] = drawnGrid(tile);
  const wide = box.w / columns, high = box.h / rows;
  const gap = Math.min(wide, high) >= 10 ? 1 : Math.min(wide, high) >= 5 ? 0.6 : 0;
  const color = (value) => (scale === null ? grey(value, tile) : level(value, scale));
  const shapes = new Map();
  const cellAt = (row, column) => (tile.uniform ? tile.cells[0] : tile.cells[row * columns + column]);
  const dashes = new Map();
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const value = cellAt(row, column), name = color(value);
      const x = box.x + column * wide + gap / 2, y = box.y + row * high + gap / 2;
      shapes.set(name, `${shapes.get(name) ?? ""}M${x} ${y}h${wide - gap}v${high - gap}h${gap - wide}z`);
      if (value < 0 && wide >= 6 && high >= 6) {
        dashes.set(name, `${dashes.get(name) ?? ""}M${x + wide / 2 - 2.5} ${y + high / 2 - gap / 2 - 0.7}h4v1.4h-4z`);
      }
    }
  }
  for (const [name, path] of shapes) group.append(svg("path", { class: name, d: path }));
  const hasNumbers = printNumbers(group, tile, box, { columns, wide, high, color });
  // The sign of a number that is not printed is still there for those who cannot tell the colours.
  if (!hasNumbers) for (const [name, path] of dashes) group.append(svg("path", { class: `${name}t`, d: path }));
  return group;
}

function printNumbers(group, tile, box, { columns, wide, high, color }) {
  const { words, size } = printed(tile, box);
  if (!words) return false;
  if (tile.uniform) {
    group.append(cellText(words[0], box.x + box.w / 2, box.y + box.h / 2, size, color(tile.cells[0])));
    return true;
  }
  words.forEach((word, place) => {
    const row = Math.floor(place / columns), column = place % columns;
    const x = box.x + (column + 0.5) * wide, y = box.y + (row + 0.5) * high;
    group.append(cellText(word, x, y, size, color(tile.cells[place])));
  });
  return true;
}

/** The numbers of a tile as they are printed in a box, and their size; no words where none fit. */
function printed(tile, box) {
  const [rows, columns] = drawnGrid(tile);
  if (tile.uniform) {
    const words = number(tile.cells[0]);
    const size = Math.min(19, box.h * 0.56, (box.w - 6) / (words.length * MONO_WIDTH));
    return { words: size < 7 ? null : [words], size };
  }
  const wide = box.w / columns, high = box.h / rows;
  if (Math.min(wide, high) < 8) return { words: null, size: 0 };
  // Fewer digits in narrow cells; no numbers at all where they would be too small to read.
  let words, size;
  for (const digits of [2, 1]) {
    words = tile.cells.map((value) => number(value, digits));
    const longest = Math.max(...words.map((word) => word.length));
    size = Math.min(14, high * 0.56, (wide - 4) / (longest * MONO_WIDTH));
    if (size >= 10) break;
  }
  return { words: size < 8 ? null : words, size };
}

function cellText(words, x, y, size, color) {
  return svg("text", { class: `number ${color}t`, x, y: y + size * 0.35, style: `font-size:${size.toFixed(1)}px` }, words);
}

/** Width and height of a tile on its own, as large as a panel has room for. */
function panelSize(tile) {
  if (!tile) return [66, 30];
  const size = tile.shape.reduce((product, part) => product * part, 1);
  if (size <= 1) return [66, 32];
  if (tile.uniform) return [74, 36];
  if (tile.columns <= 4 && tile.rows <= 3) return [tile.columns * (tile.columns > 3 ? 46 : 54), tile.rows * 25];
  const wide = tile.columns * Math.max(3, Math.min(16, 130 / tile.columns));
  return [Math.max(24, wide), Math.max(18, tile.rows * Math.max(3, Math.min(16, 70 / tile.rows)))];
}

/** A tile as a picture of its own, at most `room` px wide. */
function tilePicture(tile, scale, room = 240) {
  const [w, h] = fitInto(panelSize(tile), room, 80);
  return svg("svg", { class: "lone-tile", width: w + 6, height: h + 6, viewBox: `-3 -3 ${w + 6} ${h + 6}`, "aria-hidden": "true" },
    hatching(), drawTile(tile, { x: 0, y: 0, w, h }, scale));
}

function fitInto([w, h], width, height) {
  const scale = Math.min(1, width / w, height / h);
  return [w * scale, h * scale];
}

/** The pattern of None; each svg needs its own. */
function hatching() {
  return svg("defs", {},
    svg("pattern", { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      svg("rect", { width: 6, height: 6, class: "paper" }),
      svg("line", { x1: 0, y1: 0, x2: 0, y2: 6, class: "hatch-line" })));
}
