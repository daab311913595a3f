// The picture of the step at hand as a file: the graph as it is seen, its caption and the legend.
//
// Every style is written into the elements themselves, so that the file looks the same in programs
// that know no style sheets, and holds shapes and text only: no script, no link, no class.

const LOOKS = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "stroke-linecap", "paint-order"];
const LETTERS = ["font-family", "font-size", "font-weight", "text-anchor"];
const LOOKS_UNLESS = { "fill-opacity": "1", "stroke-dasharray": "none", "stroke-linejoin": "miter", "stroke-linecap": "butt", "paint-order": "normal", "text-anchor": "start" };
const SHAPE = { svg: ["x", "y", "width", "height", "viewBox"], pattern: ["id", "width", "height", "patternUnits", "patternTransform"], g: ["transform"],
  path: ["d", "transform"], rect: ["x", "y", "width", "height", "rx"], circle: ["cx", "cy", "r"], line: ["x1", "y1", "x2", "y2"], text: ["x", "y"], tspan: ["x", "dy"], defs: [], title: [] };
const PICTURE = { least: 900, most: 1800, edge: 24, letters: 25, line: 34 };

/** The picture that a player shows now: SVG text, and its size in px. */
function pictureOf(player) {
  const { stage, view } = player.camera, { bounds } = stage.picture;
  const left = Math.max(view.x, bounds.x), top = Math.max(view.y, bounds.y);
  const seen = { x: left, y: top, w: Math.min(view.x + view.w, bounds.x + bounds.w) - left, h: Math.min(view.y + view.h, bounds.y + bounds.h) - top };
  const wide = within(seen.w + 2 * PICTURE.edge, PICTURE.least, PICTURE.most), room = wide - 2 * PICTURE.edge;
  const zoom = Math.min(room / seen.w, 1.4);
  const graph = stage.element.cloneNode(true);
  const words = svg("g", { class: "picture-words" });
  const below = PICTURE.edge + writeCaption(words, player, room);
  const high = seen.h * zoom, legendTop = below + high + 18;
  for (const [name, value] of Object.entries({ x: (wide - seen.w * zoom) / 2, y: below, width: seen.w * zoom, height: high, viewBox: `${seen.x} ${seen.y} ${seen.w} ${seen.h}` })) graph.setAttribute(name, value);
  const tall = legendTop + 40;
  const whole = svg("svg", { class: "picture", width: wide, height: tall, viewBox: `0 0 ${wide} ${tall}` },
    svg("rect", { class: "paper", width: wide, height: tall }), words, graph, writeLegend(player.scene.largest, PICTURE.edge, legendTop));
  // It has to stand in the page for the browser to know its colours.
  player.root.append(whole);
  const flat = flattened(whole);
  whole.remove();
  return { text: new XMLSerializer().serializeToString(flat), wide, tall };
}

/** A copy with nothing but shapes and text, each with its own look; null for what cannot be seen. */
function flattened(element) {
  const allowed = SHAPE[element.localName];
  if (!allowed) return null;
  const copy = document.createElementNS(SVG, element.localName);
  for (const name of allowed) if (element.hasAttribute(name)) copy.setAttribute(name, element.getAttribute(name));
  if (element.localName === "title") {
    copy.textContent = element.textContent;
    return copy;
  }
  const style = getComputedStyle(element);
  if (style.display === "none" || style.visibility === "hidden") return null;
  if (style.opacity !== "1") copy.setAttribute("opacity", style.opacity);
  const draws = !["svg", "g", "defs", "pattern"].includes(element.localName);
  const above = element.localName === "tspan" ? getComputedStyle(element.parentElement) : null;
  if (draws && !dress(copy, style, ["text", "tspan"].includes(element.localName), above)) return null;
  for (const child of element.childNodes) {
    const flat = child.nodeType === Node.TEXT_NODE ? child.textContent : child.nodeType === Node.ELEMENT_NODE ? flattened(child) : null;
    if (flat !== null) copy.append(flat);
  }
  return element.localName === "g" && !copy.childNodes.length ? null : copy;
}

/** Write an element's look into its attributes, but for what it has from `above`; false where it
 * draws nothing. */
function dress(copy, style, isText, above) {
  const plain = (value) => (value.startsWith("url") ? value.replace(/["']/g, "") : value.replace(/"/g, "'").replace(/(\d)px/g, "$1"));
  const seen = { fill: style.fill !== "none", stroke: style.stroke !== "none" && style.strokeWidth !== "0px" };
  if (!isText && !seen.fill && !seen.stroke) return false;
  for (const name of isText ? [...LOOKS, ...LETTERS] : LOOKS) {
    const part = name.split("-")[0];
    if (part in seen && name !== part && !seen[part]) continue;
    const value = style.getPropertyValue(name);
    if (value === (above ? above.getPropertyValue(name) : LOOKS_UNLESS[name]) || (name === "stroke" && !seen.stroke)) continue;
    copy.setAttribute(name, ["fill", "stroke"].includes(name) ? inHex(plain(value)) : plain(value));
  }
  if (style.textDecorationLine === "line-through") copy.setAttribute("text-decoration", "line-through");
  return true;
}

/** A mixed colour, which the browser tells as parts of one, as `#rrggbb`. */
function inHex(color) {
  const found = /^color\(srgb ([\d.e-]+) ([\d.e-]+) ([\d.e-]+)/.exec(color) ?? /^rgb\((\d+), (\d+), (\d+)\)$/.exec(color);
  if (!found) return color;
  const most = color.startsWith("rgb") ? 1 : 255;
  return `#${found.slice(1, 4).map((part) => Math.round(part * most).toString(16).padStart(2, "0")).join("")}`;
}

/** Write the caption in lines of at most `room` px; how far down it reaches. */
function writeCaption(group, player, room) {
  const pen = document.createElement("canvas").getContext("2d");
  const font = (run) => `${run.code ? 700 : 500} ${PICTURE.letters}px ${run.code ? "monospace" : "sans-serif"}`;
  const runs = [{ words: `${player.counter.textContent}:`, code: true, whole: true }, { words: " " }, ...runsOf(player.sentence, {})];
  const pieces = runs.flatMap((run) => (run.whole ? [run.words] : run.words.split(/(?<=\s)/)).map((words) => ({ ...run, words })));
  let line = null, across = 0, count = 0;
  for (const piece of pieces) {
    pen.font = font(piece);
    const width = pen.measureText(piece.words).width * 1.04;
    if (!line || (across + width > room && across > 0)) {
      line = svg("text", { class: "picture-line", x: PICTURE.edge, y: PICTURE.edge + PICTURE.letters + PICTURE.line * count });
      group.append(line);
      across = 0;
      count += 1;
    }
    const look = `${piece.code ? "picture-code" : ""} ${piece.aside ? "picture-aside" : ""}`;
    if (line.lastChild?.className.baseVal === look) line.lastChild.append(piece.words);
    else line.append(svg("tspan", { class: look }, piece.words));
    across += width;
  }
  return count * PICTURE.line + 14;
}

/** The stretches of equal look in a sentence. */
function runsOf(element, look) {
  return [...element.childNodes].flatMap((child) => {
    if (child.nodeType === Node.TEXT_NODE) return [{ ...look, words: child.textContent }];
    const code = look.code || child.localName === "code" || child.classList.contains("numbers");
    return runsOf(child, { code, whole: code && child.textContent.length < 30, aside: look.aside || child.classList.contains("aside") });
  });
}

/** The legend: the scale of colours, zero, None, not yet. */
function writeLegend(largest, x, y) {
  const group = svg("g", { class: "graph" });
  let at = x;
  const word = (words, gap) => {
    group.append(svg("text", { class: "picture-key", x: at, y: y + 15 }, words));
    at += words.length * 8.2 + gap;
  };
  const box = (name, draw) => {
    group.append(draw({ x: at, y: y + 2, w: 26, h: 17 }));
    at += 34;
    word(WORDS[`legend.${name}`], 22);
  };
  if (largest > 0) {
    word(WORDS["legend.cotangent"], 14);
    word(`−${number(largest)}`, 6);
    for (let step = -STEPS; step <= STEPS; step++) {
      const name = step === 0 ? "z" : step < 0 ? `n${-step}` : `p${step}`;
      group.append(svg("rect", { class: name, x: at, y: y + 2, width: 13, height: 17 }));
      at += 14;
    }
    at += 8;
    word(number(largest), 26);
  }
  box("zero", ({ x: left, y: top, w, h }) => svg("rect", { class: "z", x: left, y: top, width: w, height: h, rx: 3 }));
  box("none", ({ x: left, y: top, w, h }) => svg("rect", { class: "none", x: left, y: top, width: w, height: h, rx: 3 }));
  box("empty", emptyTile);
  return group;
}

/** What a player shows in a few words: which call, where there are several, and how far it is. */
function placeName({ scene, journey, place }) {
  const { forward, step } = place;
  if (forward !== null) {
    const { isForward } = journey.stretchOf(place);
    return text(isForward ? "picture.forward" : "picture.after", { number: forward + 1 });
  }
  const call = journey.stretches.filter((one) => one.call !== null).length > 1 ? `${text(scene.title.id, scene.title.values)} ` : "";
  return call + (step ? text("picture.step", { step }) : WORDS["step.rest"]);
}

/** Have the browser save the picture as `name.svg`, or as `name.png` with twice the dots. */
async function savePicture(player, kind, name) {
  const { text: source, wide, tall } = pictureOf(player);
  const file = `${name} ${placeName(player)}`;
  const blob = new Blob([source], { type: "image/svg+xml" });
  if (kind === "svg") return saveAs(blob, `${file}.svg`);
  const url = URL.createObjectURL(blob);
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = 2 * wide;
  canvas.height = 2 * tall;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(url);
  return saveAs(await new Promise((done) => canvas.toBlob(done, "image/png")), `${file}.png`);
}

function saveAs(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = html("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
