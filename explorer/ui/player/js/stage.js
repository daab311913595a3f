// The picture of one scene: built once, then stepped by changing classes of what has changed.

const GATHER = 0.2, APPLY = 0.45, FLY = 0.4, STAGGER = 0.12; // parts of a step's time

/** The state that holds at `step` in a list of [step, state]. */
function stateAt(changes, step) {
  let held = changes[0][1];
  for (const [from, state] of changes) {
    if (from > step) break;
    held = state;
  }
  return held;
}

const NO_VALUES = new Map();
const SMALL_CHIPS = 4; // on a card without room for their names

class Stage {
  /**
   * `on` is told what the person does: `select(node, what)`, `jump(step)`, `hover(node or null)`,
   * `cell(wire, element)` for a number of a contribution and `leaf(node, element)` for one in `.grad`.
   */
  constructor(scene, picture, tiles, on) {
    this.scene = scene;
    this.picture = picture;
    this.tiles = tiles;
    this.on = on;
    this.flags = { selected: null, lit: new Set(), found: new Set(), wrong: new Set() };
    this.forwardShown = NO_VALUES;
    this.forward = null; // ops of the forward that have been made, while one of them is looked at
    this.toMake = NO_VALUES; // all nodes that the forward makes
    this.items = new Map(scene.items.map((item) => [item.index, item]));
    this.spots = new Map(picture.spots.map((spot) => [spot.node, spot]));
    this.mates = this.findMates();
    this.turns = this.findTurns();
    this.parts = new Map();
    this.sockets = [];
    this.wires = [];
    this.roads = [];
    this.layers = {};
    for (const name of ["ground", "roads", "wires", "labels", "nodes", "marks", "flight"]) {
      this.layers[name] = svg("g", { class: name });
    }
    this.element = svg("svg", { class: `graph ${picture.density}`, role: "group", "aria-label": WORDS.graph },
      hatching(), ...Object.values(this.layers));
    this.build();
  }

  build() {
    for (const cluster of this.picture.clusters) this.drawCluster(cluster);
    for (const road of this.picture.roads) this.drawRoad(road);
    this.scene.seeds.forEach((seed, place) => this.drawSeed(seed, this.picture.seeds[place]));
    for (const path of this.picture.paths) this.drawWire(path);
    for (const cut of this.cutsToDraw()) this.drawCut(cut);
    for (const item of this.scene.items) this.drawNode(item);
  }

  /** The box around a node and the buckets near it; null for a node that is not drawn. */
  neighbourhood(index) {
    const spot = this.spots.get(index);
    if (!spot) return null;
    const near = (box) => Math.abs(box.y - spot.box.y) < 330 && Math.abs(box.x - spot.box.x) < 500;
    const mates = (this.mates.get(index) ?? []).map((mate) => this.spots.get(mate).box);
    const boxes = [spot.box, ...mates.filter(near)];
    const x = Math.min(...boxes.map((box) => box.x)), y = Math.min(...boxes.map((box) => box.y));
    return {
      x, y,
      w: Math.max(...boxes.map((box) => box.x + box.w)) - x,
      h: Math.max(...boxes.map((box) => box.y + box.h)) - y,
    };
  }

  /** For each card the buckets it sends to; for each bucket, and each bead on the way, the card. */
  findMates() {
    const mates = new Map();
    const join = (one, other) => mates.set(one, [...(mates.get(one) ?? []), other]);
    for (const wire of this.scene.wires) {
      if (wire.source === null || this.items.get(wire.target).kind !== "bucket") continue;
      join(wire.source, wire.target);
      for (const index of [wire.target, ...wire.beads]) join(index, wire.source);
    }
    return mates;
  }

  /** Height of the tallest card with its buckets. */
  get tallest() {
    this.height ??= Math.max(120, ...this.scene.items.filter((item) => item.kind === "card")
      .map((item) => this.neighbourhood(item.index).h));
    return this.height;
  }

  /** Width of the widest card with its buckets. */
  get widest() {
    this.width ??= Math.max(0, ...this.scene.items.filter((item) => item.kind === "card")
      .map((item) => this.neighbourhood(item.index).w));
    return this.width;
  }

  /** Size in px that most numbers on tiles have; 0 where none are printed. */
  get numberSize() {
    if (this.usual === undefined) {
      const sizes = this.sockets.filter(({ wire }) => wire.tile !== null && this.tiles[wire.tile].cells.length)
        .map(({ wire, box }) => printed(this.tiles[wire.tile], box)).filter(({ words }) => words)
        .map(({ size }) => size).sort((one, other) => one - other);
      this.usual = sizes[Math.floor(sizes.length / 2)] ?? 0;
    }
    return this.usual;
  }

  // ------------------------------------------------------------------------------------- ground

  drawCluster({ name, box }) {
    const words = shortened(name, Math.floor((box.w - 28) / 7.6));
    this.layers.ground.append(
      svg("rect", { class: "cluster", x: box.x, y: box.y, width: box.w, height: box.h, rx: 16 }),
      svg("text", { class: "cluster-name", x: box.x + 34, y: box.y + 19 }, words));
  }

  drawRoad(road) {
    const wire = this.scene.wires[road.wire];
    const [x, y] = road.tip;
    const lane = svg("g", { class: "lane" },
      svg("path", { class: "road", d: road.path }),
      svg("path", { class: "road-tip", d: this.picture.isDown ? `M${x} ${y}l-5 -10h10z` : `M${x} ${y}l-10 -5v10z` }));
    this.layers.roads.append(lane);
    this.roads.push({ maker: wire.target, lane });
    if (wire.seed !== null) {
      this.drawRootName(this.scene.seeds[wire.seed], road);
      return;
    }
    if (!road.label) return;
    const label = svg("text", { class: this.picture.isDown ? "road-label beside" : "road-label", x: road.label[0], y: road.label[1] });
    if (road.name) label.append(svg("tspan", { class: "road-name" }, road.name));
    if (road.shape) label.append(`${road.name ? " " : ""}${road.shape}`);
    label.append(svg("title", {}, `${wire.name} ${wire.shape}`.trim()));
    this.layers.labels.append(label);
    this.roads.push({ maker: wire.target, lane: label });
  }

  drawRootName(seed, road) {
    if (this.picture.density === "S") return;
    const value = seed.value === null ? null : this.tiles[seed.value];
    const [x, y] = road.tip;
    const box = this.picture.seeds[seed.number];
    const at = this.picture.isDown ? { class: "road-label ends", x: box.x - 10, y: box.y + 30 } : { class: "road-label root", x: x + 5, y: y + 5 };
    const label = svg("text", at);
    label.append(svg("tspan", { class: "road-name" }, shortened(seed.name, 14)));
    if (value && value.shape.length === 0 && value.cells.length) label.append(` = ${number(value.cells[0])}`);
    this.layers.roads.append(label);
    this.roads.push({ maker: seed.root, lane: label });
  }

  drawSeed(seed, box) {
    const small = this.picture.density === "S";
    const middle = box.x + box.w / 2, centre = box.y + box.h / 2;
    const vector = text("seed.vector", { vector: shortened(seed.vector, 8) });
    this.layers.nodes.append(svg("g", { class: "seed" },
      svg("rect", { x: box.x, y: box.y, width: box.w, height: box.h, rx: small ? 6 : 10 }),
      small ? null : svg("text", { x: middle, y: centre - 4 }, shortened(seed.function, 10)),
      svg("text", { class: "vector", x: middle, y: centre + (small ? 4 : 15) }, small ? shortened(vector, 6) : vector)));
  }

  /** One cut for each card: data without grad only at the edge, `detach` and its like everywhere. */
  cutsToDraw() {
    if (this.picture.density === "S") return [];
    const onward = new Set(this.scene.wires
      .filter((wire) => this.items.get(wire.target).kind !== "bucket").map((wire) => wire.source));
    const reasons = new Map();
    for (const { node, reason } of this.scene.cuts) {
      if (this.items.get(node)?.kind !== "card" || (onward.has(node) && reason === "no grad")) continue;
      reasons.set(node, (reasons.get(node) ?? new Set()).add(reason));
    }
    return [...reasons].map(([node, all]) => ({ node, low: onward.has(node), reason: [...all].map((one) => WORDS[`cut.${one}`] ?? one).join(", ") }));
  }

  drawCut(cut) {
    const body = this.spots.get(cut.node).body;
    // Where cotangents leave on the lane, the cut stands below it.
    const y = cut.low ? body.y + body.h - 14 : body.y + this.lane(body);
    const x = body.x - 22;
    const words = cut.reason;
    this.layers.wires.append(
      svg("path", { class: "cut", d: `M${body.x} ${y}h-22m0 -11v22m-6 -22v22` }),
      svg("text", { class: "cut-word", x: x + 20, y: y + 26 }, words, svg("title", {}, words)));
  }

  lane(body) {
    return this.picture.density === "L" ? 37 + (body.h - 37) / 2 : 32 + (body.h - 32) / 2;
  }

  // -------------------------------------------------------------------------------------- wires

  drawWire(path) {
    const wire = this.scene.wires[path.wire];
    const hops = path.hops.map((d) => svg("path", { class: "wire not", d }));
    const [x, y, angle] = path.arrow;
    const arrow = svg("path", { class: "arrow not", d: "M8 0L-6 -7.5L-6 7.5Z", transform: `translate(${x} ${y}) rotate(${angle})` });
    this.layers.wires.append(...hops, arrow);
    const small = this.picture.density === "S" ? 0.55 : 1;
    const width = small * (wire.weight === null ? 2.5 : 3 + 5 * wire.weight);
    this.wires.push({ wire, hops, arrow, width });
  }

  // -------------------------------------------------------------------------------------- nodes

  drawNode(item) {
    const spot = this.spots.get(item.index);
    const group = svg("g", {
      class: `node ${item.kind} idle`, "data-index": item.index, "data-name": item.torch ? item.label : item.name, tabindex: "-1", role: "button",
      "aria-label": item.order === null ? item.title : text("node.label", { step: item.order, title: item.title }),
    }, svg("title", {}, item.title));
    this.listen(group, item);
    const parts = { item, spot, group, chips: [], count: null, content: null, shown: null, value: null };
    this.parts.set(item.index, parts);
    if (item.kind === "bead") this.drawBead(parts);
    else if (item.kind === "bucket") this.drawBucket(parts);
    else this.drawCard(parts);
    this.layers.nodes.append(group);
  }

  listen(group, item) {
    group.addEventListener("click", (event) => {
      const part = event.target.closest(".chip, .socket, .content");
      const cell = part && this.cellUnder(event, part, item);
      if (cell?.wire) this.on.cell(cell.wire, cell.element);
      else if (cell) this.on.leaf(item.index, cell.element);
      else this.on.select(item.index, part?.classList.contains("chip") ? "saved" : null);
    });
    group.addEventListener("dblclick", (event) => {
      event.stopPropagation();
      if (item.order !== null) this.on.jump(item.order);
    });
    group.addEventListener("pointerenter", () => this.on.hover(item.index));
    group.addEventListener("pointerleave", () => this.on.hover(null));
    group.addEventListener("focus", () => this.on.hover(item.index));
    group.addEventListener("blur", () => this.on.hover(null));
  }

  /** The number under the pointer in a tile of a node: of a wire's contribution, or of `.grad`. */
  cellUnder(event, part, item) {
    const corner = part.querySelector(".tile")?.getBoundingClientRect();
    const socket = this.sockets.find((one) => one.slot === part);
    const spot = this.spots.get(item.index);
    const wire = socket?.wire ?? (item.kind === "bucket" && this.parts.get(item.index).shown === "landed" ? this.scene.wires[spot.wires[0]] : null);
    const number = wire ? wire.tile : item.kind === "bucket" ? item.after : null;
    const tile = number === null ? null : this.tiles[number];
    if (!corner || !tile || !tile.cells.length || tile.block[0] * tile.block[1] > 1) return null;
    const [rows, columns] = drawnGrid(tile);
    const at = (place, from, size, count) => Math.floor(within((place - from) / size, 0, 0.9999) * count);
    const element = at(event.clientY, corner.top, corner.height, rows) * tile.columns + at(event.clientX, corner.left, corner.width, columns);
    return { wire, element };
  }

  drawBead({ item, spot, group }) {
    const { x, y, w, h } = spot.body;
    group.append(
      svg("rect", { class: "edge", x, y, width: w, height: h, rx: h / 2 }),
      svg("text", { x: x + w / 2, y: y + h / 2 + 4.5 }, item.short));
  }

  drawCard(parts) {
    const { item, spot, group } = parts;
    const { x, y, w, h } = spot.body;
    const density = this.picture.density;
    const header = { L: 37, M: 32, S: 40 }[density];
    group.append(svg("rect", { class: "halo", x: x - 8, y: y - 8, width: w + 16, height: h + 16, rx: 19 }));
    group.append(svg("rect", { class: "body", x, y, width: w, height: h, rx: 12 }));
    if (density === "S") group.append(svg("rect", { class: "head", x, y, width: w, height: h, rx: 12 }));
    else group.append(svg("path", { class: "head", d: `M${x} ${y + header}v${12 - header}a12 12 0 0 1 12 -12h${w - 24}a12 12 0 0 1 12 12v${header - 12}z` }));
    group.append(svg("rect", { class: "edge", x, y, width: w, height: h, rx: 12 }));
    this.drawHeadline(parts, density);
    if (density !== "S") this.drawDetails(parts, density);
    this.drawSockets(parts);
    if (density !== "S") this.drawBadge(parts, x + 1, y + 1, density === "L" ? 14 : 12);
    if (item.hooked && density !== "S") this.drawHook(parts);
    if (item.tap && density !== "S") this.drawTap(parts);
  }

  drawHeadline({ item, spot, group }, density) {
    const { x, y, w } = spot.body;
    const [pad, most, good, least, line] = { L: [20, 21, 16, 13, 26], M: [16, 17, 13.5, 11, 22], S: [7, 12, 10.5, 8.5, 22] }[density];
    const room = w - pad - (density === "S" ? 6 : 8);
    const sizeFor = (words) => Math.min(most, room / (words.length * MONO_WIDTH));
    // The whole expression where it can be large enough, else with its arguments left out.
    const label = sizeFor(item.label) >= good ? item.label : item.brief;
    const size = Math.max(least, sizeFor(label));
    const words = shortened(label, Math.floor(room / (size * MONO_WIDTH) + 1e-6));
    group.append(svg("text", { class: "headline", x: x + pad, y: y + line, style: `font-size:${size.toFixed(1)}px` }, words));
  }

  drawDetails(parts, density) {
    const { item, spot, group } = parts;
    const { x, y, w, h } = spot.body;
    const large = density === "L";
    const left = x + (large ? 14 : 10);
    const socket = spot.sockets[0];
    const beside = (socket ? socket.x : x + w) - left - 8; // room left of the tiles
    // Small chips stand below the name, or beside it where a wide tile would cover them.
    const chips = large ? 0 : 12 * Math.min(SMALL_CHIPS, item.saved.length);
    const kept = beside < chips ? chips : 0;
    this.drawTorchName(group, item, left, y + (large ? 55 : 46), large ? 12.5 : 11.5, kept ? w - (left - x) - kept - 14 : !socket || socket.y > y + (large ? 60 : 49) ? w - (left - x) - 8 : beside);
    const several = spot.sockets.length > 1;
    if (several) {
      const size = Math.min(large ? 21 : 16, beside / 4.2);
      parts.count = svg("text", { class: "count", x: left, y: y + (large ? 84 : 68), style: `font-size:${size}px` });
      group.append(parts.count);
    }
    if (large) this.drawChips(parts, left, y + h - 11, beside, several ? 1 : 2);
    else if (kept) this.drawSmallChips(parts, x + w - 9, y + 48);
    else this.drawSmallChips(parts, left + chips, y + h - 9);
  }

  /** torch's name of a node, without its ending or smaller where there is little room. */
  drawTorchName(group, item, x, y, size, room) {
    const name = item.name.length * size * MONO_WIDTH <= room ? item.name : item.short;
    const fitting = Math.max(9, Math.min(size, room / (name.length * MONO_WIDTH)));
    const words = shortened(name, Math.floor(room / (fitting * MONO_WIDTH) + 1e-6));
    group.append(svg("text", { class: "torch-name", x, y, style: `font-size:${fitting.toFixed(1)}px` }, words));
  }

  drawChips(parts, left, bottom, room, most) {
    const { item, group } = parts;
    if (!item.saved.length) {
      if (room > 84) group.append(svg("text", { class: "keeps", x: left, y: bottom - 5 }, WORDS["keeps.nothing"]));
      return;
    }
    const chosen = item.saved.slice(0, most);
    chosen.forEach((chip, place) => {
      const more = place === chosen.length - 1 && item.saved.length > most ? ` +${item.saved.length - most}` : "";
      const version = chip.version === null ? "" : ` ${text("chip.version", { version: chip.version })}`;
      const long = `${chip.name} ${chip.text}${version}${more}`.trim(), letters = Math.floor((room - 12) / 7.1);
      const words = long.length <= letters ? long : shortened(chip.name + version + more, letters);
      const width = Math.min(room, words.length * 7.1 + 14);
      const y = bottom - 22 - (chosen.length - 1 - place) * 26;
      const element = svg("g", { class: "chip" },
        svg("rect", { x: left, y, width, height: 22, rx: 5 }),
        svg("text", { x: left + 7, y: y + 15 }, words), svg("title", {}, chipTitle(chip)));
      group.append(element);
      parts.chips.push([chip, element]);
    });
  }

  /** Chips without words, up to `right`. */
  drawSmallChips(parts, right, bottom) {
    const chosen = parts.item.saved.slice(0, SMALL_CHIPS);
    const left = right - 12 * chosen.length;
    chosen.forEach((chip, place) => {
      const element = svg("g", { class: "chip" },
        svg("rect", { x: left + place * 12, y: bottom - 12, width: 9, height: 12, rx: 3 }),
        svg("title", {}, chipTitle(chip)));
      parts.group.append(element);
      parts.chips.push([chip, element]);
    });
  }

  drawBadge({ item, group }, x, y, radius) {
    if (item.order === null) return;
    const words = String(item.order), more = 6.5 * Math.max(0, words.length - 2);
    // A long number grows to the left, away from the name.
    group.append(svg("g", { class: "badge" },
      svg("rect", { x: x - radius - more, y: y - radius, width: 2 * radius + more, height: 2 * radius, rx: radius }),
      svg("text", { x: x - more / 2, y: y + 4.6 }, words)));
  }

  /** A valve: a hook changed what arrived here. */
  drawHook({ spot, group }) {
    const { x, y, w } = spot.body;
    group.append(svg("g", { class: "hook" },
      svg("rect", { x: x + w - 46, y: y - 10, width: 42, height: 20, rx: 10 }),
      svg("text", { x: x + w - 25, y: y + 4 }, WORDS.hook), svg("title", {}, WORDS["hook.title"])));
  }

  /** A small bucket at the lower edge: a tensor that is no leaf keeps what arrives here. */
  drawTap({ item, spot, group }) {
    const { x, y, w, h } = spot.body;
    const words = `${shortened(item.tap.name, 12)}.grad`, size = 12.5;
    const wide = words.length * size * MONO_WIDTH + 16, left = x + w - wide - 10, top = y + h - 6;
    group.append(svg("g", { class: "tap" },
      svg("path", { d: `M${left} ${top}l4 16a7 7 0 0 0 7 6h${wide - 22}a7 7 0 0 0 7 -6l4 -16` }),
      svg("text", { x: left + wide / 2, y: top + 15, style: `font-size:${size}px` }, words),
      svg("title", {}, text("tap.title", { name: item.tap.name }))));
  }

  drawSockets({ item, spot, group }) {
    spot.wires.forEach((number, place) => {
      const box = spot.sockets[place];
      const slot = svg("g", { class: "socket" });
      if (this.picture.density !== "S") slot.append(emptyTile(box));
      group.append(slot);
      this.sockets.push({ wire: this.scene.wires[number], box, slot, full: false, tile: null, item });
    });
  }

  drawBucket(parts) {
    const { item, spot, group } = parts;
    const { x, y, w, h } = spot.body;
    const small = this.picture.density === "S", corner = small ? 6 : 12;
    const middle = x + w / 2;
    if (spot.sockets.length > 1 && !small) {
      this.drawSockets(parts);
      const last = spot.sockets[spot.sockets.length - 1];
      parts.count = svg("text", { class: "count bucket-count", x: last.x + last.w + 12, y: last.y + last.h / 2 + 6 });
      group.append(parts.count);
    }
    const shape = `M${x} ${y}l4 ${h - corner}q1 ${corner} ${corner + 1} ${corner}h${w - 2 * corner - 10}q${corner} 0 ${corner + 1} ${-corner}l4 ${corner - h}`;
    parts.content = svg("g", { class: "content" });
    group.append(svg("path", { class: "halo", d: shape }), svg("path", { class: "tray", d: shape }), parts.content);
    const below = y + h, size = { L: 15, M: 13, S: 9 }[this.picture.density];
    const letters = Math.floor((spot.box.w + 4) / (size * MONO_WIDTH)) - (small ? 0 : 5);
    const tail = small || item.result !== null || item.torch ? "" : ".grad";
    group.append(svg("text", { class: "leaf-name", x: middle, y: below + size + 3, style: `font-size:${size}px` },
      shortened(this.leafName(item), Math.max(4, letters)), svg("tspan", { class: "aside" }, tail)));
    if (!small) {
      const whose = item.torch ? `${text("as.torch.leaf", { leaf: shortened(item.leaf, 10) })} ` : "";
      const note = whose + (item.result !== null ? WORDS.returned : item.shape || WORDS["panel.scalar"]);
      group.append(svg("text", { class: "leaf-shape", x: middle, y: below + size + 18 }, note));
      this.drawBadge(parts, x - 2, y + h - 8, 12);
    }
  }

  leafName(item) {
    const dot = item.label.lastIndexOf(".");
    if (dot < 0) return item.label;
    const users = this.scene.wires.filter((wire) => wire.target === item.index && wire.source !== null);
    const home = item.label.slice(0, dot);
    const inside = users.length && users.every((wire) => this.items.get(wire.source).module === home);
    return inside ? item.label.slice(dot + 1) : item.label;
  }

  // ------------------------------------------------------------------------------------- stepping

  /** Show `step` when the part `progress` of its time has gone by (1 once it has been done). */
  show(step, progress, forwardNode = null) {
    for (const parts of this.parts.values()) this.showNode(parts, step, progress, forwardNode);
    this.showForward();
    for (const socket of this.sockets) this.showSocket(socket, step, progress);
    for (const entry of this.wires) this.showWire(entry, step, progress);
    this.showFlight(step, progress);
  }

  showNode(parts, step, progress, forwardNode) {
    const { item, group } = parts;
    let state = stateAt(item.states, step);
    // What arrives in this step has not arrived before its flight is over.
    if (progress < 1 && (state === "ready" || state === "waiting")) state = stateAt(item.states, step - 1);
    parts.state = `${state}${item.index === forwardNode ? " computed" : ""}`;
    this.paint(parts);
    for (const [chip, element] of parts.chips) setClass(element, `chip ${stateAt(chip.states, step)}`);
    if (parts.count) this.showCount(parts, step, progress, state);
    if (parts.content) this.showContent(parts, step, progress);
  }

  /** Give a node the class of its state and of what is chosen, found or pointed at. */
  paint({ item, group, state, value }) {
    const { selected, lit, found, wrong } = this.flags;
    const more = (item.index === selected ? " selected" : "") + (lit.has(item.index) ? " lit" : "") + (found.has(item.index) ? " found" : "") + (wrong.has(item.index) ? " wrong" : "");
    setClass(group, `node ${item.kind} ${state}${more}${value ? " valued" : ""}${this.isUnmade(item.index) ? " unmade" : ""}`);
  }

  /** Choose (`selected`), find or light nodes; what is not given stays. */
  flag(flags) {
    const touched = new Set();
    for (const [name, value] of Object.entries(flags)) {
      const old = this.flags[name];
      for (const one of [old, value]) for (const index of one instanceof Set ? one : [one]) touched.add(index);
      this.flags[name] = value;
    }
    for (const index of touched) if (this.parts.has(index) && this.parts.get(index).state) this.paint(this.parts.get(index));
  }

  /** Outline single numbers of contributions, where they have landed: `[{ wire, element, chosen }]`. */
  mark(cells) {
    const marks = cells.flatMap(({ wire, element, chosen }) => {
      const entry = this.sockets.find((one) => one.full && sameWay(one.wire, wire));
      const tile = entry && entry.wire.tile !== null ? this.tiles[entry.wire.tile] : null;
      if (!tile || this.picture.density === "S" || tile.block[0] * tile.block[1] > 1 || !tile.cells.length) return [];
      // The one number of a tile that is all equal stays free of lines until it is pointed at.
      if (chosen && tile.uniform) return [];
      const [rows, columns] = drawnGrid(tile);
      const row = Math.floor(element / tile.columns), column = element % tile.columns;
      if (row >= rows || column >= columns) return [];
      const w = entry.box.w / columns, h = entry.box.h / rows;
      return [svg("rect", { class: `mark ${chosen ? "chosen" : "lit"}`, x: entry.box.x + column * w, y: entry.box.y + row * h, width: w, height: h, rx: 2 })];
    });
    this.layers.marks.replaceChildren(...marks);
  }

  /** Forward values on the nodes whose ops have been made (`tiles` by node), or none. */
  showForward() {
    const values = this.forward ?? NO_VALUES;
    if (values === this.forwardShown) return;
    this.forwardShown = values;
    for (const [index, parts] of this.parts) {
      const tile = values.get(index);
      if (parts.value) parts.value.remove();
      parts.value = null;
      if (tile === undefined || tile === null || parts.item.kind !== "card") continue;
      const { body } = parts.spot;
      const size = fitInto(panelSize(this.tiles[tile]), this.picture.density === "L" ? 86 : 56, body.h - (this.picture.density === "L" ? 52 : 48));
      const box = { x: body.x + body.w - size[0] - 12, y: body.y + this.lane(body) - size[1] / 2, w: size[0], h: size[1] };
      parts.value = svg("g", { class: "forward-value" },
        svg("rect", { class: "forward-ground", x: box.x - 6, y: box.y - 5, width: size[0] + 12, height: size[1] + 10, rx: 6 }),
        drawTile(this.tiles[tile], box, null));
      if (this.picture.density !== "S") parts.group.append(parts.value);
    }
    for (const parts of this.parts.values()) if (parts.state) this.paint(parts);
    for (const { maker, lane } of this.roads) lane.classList.toggle("unmade", this.isUnmade(maker));
  }

  /** The nodes that a drawn one stands for. */
  held(index) {
    return this.items.get(index)?.holds?.length ? this.items.get(index).holds : [index];
  }

  /** Whether the forward, while it is looked at, has not come to a node yet. */
  isUnmade(index) {
    if (this.forwardShown === NO_VALUES) return false;
    const held = this.held(index);
    return held.some((node) => this.toMake.has(node)) && !held.some((node) => this.forwardShown.has(node));
  }

  /** The nodes in the order in which they run: keys go through them this way. */
  get sequence() {
    this.ordered ??= [...this.parts.values()].sort((one, other) => (one.item.order ?? Infinity) - (other.item.order ?? Infinity) || one.item.index - other.item.index);
    return this.ordered;
  }

  /** Let Tab stop at one node only. */
  tabStop(index) {
    if (this.stop === index) return;
    this.parts.get(this.stop)?.group.setAttribute("tabindex", "-1");
    this.parts.get(index)?.group.setAttribute("tabindex", "0");
    this.stop = index;
  }

  landed(wire, step, progress) {
    if (wire.lands === null || wire.lands > step) return false;
    if (!this.isNow(wire.lands, step) || wire.seed !== null) return true;
    return progress >= this.arrival(wire);
  }

  /** Whether a step is the one that is shown. */
  isNow(sent, step) {
    return sent === step;
  }

  /** How many contributions have come in on a wire. */
  arrivedOn(wire, step, progress) {
    return this.landed(wire, step, progress) ? 1 : 0;
  }

  arrival(wire) {
    const last = wire.beads.length > 0;
    return Math.min(1, APPLY + FLY + (last ? 0 : STAGGER * this.turn(wire)));
  }

  /** Place of each wire among those that its node sends something on: they leave one by one. */
  findTurns() {
    const senders = new Map();
    for (const wire of this.scene.wires) {
      if (wire.hops[0].tile === null) continue;
      const key = wire.source ?? `seed ${wire.seed}`;
      senders.set(key, [...(senders.get(key) ?? []), wire.number]);
    }
    const turns = new Map();
    for (const mates of senders.values()) {
      // However many there are, all are on their way within the time of a step.
      mates.forEach((number, place) => turns.set(number, mates.length > 2 ? (place * 1.2) / mates.length : place));
    }
    return turns;
  }

  turn(wire) {
    return this.turns.get(wire.number) ?? 0;
  }

  showCount(parts, step, progress, state) {
    const ways = parts.spot.wires.map((number) => this.scene.wires[number]);
    const got = ways.reduce((sum, wire) => sum + this.arrivedOn(wire, step, progress), 0);
    const over = state === "firing" || state === "done";
    const room = parts.spot.box.x + parts.spot.box.w - Number(parts.count.getAttribute("x"));
    const long = parts.item.kind === "bucket" && room > 110;
    let words = text(long ? "count.arrived.bucket" : "count.arrived", { got, of: parts.item.expected });
    if (over && parts.item.kind === "bucket") words = long ? WORDS["count.summed"] : WORDS["panel.sum"];
    else if (over && parts.item.sum !== null) {
      const sum = this.tiles[parts.item.sum];
      words = sum.uniform ? text("count.sum", { number: sum.cells[0] }) : WORDS["count.summed"];
    } else if (step === 0 || got === 0) words = "";
    if (parts.count.textContent !== words) parts.count.textContent = words;
  }

  showContent(parts, step, progress) {
    const { item, spot } = parts;
    const fired = item.order !== null && (item.order < step || (item.order === step && progress > GATHER));
    const single = spot.wires.length === 1 ? this.scene.wires[spot.wires[0]] : null;
    let kind = fired ? "after" : item.recorded ? "before" : "empty";
    if (item.result !== null) kind = spot.wires.every((n) => this.landed(this.scene.wires[n], step, progress)) ? "result" : "empty";
    else if (!fired && single && this.landed(single, step, progress)) kind = "landed";
    if (parts.shown === kind) return;
    parts.shown = kind;
    const { x, y, w, h } = spot.body;
    const tile = { after: item.after, before: item.before, result: item.result, landed: single?.tile }[kind];
    const size = fitInto(panelSize(tile === null || tile === undefined ? null : this.tiles[tile]), w - 14, h - 14);
    const box = { x: x + w / 2 - size[0] / 2, y: y + h / 2 - size[1] / 2 + 1, w: size[0], h: size[1] };
    if (kind === "empty") parts.content.replaceChildren(emptyTile(box));
    else parts.content.replaceChildren(drawTile(tile === null ? null : this.tiles[tile], box, this.scene.largest));
  }

  showSocket(socket, step, progress) {
    const full = this.landed(socket.wire, step, progress);
    if (full === socket.full) return;
    socket.full = full;
    if (full && !socket.tile) {
      const tile = socket.wire.tile === null ? null : this.tiles[socket.wire.tile];
      socket.tile = drawTile(tile, socket.box, this.scene.largest);
    }
    if (full) socket.slot.append(socket.tile);
    else socket.tile.remove();
  }

  showWire({ wire, hops, arrow, width }, step, progress) {
    let state = "not";
    hops.forEach((hop, place) => {
      const sent = wire.hops[place].step;
      const now = this.isNow(sent, step);
      state = sent === null || sent > step || (now && progress < APPLY && wire.seed === null) ? "not" : now ? "act" : "past";
      if (wire.hops[place].tile === null && wire.seed === null && state !== "not") state = "void";
      if (!setClass(hop, `wire ${state}`)) return;
      hop.style.strokeWidth = state === "not" || state === "void" ? "" : width.toFixed(1);
    });
    setClass(arrow, `arrow ${state}`);
  }

  /** Tiles on their way, while a step plays. */
  showFlight(step, progress) {
    if (this.layers.flight.firstChild) this.layers.flight.replaceChildren();
    if (progress >= 1 || progress < APPLY) return;
    for (const { wire, hops } of this.wires) {
      wire.hops.forEach((hop, place) => {
        if (hop.step === null || !this.isNow(hop.step, step) || hop.tile === null || (wire.seed !== null && place === 0)) return;
        const since = progress - APPLY - (place === 0 ? STAGGER * this.turn(wire) : 0);
        if (since < 0 || since >= FLY) return;
        this.fly(hops[place], hop.tile, eased(since / FLY), place === hops.length - 1 ? wire : null);
      });
    }
  }

  fly(path, tile, part, landing) {
    const point = path.getPointAtLength(path.getTotalLength() * part);
    let size = fitInto(panelSize(this.tiles[tile]), 104, 72);
    if (this.picture.density === "S") size = fitInto(size, 30, 16);
    if (landing) {
      const spot = this.spots.get(landing.target);
      const box = spot.sockets[spot.wires.indexOf(landing.number)];
      if (box && this.picture.density !== "S") size = [box.w, box.h];
    }
    const group = drawTile(this.tiles[tile], { x: point.x - size[0] / 2, y: point.y - size[1] / 2, w: size[0], h: size[1] }, this.scene.largest);
    group.setAttribute("class", "tile flying");
    this.layers.flight.append(group);
  }
}

/** Whether two wires carry the same contribution: a folded picture has wires of its own. */
function sameWay(one, other) {
  const [from, to] = [one, other].map(({ beads, source, slot, seed }) => (beads.length ? [beads.at(-1), 0, null] : [source, slot, seed]));
  return one.target === other.target && one.input_nr === other.input_nr && from.every((part, place) => part === to[place]);
}

function chipTitle(chip) {
  return `${chip.name} ${chip.text}${chip.version === null ? "" : `: ${text("chip.edited", { version: chip.version })}`}`;
}

/** Give an element a class; whether that changed anything. The browser redraws for equal ones too. */
function setClass(element, name) {
  if (element.className.baseVal === name) return false;
  element.className.baseVal = name;
  return true;
}

function eased(t) {
  return t < 0.5 ? 4 * t * t * t : 1 - Math.pow(-2 * t + 2, 3) / 2;
}
