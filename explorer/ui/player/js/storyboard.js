// A storyboard: the steps of a program's calls side by side, to be printed and handed out.

const BOARD = { wide: 700, gap: 16, zoom: 0.42, near: 0.52, high: 330 }; // px of paper at 96 dpi

/** Fill `parentElement` with the storyboard of `data`. */
function storyboard({ data, parentElement }) {
  const { strips } = data;
  speak(data.words);
  const board = html("div", { class: "player board" }, ...boardHead(data));
  parentElement.append(board);
  for (const strip of strips) board.append(boardStrip(data, strip));
  if (!strips.length) board.append(html("p", {}, WORDS["board.none"]));
  if (data.calls_left_out) board.append(html("p", { class: "board-said" }, ...say("board.calls", { count: data.calls_left_out })));
  board.append(html("footer", {}, data.made));
}

/** The title, the program and the legend. */
function boardHead({ title, frames, strips }) {
  const lines = programLines(frames.program.source).map((line) => line.element);
  const largest = Math.max(0, ...strips.map((strip) => frames.scenes[strip.scene].largest));
  const scales = new Set(strips.map((strip) => frames.scenes[strip.scene].largest));
  return [html("header", {}, html("h1", {}, title), html("button", { type: "button", onclick: () => print() }, WORDS["board.print"])),
    frames.program.source ? html("pre", { class: `board-program${lines.length > 24 ? " long" : ""}`, "aria-label": WORDS["board.program"] }, ...lines) : null,
    scales.size === 1 ? html("div", { class: "legend" }, ...legend(largest)) : null].filter((part) => part !== null);
}

/** One call: what it is, what is shown of it, and a figure for each step. */
function boardStrip(data, { scene: place, steps, said }) {
  const { frames } = data, scene = frames.scenes[place], picture = data.pictures[place];
  const nodes = steps.map((step) => scene.frames[step - 1].node).filter((node) => node !== null);
  const plan = boardPlan(picture, foldedScene(scene, picture.fold), frames.tiles, nodes);
  const alone = data.strips.length === 1 || new Set(data.strips.map((strip) => frames.scenes[strip.scene].largest)).size === 1;
  const words = html("p", { class: "board-said" }, ...say(said.id, said.values), plan.around ? ` ${WORDS["board.around"]}` : "");
  const figures = steps.map((step) => boardFigure(plan, scene, step));
  return html("section", {},
    html("h2", {}, ...say(scene.title.id, scene.title.values), " ", callCode(frames.program.source, scene.span)), words,
    alone ? null : html("div", { class: "legend" }, ...legend(scene.largest)),
    boardRest(plan, scene),
    ...inRows(figures, plan.columns));
}

/** Rows that a page break does not part; each is a box of its own, since a grid would overlap there. */
function inRows(figures, columns) {
  const starts = figures.map((_, place) => place).filter((place) => place % columns === 0);
  return starts.map((start) => html("div", { class: `board-row columns-${columns}` }, ...figures.slice(start, start + columns)));
}

/** The text of the call, where it stands on one line of the program. */
function callCode(source, span) {
  if (!span || span.line !== span.end_line) return "";
  return html("code", {}, [...source.split("\n")[span.line - 1]].slice(span.column, span.end_column).join(""));
}

/** How large pictures are: the whole graph in each where that can be read, else the part around one
 * of the `nodes`. */
function boardPlan(picture, scene, tiles, nodes) {
  const stage = (which) => new FoldedStage(scene, which, tiles, { opens: () => false, open() {}, select() {}, jump() {}, hover() {}, cell() {}, leaf() {} });
  const bounds = tight(picture.fit.bounds), fit = stage(picture.fit);
  const half = (BOARD.wide - BOARD.gap) / 2;
  const zoom = (wide) => Math.min(wide / bounds.w, BOARD.high / bounds.h, 1);
  if (picture.fit.density !== "S" && zoom(half) >= BOARD.zoom) return { fit, shown: fit, columns: 2, wide: half, zoom: zoom(half) };
  if (picture.fit.density !== "S" && zoom(BOARD.wide) >= BOARD.zoom) return { fit, shown: fit, columns: 1, wide: BOARD.wide, zoom: zoom(BOARD.wide) };
  const shown = picture.follow ? stage(picture.follow) : fit;
  const near = shown.picture.density === "S" ? 0.8 : BOARD.near;
  const tallest = Math.max(...nodes.map((node) => shown.neighbourhood(node)?.h ?? 0));
  const high = Math.min(shown.picture.bounds.h, BOARD.high / near, tallest + 80);
  return { fit, shown, columns: 2, wide: half, zoom: near, around: { w: half / near, h: high } };
}

/** The bounds of a picture without the free space that the player keeps around it. */
function tight({ x, y, w, h }) {
  return { x: x + 16, y: y + 10, w: w - 32, h: h - 28 };
}

/** The whole graph at rest, where the pictures of the steps do not show all of it. */
function boardRest(plan, scene) {
  if (!plan.around) return null;
  plan.fit.show(0, 1);
  const bounds = tight(plan.fit.picture.bounds);
  const zoom = Math.min(BOARD.wide / bounds.w, (2 * BOARD.high) / bounds.h, 1);
  return html("figure", { class: "board-whole" }, still(plan.fit, bounds, zoom),
    html("figcaption", {}, html("span", {}, ...scene.rest.flatMap(({ id, values }) => say(id, values)))));
}

function boardFigure(plan, scene, step) {
  const frame = scene.frames[step - 1];
  plan.shown.show(step, 1);
  const box = plan.around ? boardWindow(plan, frame.node) : tight(plan.shown.picture.bounds);
  const words = frame.caption.flatMap(({ id, values }, place) => [place ? " " : "", ...say(id, values)]);
  return html("figure", { class: frame.failed ? "failed" : "" }, still(plan.shown, box, plan.zoom),
    html("figcaption", {}, html("b", { class: "board-number" }, String(step)), html("span", {}, ...words)));
}

/** The part of a large picture around a node, within the picture. */
function boardWindow({ shown, around }, node) {
  const { bounds } = shown.picture;
  const near = node === null ? null : shown.neighbourhood(node);
  const { w, h } = around, box = near ?? bounds;
  return {
    x: within(box.x + box.w / 2 - w / 2, bounds.x, bounds.x + bounds.w - w),
    y: within(box.y + box.h / 2 - h / 2, bounds.y, bounds.y + bounds.h - h), w, h,
  };
}

/** A stage as it is now, and never again: what lies outside of `box` is left out. */
function still(stage, box, zoom) {
  const copy = stage.element.cloneNode(true);
  for (const [name, value] of Object.entries({ style: `width:${(box.w * zoom).toFixed(1)}px;height:${(box.h * zoom).toFixed(1)}px`, viewBox: [box.x, box.y, box.w, box.h].join(" "), role: "img" })) copy.setAttribute(name, value);
  for (const node of copy.querySelectorAll("g.node")) {
    const spot = stage.spots.get(Number(node.dataset.index));
    for (const name of ["tabindex", "role", "aria-expanded"]) node.removeAttribute(name);
    const away = spot && (spot.box.x > box.x + box.w || spot.box.x + spot.box.w < box.x || spot.box.y > box.y + box.h || spot.box.y + spot.box.h < box.y);
    if (away) node.remove();
  }
  return copy;
}
