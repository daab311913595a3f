// What stands around the graph: the caption, the program, the numbers, what was saved.

/** The caption of a moment: a counter and one sentence. */
function drawCaption(elements, counter, messages, failed) {
  elements.counter.replaceChildren(...counter);
  const words = messages.flatMap((message, place) => [place ? " " : null, ...say(message.id, message.values)]);
  elements.sentence.replaceChildren(...words.filter((word) => word !== null));
  elements.sentence.classList.toggle("long", elements.sentence.textContent.length > 190);
  elements.caption.classList.toggle("failed", failed);
}

/** The program's lines, to be lit by `lightSpan`. */
function programLines(source) {
  const lines = source.replace(/\n+$/, "").split("\n");
  return lines.map((line, place) => {
    const code = html("span", { class: "code" }, line || " ");
    return { line, code, element: html("span", { class: "line" }, html("i", {}, String(place + 1)), code) };
  });
}

/** Light exactly the expression at `span` (null: nothing), and one that is pointed at beside it. */
function lightSpan(lines, span, pointed = null) {
  const within_ = (one, number, letters) => (one && number >= one.line && number <= one.end_line
    ? [number === one.line ? one.column : 0, number === one.end_line ? one.end_column : letters.length] : null);
  lines.forEach((entry, place) => {
    const letters = [...entry.line];
    const hot = within_(span, place + 1, letters), lit = within_(pointed, place + 1, letters);
    const key = JSON.stringify([hot, lit]);
    if (entry.key === key) return;
    entry.key = key;
    entry.element.classList.toggle("hot", hot !== null);
    if (!hot && !lit) {
      entry.code.replaceChildren(entry.line || " ");
      return;
    }
    const ends = [...new Set([0, letters.length, ...(hot ?? []), ...(lit ?? [])])].sort((one, other) => one - other);
    const pieces = ends.slice(0, -1).map((from, number) => {
      const words = letters.slice(from, ends[number + 1]).join("");
      const holds_ = (range) => range !== null && range[0] <= from && from < range[1];
      if (!holds_(hot) && !holds_(lit)) return words;
      return html(holds_(hot) ? "mark" : "span", { class: holds_(lit) ? "lit" : null }, words);
    });
    entry.code.replaceChildren(...pieces);
  });
}

/** Bring the expression at `span` into view. It scrolls the panel only, never the page. */
function showSpan(lines, span, scroller) {
  const first = span && lines[span.line - 1];
  if (!first) {
    scroller.scrollLeft = 0;
    return;
  }
  const top = first.element.offsetTop, bottom = lines[Math.min(span.end_line, lines.length) - 1].element.offsetTop + first.element.offsetHeight;
  if (top < scroller.scrollTop + 4 || bottom > scroller.scrollTop + scroller.clientHeight - 8) {
    scroller.scrollTop = Math.max(0, (top + bottom) / 2 - scroller.clientHeight / 2);
  }
  const mark = first.code.querySelector("mark");
  if (!mark) return;
  const end = mark.offsetLeft + mark.offsetWidth + 16;
  scroller.scrollLeft = end > scroller.clientWidth ? Math.min(end - scroller.clientWidth, mark.offsetLeft - 40) : 0;
}

/** Line (from 1) and column of the program under the pointer; null outside its letters. */
function codeUnder(event, lines) {
  const place = lines.findIndex(({ element }) => element.contains(event.target));
  if (place < 0) return null;
  const { line, code } = lines[place];
  const corner = code.getBoundingClientRect();
  const letters = [...line].length;
  if (!letters || event.clientX < corner.left || event.clientX > corner.right) return null;
  return { line: place + 1, column: Math.floor(((event.clientX - corner.left) / corner.width) * letters) };
}

/** Whether a span holds a place of the program. */
function holds(span, { line, column }) {
  const after = line > span.line || (line === span.line && column >= span.column);
  const before = line < span.end_line || (line === span.end_line && column < span.end_column);
  return after && before;
}

function lengthOf(span) {
  return (span.end_line - span.line) * 1000 + span.end_column - span.column;
}

/** One tensor with its numbers: a title, the tile, and what it is, in `room` px if it can be. */
function tileCard(title, tile, scale, room = 200, words = describe(tile)) {
  return html("figure", { class: "tile-card", style: `max-width:${Math.max(room, 84).toFixed(0)}px` },
    html("figcaption", {}, ...title),
    tilePicture(tile, scale, room),
    html("span", { class: "tile-text" }, ...words));
}

function sign(mark) {
  return html("span", { class: "sign", "aria-hidden": "true" }, mark);
}

function describe(tile) {
  if (!tile) return [WORDS.none];
  const shape = tile.shape.length ? tile.shape.join("×") : WORDS["panel.scalar"];
  const parts = [];
  if (!tile.uniform && tile.low !== null) parts.push(text("panel.range", { low: number(tile.low, 3), high: number(tile.high, 3) }));
  else if (tile.uniform && tile.shape.length) parts.push(text("panel.all", { number: number(tile.cells[0], 4) }));
  else if (tile.uniform) parts.push(number(tile.cells[0], 4));
  if (tile.nans) parts.push(`${tile.nans} NaN`);
  if (tile.note) parts.push(tile.note);
  if (tile.block[0] * tile.block[1] > 1) {
    parts.push(text("panel.block", { rows: tile.block[0], columns: tile.block[1] }));
  }
  return [`${shape} ${tile.dtype}`, html("br"), parts.join(", ")];
}

/** The parts that arrived, what they came to, and what was sent; `pick(row, cell)` takes a click there. */
function whyPanel(frame, item, scene, tiles, width, pick = null) {
  if (!frame) {
    return [html("p", { class: "note" }, WORDS[scene.frames.length ? "panel.nothing.rest" : "panel.nothing.none"])];
  }
  const count = frame.parts.length + frame.arrived.length + frame.sent.length;
  const signs = frame.parts.length + (frame.sent.length ? 1 : 0);
  const room = within((width - 26 * signs - 8) / count - 12, 60, 200);
  const card = ({ title, tile }) => tileCard(say(title.id, title.values), tile === null ? null : tiles[tile], scene.largest, room);
  const flow = html("div", { class: "flow" });
  frame.parts.forEach((part, place) => {
    if (place && frame.arrived.length === 1) flow.append(sign("+"));
    flow.append(card(part));
  });
  if (frame.parts.length) flow.append(sign("="));
  flow.append(...frame.arrived.map(card));
  if (frame.sent.length) flow.append(sign("→"), ...frame.sent.map((sent) => pickable(card(sent), sent, tiles, pick)));
  const isLeaf = item && item.kind === "bucket";
  return [flow, isLeaf ? html("p", { class: "note" }, WORDS["panel.nothing.sent"]) : ""];
}

/** Let a click on the numbers of a tile card choose one of them. */
function pickable(card, row, tiles, pick) {
  const picture = card.querySelector(".lone-tile"), tile = row.tile === null ? null : tiles[row.tile];
  if (!pick || !picture || !tile?.cells.length) return card;
  picture.classList.add("pickable");
  picture.addEventListener("click", (event) => pick(row, cellNumberUnder(event, picture, tile)));
  return card;
}

/** What an op of the forward gave. */
function forwardPanel(tick, tiles, width) {
  if (tick.beside) return [html("p", { class: "note" }, html("code", {}, tick.label)), html("p", { class: "note" }, WORDS["panel.beside.note"])];
  const tile = tick.tile === null ? null : tiles[tick.tile];
  return [tileCard([html("code", {}, tick.label)], tile, null, within(width - 40, 100, 320)),
    html("p", { class: "note" }, WORDS[tick.node === null ? "panel.forward.none" : "panel.forward.note"])];
}

/** A leaf: before + added = after, and what `.grad` is now. */
function keptPanel(item, scene, tiles, width) {
  const tile = (number) => (number === null ? null : tiles[number]);
  const room = within((width - 90) / 3, 50, 120);
  const one = (word, number) => tileCard([WORDS[`panel.${word}`]], tile(number), scene.largest, room, []);
  const sum = html("div", { class: "flow sum" }, one("before", item.before), sign("+"), one("added", item.added), sign("="), one("after", item.after));
  return [sum, html("p", { class: "note" }, ...describe(tile(item.after)))];
}

/** The tensors that a node had saved, as they are at `step`. */
function savedPanel(item, tiles, step, width) {
  const tile = (number) => (number === null ? null : tiles[number]);
  if (!item.saved.length) return [html("p", { class: "note" }, WORDS["panel.nothing.saved"])];
  const cards = item.saved.map((chip) => {
    const state = stateAt(chip.states, step);
    const name = [html("code", { class: state === "freed" ? "gone" : "" }, chip.name)];
    if (state === "freed") name.push(" ", html("span", { class: "aside" }, WORDS["legend.freed"]));
    if (chip.version !== null) name.push(" ", html("span", { class: "version", title: text("chip.edited", { version: chip.version }) }, text("chip.version", { version: chip.version })));
    if (chip.tile === null) return html("figure", { class: "tile-card" }, html("figcaption", {}, ...name), html("span", { class: "tile-text" }, state));
    return tileCard(name, tile(chip.tile), null, within(width / item.saved.length - 20, 90, 200));
  });
  const isFreed = item.saved.some((chip) => stateAt(chip.states, step) !== "freed" && stateAt(chip.states, step + 1) === "freed");
  const edited = item.saved.find((chip) => chip.version !== null);
  return [html("div", { class: "flow" }, ...cards),
    edited ? html("p", { class: "note" }, text("chip.edited", { version: edited.version })) : "",
    isFreed ? html("p", { class: "note" }, WORDS["panel.freed"]) : ""];
}

/** The place of the cell of a lone tile under the pointer, as an element of its tensor. */
function cellUnder(event, picture, tile) {
  return tile.block[0] * tile.block[1] > 1 ? null : cellNumberUnder(event, picture, tile);
}

/** The number of the cell of a lone tile under the pointer, whatever it stands for. */
function cellNumberUnder(event, picture, tile) {
  const corner = picture.getBoundingClientRect();
  const part = (at, from, size) => within((at - from - 3) / (size - 6), 0, 0.9999);
  return Math.floor(part(event.clientY, corner.top, corner.height) * tile.rows) * tile.columns
    + Math.floor(part(event.clientX, corner.left, corner.width) * tile.columns);
}

/** The legend: the colour scale with its ends, and how zero, None and not yet look. */
function legend(largest) {
  const box = (kind, word) => html("span", { class: "key" }, html("i", { class: `swatch ${kind}` }), WORDS[`legend.${word}`]);
  const parts = [];
  if (largest > 0) {
    const colours = [];
    for (let step = 8; step >= 1; step--) colours.push(`n${step}`);
    colours.push("z");
    for (let step = 1; step <= 8; step++) colours.push(`p${step}`);
    parts.push(html("b", {}, WORDS["legend.cotangent"]),
      html("span", { class: "key scale" }, `−${number(largest)}`,
        html("span", { class: "ramp" }, ...colours.map((colour) => html("i", { class: `back-${colour}` }))), number(largest)));
  }
  parts.push(box("zero", "zero"), box("hatched", "none"), box("dashed", "empty"), box("solid", "saved"), box("gone", "freed"));
  return parts;
}
