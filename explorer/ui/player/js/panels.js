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

/** Light exactly the expression at `span` (null: nothing) and bring it into view. */
function lightSpan(lines, span, scroller) {
  lines.forEach(({ line, code, element }, place) => {
    const number = place + 1;
    const lit = span !== null && number >= span.line && number <= span.end_line;
    element.classList.toggle("hot", lit);
    if (!lit) {
      if (code.firstElementChild) code.replaceChildren(line || " ");
      return;
    }
    const letters = [...line];
    const from = number === span.line ? span.column : 0;
    const to = number === span.end_line ? span.end_column : letters.length;
    const part = (start, end) => letters.slice(start, end).join("");
    code.replaceChildren(part(0, from), html("mark", {}, part(from, to)), part(to));
  });
  const first = span && lines[span.line - 1];
  if (!first || !scroller) return;
  const top = first.element.offsetTop, bottom = top + first.element.offsetHeight;
  // Scroll the panel only: scrollIntoView would move the whole page.
  if (top < scroller.scrollTop || bottom > scroller.scrollTop + scroller.clientHeight) {
    scroller.scrollTop = Math.max(0, top - scroller.clientHeight / 2);
  }
  const mark = first.code.querySelector("mark");
  const end = mark.offsetLeft + mark.offsetWidth + 16;
  scroller.scrollLeft = end > scroller.clientWidth ? Math.min(end - scroller.clientWidth, mark.offsetLeft - 40) : 0;
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
  const shape = tile.shape.length ? tile.shape.join("×") : text("scalar").replace(/^a /, "");
  const parts = [];
  if (!tile.uniform && tile.low !== null) parts.push(`${number(tile.low, 3)} to ${number(tile.high, 3)}`);
  else if (tile.uniform && tile.shape.length) parts.push(`all ${number(tile.cells[0], 4)}`);
  else if (tile.uniform) parts.push(number(tile.cells[0], 4));
  if (tile.nans) parts.push(`${tile.nans} NaN`);
  if (tile.note) parts.push(tile.note);
  if (tile.block[0] * tile.block[1] > 1) {
    parts.push(text("panel.block", { rows: tile.block[0], columns: tile.block[1] }));
  }
  return [`${shape} ${tile.dtype}`, html("br"), parts.join(", ")];
}

/** Why this number: the parts that arrived, what they came to, and what was sent. */
function whyPanel(frame, item, scene, tiles, width) {
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
  if (frame.sent.length) flow.append(sign("→"), ...frame.sent.map(card));
  const isLeaf = item && item.kind === "bucket";
  return [flow, isLeaf ? html("p", { class: "note" }, WORDS["panel.nothing.sent"]) : ""];
}

/** The third panel: a leaf's before + added = after, or the tensors that a node had saved. */
function keptPanel(frame, item, scene, tiles, step, width) {
  const tile = (number) => (number === null ? null : tiles[number]);
  if (!frame || !item) return [WORDS["panel.saved"], [html("p", { class: "note" }, WORDS["panel.nothing.selected"])]];
  if (item.kind === "bucket") {
    const room = within((width - 90) / 3, 50, 120);
    const one = (word, number) => tileCard([WORDS[`panel.${word}`]], tile(number), scene.largest, room, []);
    const sum = html("div", { class: "flow sum" }, one("before", item.before), sign("+"), one("added", item.added), sign("="), one("after", item.after));
    return [`${item.label}.grad`, [sum, html("p", { class: "note" }, ...describe(tile(item.after)))]];
  }
  if (!item.saved.length) return [WORDS["panel.saved"], [html("p", { class: "note" }, WORDS["panel.nothing.saved"])]];
  const cards = item.saved.map((chip) => {
    const state = stateAt(chip.states, step);
    const name = html("code", { class: state === "freed" ? "gone" : "" }, chip.name);
    if (chip.tile === null) return html("figure", { class: "tile-card" }, html("figcaption", {}, name), html("span", { class: "tile-text" }, state));
    return tileCard([name], tile(chip.tile), null, within(width / item.saved.length - 20, 90, 200));
  });
  const isFreed = item.saved.some((chip) => stateAt(chip.states, step) !== "freed" && stateAt(chip.states, step + 1) === "freed");
  return [WORDS["panel.saved"], [html("div", { class: "flow" }, ...cards), isFreed ? html("p", { class: "note" }, WORDS["panel.freed"]) : ""]];
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
