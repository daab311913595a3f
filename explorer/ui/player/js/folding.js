// Folded pictures: cards that stand for many nodes, opened and folded by a click or Enter.

/** The scene as one view shows it: groups in the place of the nodes that they hold. */
function foldedScene(scene, fold) {
  if (!fold) return scene;
  const items = new Map(scene.items.map((item) => [item.index, item]));
  return { ...scene, items: [...fold.items.map((index) => items.get(index)), ...fold.groups], wires: fold.wires, seeds: fold.seeds, cuts: fold.cuts };
}

/** The scene as torch has it: a card for each node, under torch's name; `wires` run from node to node. */
function bareScene(scene, wires) {
  const named = (item) => (item.kind === "bucket"
    ? { ...item, label: item.name, leaf: item.label, torch: true }
    : { ...item, kind: "card", label: item.name, brief: item.short, name: item.label, short: item.brief, torch: true });
  return { ...scene, items: scene.items.map(named), wires };
}

/** How many of the sorted `steps` have come by `step`. */
function countUntil(steps, step) {
  let low = 0, high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] <= step) low = middle + 1;
    else high = middle;
  }
  return low;
}

class FoldedStage extends Stage {
  /** `on` has `open(key)` and `opens(key)` too: what to do on a click, and whether there is more to see. */

  get owners() {
    this.homes ??= new Map(this.scene.items.flatMap((item) => item.holds.map((node) => [node, item.index])));
    return this.homes;
  }

  /** The item that shows a node: itself, or the group that holds it. */
  home(index) {
    return this.owners.get(index) ?? index;
  }

  neighbourhood(index) {
    return super.neighbourhood(this.home(index));
  }

  tabStop(index) {
    super.tabStop(this.home(index));
  }

  flag(flags) {
    const moved = {};
    for (const [name, value] of Object.entries(flags)) {
      moved[name] = value instanceof Set ? new Set([...value].map((index) => this.home(index))) : value === null ? null : this.home(value);
    }
    super.flag(moved);
  }

  // -------------------------------------------------------------------------------------- groups

  drawNode(item) {
    if (item.kind !== "group") return super.drawNode(item);
    const spot = this.spots.get(item.index);
    const opens = this.on.opens(item.key);
    const title = opens ? item.title : `${item.title}. ${WORDS["fold.sealed"]}`;
    const group = svg("g", {
      class: "node group idle", "data-index": item.index, "data-indices": item.holds.join(" "), "data-key": item.key,
      tabindex: "-1", role: "button", "aria-expanded": "false", "aria-label": title,
    }, svg("title", {}, title));
    const open = () => this.on.open(item.key);
    group.addEventListener("click", open);
    group.addEventListener("dblclick", (event) => event.stopPropagation());
    group.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.stopPropagation();
      open();
    });
    const parts = { item, spot, group, chips: [], count: null, content: null, shown: null, value: null };
    this.parts.set(item.index, parts);
    this.drawStack(parts);
    this.drawHeadline({ item, spot, group }, this.picture.density);
    this.drawHolding(parts);
    this.layers.nodes.append(group);
  }

  /** A card with the edges of others behind it. */
  drawStack({ spot, group }) {
    const { x, y, w, h } = spot.body;
    const deep = this.picture.density === "S" ? 2.5 : 5;
    group.append(svg("rect", { class: "halo", x: x - 8, y: y - 8, width: w + 16, height: h + 16, rx: 19 }));
    for (const back of [2, 1]) {
      group.append(svg("rect", { class: "behind", x: x + back * deep, y: y - back * deep, width: w - back * deep * 1.2, height: h, rx: 12 }));
    }
    group.append(
      svg("rect", { class: "body", x, y, width: w, height: h, rx: 12 }),
      svg("rect", { class: "edge", x, y, width: w, height: h, rx: 12 }));
  }

  /** What a group holds, how far it is, and room for its latest tile. */
  drawHolding(parts) {
    const { item, spot, group } = parts;
    const { x, y, w, h } = spot.body;
    const density = this.picture.density;
    const words = item.repeats ? text("fold.repeats", { number: item.repeats }) : text("fold.nodes", { count: item.holds.length });
    if (density === "S") {
      const short = item.repeats ? `×${item.repeats}` : words;
      group.append(svg("text", { class: "holding", x: x + 7, y: y + 33, style: "font-size:9px" }, shortened(short, 10)));
      return;
    }
    const large = density === "L", left = x + (large ? 20 : 16);
    group.append(svg("text", { class: "holding", x: left, y: y + (large ? 47 : 39), style: `font-size:${large ? 13.5 : 12}px` }, words));
    parts.progress = svg("text", { class: "count", x: left, y: y + h - (large ? 18 : 12), style: `font-size:${large ? 17 : 13}px` });
    const wide = large ? 84 : 40, high = h - (large ? 62 : 52);
    parts.room = { x: x + w - wide - 10, y: y + h - high - 10, w: wide, h: high };
    parts.latest = svg("g", { class: "content" });
    group.append(parts.progress, parts.latest);
  }

  // ------------------------------------------------------------------------------------- stepping

  /** The last step of the stretch of steps that one group runs from `step` on: it plays as one. */
  runEnd(step) {
    const home = this.homeOfStep(step);
    let end = step;
    if (home === null) return end;
    while (end < this.scene.frames.length && this.homeOfStep(end + 1) === home) end += 1;
    return end;
  }

  runStart(step) {
    const home = this.homeOfStep(step);
    let start = step;
    if (home === null) return start;
    while (start > 1 && this.homeOfStep(start - 1) === home) start -= 1;
    return start;
  }

  homeOfStep(step) {
    const frame = this.scene.frames[step - 1];
    return frame && !frame.failed && this.owners.has(frame.node) ? this.owners.get(frame.node) : null;
  }

  show(step, progress, forwardNode = null) {
    this.from = progress < 1 ? this.runStart(step) : step;
    super.show(step, progress, forwardNode === null ? null : this.home(forwardNode));
  }

  isNow(sent, step) {
    return sent >= this.from && sent <= step;
  }

  showNode(parts, step, progress, forwardNode) {
    super.showNode(parts, step, progress, forwardNode);
    if (!parts.progress) return;
    const { item } = parts;
    // While a stretch plays as one, the counter runs through it.
    const at = progress < 1 && this.homeOfStep(step) === item.index
      ? this.from + Math.floor(Math.min(1, progress / APPLY) * (step - this.from)) : step;
    const ran = countUntil(item.steps, at);
    const each = item.repeats ? item.steps.length / item.repeats : 1;
    const count = item.repeats || item.steps.length;
    const words = ran === 0 ? "" : text("count.arrived", { got: Math.ceil(ran / each), of: count });
    if (parts.progress.textContent !== words) parts.progress.textContent = words;
    const frame = ran ? this.scene.frames[item.steps[ran - 1] - 1] : null;
    const rows = frame ? [...frame.sent, ...frame.arrived].filter((row) => row.tile !== null) : [];
    const tile = rows.length ? rows[0].tile : frame ? parts.shown : null;
    if (parts.shown === tile) return;
    parts.shown = tile;
    parts.latest.replaceChildren(...this.latestTile(parts.room, tile));
  }

  latestTile(room, number) {
    if (number === null || number === undefined) return [];
    const [w, h] = fitInto(panelSize(this.tiles[number]), room.w, room.h);
    return [drawTile(this.tiles[number], { x: room.x + room.w - w, y: room.y + (room.h - h) / 2, w, h }, this.scene.largest)];
  }

  /** A wire that stands for several is lit whenever one of them sends. */
  showWire(entry, step, progress) {
    const { landings } = entry.wire;
    if (!landings.length) return super.showWire(entry, step, progress);
    const before = countUntil(landings, this.from - 1) - countUntil(landings, 0);
    const now = countUntil(landings, step) - countUntil(landings, this.from - 1);
    const flows = now > 0 && (progress >= APPLY || entry.wire.seed !== null);
    let state = flows ? "act" : before > 0 ? "past" : "not";
    if (state !== "not" && entry.wire.tile === null && entry.wire.seed === null) state = "void";
    for (const hop of entry.hops) {
      if (!setClass(hop, `wire ${state}`)) continue;
      hop.style.strokeWidth = state === "not" || state === "void" ? "" : entry.width.toFixed(1);
    }
    setClass(entry.arrow, `arrow ${state}`);
  }

  arrivedOn(wire, step, progress) {
    if (!wire.landings.length) return super.arrivedOn(wire, step, progress);
    const until = progress < 1 && progress < this.arrival(wire) ? this.from - 1 : step;
    return countUntil(wire.landings, until) - countUntil(wire.landings, 0);
  }
}

/** Two buttons for two ways to see the graph: as the person wrote it, or as torch has it. */
class Wording {
  /** `onChoose(torch)` is told which one is wanted. */
  constructor(onChoose) {
    const button = (id, torch) => html("button", { type: "button", title: WORDS[`${id}.title`], onclick: () => onChoose(torch) }, WORDS[id]);
    this.buttons = [button("as.written", false), button("as.torch", true)];
    this.element = html("div", { class: "wording", role: "group", "aria-label": WORDS["as.label"] }, ...this.buttons);
  }

  show(torch, possible) {
    this.buttons.forEach((button, place) => button.setAttribute("aria-pressed", String(torch === Boolean(place))));
    this.buttons[1].disabled = !possible;
    this.buttons[1].title = WORDS[possible ? "as.torch.title" : "as.torch.many"];
  }
}

/** What is folded and how to change it, in a corner of the graph. */
class FoldBar {
  constructor(onOpen) {
    this.onOpen = onOpen;
    this.element = html("div", { class: "folds", hidden: true });
  }

  show(view, views, scene) {
    this.element.hidden = views.length < 2 && !view.fold?.groups.length;
    if (this.element.hidden) return;
    const button = (words, key) => html("button", { type: "button", onclick: () => this.onOpen(key) }, words);
    const has = (key) => views.some((one) => one.opened === key);
    const parts = [];
    if (view.opened === "*") parts.push(button(WORDS["fold.all"], ""));
    else {
      const groups = view.fold.groups;
      const nodes = groups.reduce((sum, group) => sum + group.holds.length, 0);
      if (view.opened) parts.push(button(WORDS["fold.back"], view.within));
      parts.push(html("span", {}, text("fold.said", { nodes, count: groups.length })));
      if (scene.crowded) parts.push(html("span", {}, WORDS["fold.crowded"]));
      if (has("*")) parts.push(button(WORDS["unfold.all"], "*"));
      else if (scene.hidden) parts.push(html("span", {}, text("fold.too.many", { nodes: scene.hidden })));
    }
    this.element.replaceChildren(...parts);
  }
}
