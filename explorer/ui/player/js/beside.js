// Two players under one transport: what both have stands in the same place and moves at once.

const SIDES = ["left", "right"];
const MARK_WORDS = 12.5; // px of the words at an outlined place
const WORD_HIGH = 20;
const LARGEST = 1.2; // a picture is drawn no larger than this
const CAPTION = 58, TALL_CAPTION = 112, MARGIN = 272; // px of a caption above a picture, and at its left

/** One of the two players. It is moved by the pair that it belongs to, and looks where that looks. */
class Side extends Player {
  build() {
    super.build();
    this.title = html("h4", { class: "side-title" });
    this.wait = html("span", { class: "waits", hidden: true });
    this.missing = html("p", { class: "missing", hidden: true });
    this.root.classList.add("side");
    this.caption.replaceChildren(this.counter, this.title, ...this.caption.querySelectorAll(".said"), this.wait);
    this.holder.before(this.missing);
    this.rings = new Map(); // by stage: what is outlined in it
    const { camera } = this;
    camera.apply = (view) => {
      Camera.prototype.apply.call(camera, view);
      this.pair?.mirror(this, view);
    };
  }

  /** Take new data and stand at rest; the pair says where to go from there. */
  load(data) {
    this.setting = true;
    super.load(data);
    this.setting = false;
  }

  /** Show a call of this side, or say that there is none. */
  open_(place) {
    this.missing.hidden = place !== null;
    this.holder.hidden = place === null;
    this.setting = true;
    if (place !== null && (place !== this.chosen || this.step)) this.choose(place, 0);
    this.setting = false;
  }

  goTo(step) {
    if (this.setting) super.goTo(step);
    else this.pair.goToOwn(this, step);
  }

  onKey() {} // the pair has the keys

  /** Stand at `step`, the part `progress` of which has gone by. */
  stand(step, progress) {
    if (step !== this.step || (progress < 1 && this.progress >= 1) || this.forward !== null) this.moveTo(step, progress);
    else if (progress !== this.progress) {
      this.progress = progress;
      this.refresh();
    }
  }

  refresh() {
    if (calm() && this.progress < 1) this.shownStage.show(this.step, 1, null);
    else super.refresh();
  }

  aim(smooth) {
    if (!this.pair || this.pair.leader === this) super.aim(smooth);
  }

  select(node) {
    super.select(node);
    this.pair.turnTo(this);
  }

  /** Both look at their picture in the same way, or their places would not be the same. */
  isFollowing() {
    return this.pair?.isFollowing() ?? super.isFollowing();
  }

  wantsToFollow() {
    return this.scene !== undefined && super.isFollowing();
  }

  stage(kind) {
    const stage = super.stage(kind);
    if (this.pair && !this.rings.has(stage)) this.rings.set(stage, this.outline(stage));
    return stage;
  }

  /** Outline what differs, and where the other side has something that is not here. */
  outline(stage) {
    const { call } = this.pair, number = this.pair.sides.indexOf(this), rings = [];
    if (!call || call[SIDES[number]] !== this.chosen) return rings;
    const ghosts = this.data.ghosts[this.chosen] ?? [[], []];
    const ground = svg("g", { class: "ghosts", "aria-hidden": "true" });
    for (const ghost of ghosts[stage.picture === this.view.follow ? 1 : 0]) ground.append(drawGhost(ghost));
    stage.layers.ground.before(ground);
    const edges = svg("g", { class: "rings" }), words = svg("g", { class: "rings" });
    stage.layers.nodes.before(edges);
    stage.layers.nodes.after(words);
    const outlined = call.marks.flatMap((mark) => {
      const index = call.pairs[mark.pair][SIDES[number]];
      const parts = index === null ? null : stage.parts.get(index);
      return parts ? [{ mark, parts }] : [];
    });
    // From the right, as a word goes to the right of a bucket if it can.
    outlined.sort((one, other) => other.parts.spot.body.x - one.parts.spot.body.x);
    const taken = [];
    for (const { mark, parts } of outlined) {
      const [edge, word] = drawRing(mark, parts, stage, taken);
      edges.append(edge);
      if (word) words.append(word);
      for (const element of [edge, word]) if (element) rings.push({ mark, element });
    }
    return rings;
  }

  /** Show the outlines that can be seen at step `step` of both. */
  showRings(step) {
    for (const { mark, element } of this.rings.get(this.shownStage) ?? []) element.classList.toggle("seen", mark.step <= step);
  }
}

/** The place of a node that only the other side has. */
function drawGhost({ kind, body }) {
  return svg("rect", { class: `ghost ${kind}`, x: body.x, y: body.y, width: body.w, height: body.h, rx: kind === "bead" ? body.h / 2 : 12 },
    svg("title", {}, WORDS["compare.ghost"]));
}

/** The outline around a place that differs, with its word where there is room; `taken` are the words so far. */
function drawRing(mark, { item, spot }, stage, taken) {
  const small = stage.picture.density === "S" || item.kind === "bead";
  const out = small ? 4 : 7;
  const { x, y, w, h } = item.kind === "bucket" ? bucketBox(spot, item, small) : spot.body;
  const words = text(mark.badge.id, mark.badge.values);
  const edge = svg("g", { class: `ring ${mark.kind}` },
    svg("rect", { class: "ring-edge", x: x - out, y: y - out, width: w + 2 * out, height: h + 2 * out, rx: Math.min(h / 2 + out, 12 + out) }));
  if (small) return [edge, null];
  const shown = shortened(words, 30), wide = shown.length * MARK_WORDS * 0.58 + 16;
  // On a card the word stands on the right of the upper edge; a wire comes down on a bucket there.
  const isBucket = item.kind === "bucket", top = y - (isBucket ? out + 10 : 12);
  const lefts = isBucket ? [x + w / 2 + 12, x + w / 2 - 12 - wide] : [x + w - wide + 4];
  const place = freePlace(lefts, top, wide, stage.picture.bounds, taken);
  const word = svg("g", { class: `ring ${mark.kind}` },
    svg("rect", { class: "ring-word", x: place.left, y: place.top, width: wide, height: WORD_HIGH, rx: WORD_HIGH / 2 }),
    svg("text", { x: place.left + wide / 2, y: place.top + 14.4, style: `font-size:${MARK_WORDS}px` }, shown));
  return [edge, word];
}

/** The first place for a word of this width where no other stands; it goes up where both sides are taken. */
function freePlace(lefts, top, wide, bounds, taken) {
  const isFree = (left, at) => left >= bounds.x && left + wide <= bounds.x + bounds.w && taken.every((other) =>
    left >= other.left + other.wide + 4 || left + wide + 4 <= other.left || Math.abs(at - other.top) >= WORD_HIGH);
  for (let row = 0; row < 3; row += 1) {
    const at = top - row * (WORD_HIGH + 2), left = lefts.find((one) => isFree(one, at));
    if (left !== undefined) return note({ left, top: at });
  }
  return note({ left: lefts[0], top });

  function note(place) {
    taken.push({ ...place, wide });
    return place;
  }
}

/** A bucket with its name below it. */
function bucketBox(spot, item, small) {
  const { x, y, w } = spot.body, size = small ? 9 : 15;
  const wide = Math.max(w, Math.min(spot.box.w, (item.label.length + (small ? 0 : 5)) * size * MONO_WIDTH));
  return { x: x + w / 2 - wide / 2, y, w: wide, h: spot.box.y + spot.box.h - y };
}

/** The two of them: one transport, one timeline, the differences in words. */
class Beside extends Control {
  // ---------------------------------------------------------------------------------- building

  build() {
    this.headline = html("p", { class: "headline-words" });
    this.allButton = html("button", { type: "button", class: "all", "aria-expanded": "false", onclick: () => this.expand() });
    this.list = html("div", { class: "differences" });
    this.summary = html("section", { class: "summary", "aria-label": WORDS["compare.summary"] }, this.headline, this.allButton, this.list);
    this.holder = html("div", { class: "sides" });
    this.legend = html("div", { class: "legend" });
    this.fitButton = html("button", { type: "button", onclick: () => this.look(false) }, WORDS["button.fit"]);
    this.followButton = html("button", { type: "button", "aria-pressed": "false", title: "F", onclick: () => this.look(!this.isFollowing()) }, WORDS["button.follow"]);
    this.buildTransport({ onStep: (step) => this.goTo(step), onForward: () => {}, onCall: (place) => this.choose(place) }, this.fitButton, this.followButton);
    this.buildHelp("compare.help", "compare.help.note");
    this.endings = html("section", { class: "endings" });
    this.tabs = html("div", { class: "tabs", role: "tablist" });
    this.below = html("div", { class: "below" });
    this.buildRoot("player beside", this.summary, this.holder, this.transport, this.help, this.qr.element, this.legend, this.endings, this.tabs, this.below);
    this.sides = SIDES.map((side) => new Side(this.holder, `${this.name} ${side}`));
    this.sides.forEach((side, number) => {
      side.pair = this;
      side.missing.textContent = WORDS["compare.missing"];
      this.below.append(side.panels);
      this.tabs.append(html("button", { type: "button", class: "tab", role: "tab", onclick: () => this.turnTo(side) }));
      side.root.setAttribute("aria-label", WORDS[`compare.side.${SIDES[number]}`]);
    });
    this.leader = this.sides[0];
    this.turnTo(this.sides[0]);
  }

  // ----------------------------------------------------------------------------------- loading

  load(data) {
    this.root.classList.toggle("dark", isDark(this.parent));
    this.sides.forEach((side) => side.root.classList.toggle("dark", isDark(this.parent)));
    if (data.signature === this.signature) return;
    this.pause();
    const isFirst = this.signature === undefined;
    this.signature = data.signature;
    this.comparison = data.comparison;
    this.call = null;
    this.following = null;
    this.sides.forEach((side, number) => {
      side.rings.clear();
      side.title.replaceChildren(html("b", {}, WORDS[`compare.side.${SIDES[number]}`]), html("span", {}, data.titles[number]));
      side.title.title = data.titles[number];
      this.tabs.children[number].replaceChildren(`${WORDS[`compare.side.${SIDES[number]}`]} ${data.titles[number]}`);
      side.load({ ...data.sides[number], signature: `${data.signature} ${number}`, key: side.name, link: null });
    });
    this.frames = this.joinedFrames();
    this.journey = new Journey(this.frames);
    this.showEndings();
    this.address?.remove();
    this.address = data.link ? new Address(data.link, (at) => this.standAt(at)) : null;
    const last = shared.places.get(this.name);
    // The address knows of one program only: with another one beside it, it says nothing.
    this.standAt((isFirst ? this.address?.read() : null) ?? (last?.signature === data.signature ? last.at : null));
  }

  /** Go to what an address or a visit before said; anything else is the beginning. */
  standAt(at) {
    const beginning = { chosen: this.firstCall(), step: 0, forward: null };
    const place = parsePlace(at, this.frames) ?? beginning;
    this.beginning = placeText(beginning);
    this.choose(place.chosen, place.step);
  }

  /** What the timeline needs: the common steps of each pair of calls. */
  joinedFrames() {
    const scenes = this.comparison.calls.map((call) => ({ title: call.title, frames: call.paces.map((pace) => ({ pace })), items: [], seeds: [] }));
    return { forward: [], scenes, begins: [] };
  }

  /** The pair of calls to begin with: where the programs themselves began, and something differs. */
  firstCall() {
    const { calls } = this.comparison;
    const own = (call) => call.paces.length > 0 && ["call.backward", "call.grad"].includes(call.title.id);
    const last = calls.findLastIndex((call) => own(call) && call.marks.length && call.left !== null && call.right !== null);
    return last >= 0 ? last : Math.max(0, calls.findIndex(own));
  }

  choose(place, step = 0) {
    this.pause();
    this.chosen = place;
    this.call = this.comparison.calls[place];
    this.steps = this.call.steps;
    this.expand(false);
    this.sides.forEach((side, number) => {
      side.rings.clear();
      side.stages.clear();
      side.open_(this.call[SIDES[number]]);
    });
    this.leader = this.sides[this.call.left === null ? 1 : 0];
    this.timeline.load(this.frames, this.journey, { forward: null, chosen: place });
    this.markTicks();
    this.legend.replaceChildren(...legend(Math.max(...this.sides.map((side) => side.scene.largest))), ...this.ringLegend());
    this.showSummary();
    this.arrange();
    this.sides.forEach((side) => side.useCamera());
    this.goTo(step);
  }

  ringLegend() {
    const kinds = [["only", "left"], ["differs", "differs"]];
    return kinds.map(([word, kind]) => html("span", { class: "key" }, html("i", { class: `swatch ring-swatch ${kind}` }), WORDS[`compare.legend.${word}`]));
  }

  // ------------------------------------------------------------------------------------ moving

  get isReady() {
    return this.call !== null && this.call !== undefined;
  }

  get last() {
    return this.steps.length - 1;
  }

  goTo(step) {
    this.pause();
    this.moveTo(within(step, 0, this.last), 1);
  }

  /** The common step in which a side is at its step `step`. */
  goToOwn(side, step) {
    const number = this.sides.indexOf(side);
    this.goTo(this.steps.findIndex((pair) => pair[number] >= step));
  }

  back() {
    this.goTo(this.step - 1);
  }

  ahead() {
    this.pause();
    // While a step plays, forward finishes it; at rest it takes the next.
    this.moveTo(this.progress < 1 ? this.step : Math.min(this.last, this.step + 1), 1);
  }

  moveTo(step, progress) {
    this.step = step;
    const at = placeText({ chosen: this.chosen, step, forward: null });
    shared.places.set(this.name, { signature: this.signature, at });
    this.address?.keep(at === this.beginning ? null : at);
    this.leader = this.sides.find((_, number) => this.moves(number)) ?? this.leader;
    this.advanceTo(progress);
    this.describe();
  }

  /** Whether a side has something to do in this step. */
  moves(number) {
    return this.step > 0 && this.steps[this.step][number] > this.steps[this.step - 1][number];
  }

  advanceTo(progress) {
    this.progress = progress;
    this.sides.forEach((side, number) => {
      if (this.call[SIDES[number]] !== null) side.stand(this.steps[this.step][number], this.moves(number) ? progress : 1);
    });
  }

  /** Before play: from the end it begins anew. */
  begin() {
    if (!this.last) return false;
    if (this.step >= this.last && this.progress >= 1) this.moveTo(0, 1);
    return true;
  }

  advance(elapsed) {
    if (this.progress >= 1) {
      if (this.step >= this.last) {
        if (!this.looping) return this.pause();
        return this.hasRested(elapsed) ? this.moveTo(0, 1) : undefined;
      }
      this.moveTo(this.step + 1, 0);
    }
    const length = (STEP_MS * this.call.paces[this.step - 1]) / this.speed;
    this.advanceTo(Math.min(1, this.progress + elapsed / length));
    if (this.progress >= 1) this.showRings();
    if (this.progress >= 1 && this.step >= this.last && !this.looping) this.pause();
  }

  // ----------------------------------------------------------------------------------- showing

  describe() {
    this.timeline.show(this.step, null);
    const done = this.steps[this.step];
    this.sides.forEach((side, number) => {
      const waits = this.step > 0 && !this.moves(number) && this.moves(1 - number);
      side.wait.hidden = !waits;
      side.wait.textContent = WORDS[done[number] === this.steps[this.last][number] ? "compare.finished" : "compare.waits"];
      side.root.classList.toggle("waiting", waits);
    });
    this.showRings();
  }

  showRings() {
    // What a step brings is outlined when it has come.
    const seen = this.progress < 1 ? this.step - 1 : this.step;
    this.sides.forEach((side) => side.scene && side.showRings(seen));
  }

  /** Steps that only one side has are hollow on the timeline. */
  markTicks() {
    for (const tick of this.timeline.callTicks) {
      const step = Number(tick.dataset.step);
      if (step && SIDES.some((_, number) => this.steps[step][number] === this.steps[step - 1][number])) tick.classList.add("lone");
    }
  }

  /** The differences in words: those that say most, and the rest when asked for. */
  showSummary() {
    const { headline, marks } = this.call;
    const isApart = this.call.left !== null && this.call.right !== null && !this.isOverlaid;
    this.headline.replaceChildren(...say(headline.id, headline.values), ...(isApart ? [" ", ...say("compare.apart")] : []));
    const order = ["replaced", "left", "right", "kinds", "runs", "shape", "parts", "differs", "saved"];
    const items = new Map(this.sides.flatMap((side, number) => (side.scene?.items ?? []).map((item) => [`${number} ${item.index}`, item])));
    const isBead = (mark) => SIDES.some((side, number) => items.get(`${number} ${this.call.pairs[mark.pair][side]}`)?.kind === "bead");
    const sorted = marks.filter((mark) => !isBead(mark)).sort((one, other) => order.indexOf(one.kind) - order.indexOf(other.kind) || one.pair - other.pair);
    // What is left in the end says most; then what stands on one side only.
    const ends = this.comparison.endings.filter((ending) => ending.verdict?.id === "compare.badge");
    const ended = new Set(ends.map((ending) => ending.leaf));
    const told = sorted.filter((mark) => !SIDES.some((side, number) => {
      const item = items.get(`${number} ${this.call.pairs[mark.pair][side]}`);
      return item?.kind === "bucket" && ended.has(item.label);
    }));
    const button = (mark) => html("button", { type: "button", class: `difference ${mark.kind}`, onclick: () => this.goToMark(mark) }, ...say(mark.sentence.id, mark.sentence.values));
    const endButton = (ending) => html("button", { type: "button", class: "difference ending-word", onclick: () => this.goToEnding(ending) },
      ...say("compare.ending", { leaf: { code: `${ending.leaf}.grad` }, ...ending.verdict.values }));
    this.list.replaceChildren(...ends.map(endButton), ...told.map(button));
    this.expand(false);
  }

  /** Show all differences, or those that have room in a line or two. */
  expand(all = !this.summary.classList.contains("expanded")) {
    const count = this.list.children.length;
    this.summary.classList.toggle("expanded", all);
    this.allButton.setAttribute("aria-expanded", String(all));
    this.allButton.textContent = all ? WORDS["compare.fewer"] : text("compare.all", { count });
    const isWhole = [...this.list.children].every((one) => one.offsetHeight > 0) && this.list.scrollHeight <= this.list.clientHeight + 4;
    this.allButton.hidden = !all && isWhole;
  }

  /** Go to the leaf's bucket, or to what is said of it below where this call has none. */
  goToEnding(ending) {
    const mark = this.call.marks.find(({ pair }) => SIDES.some((side, number) => {
      const item = this.sides[number].items.get(this.call.pairs[pair][side]);
      return item?.kind === "bucket" && item.label === ending.leaf;
    }));
    if (mark) this.goToMark(mark);
    else this.endings.querySelector(`[data-leaf="${CSS.escape(ending.leaf)}"]`)?.scrollIntoView({ block: "center", behavior: calm() ? "auto" : "smooth" });
  }

  /** Go to the step in which a difference can be seen, and open its nodes on both sides. */
  goToMark(mark) {
    const pair = this.call.pairs[mark.pair];
    const number = pair.left === null ? 1 : 0;
    const item = this.sides[number].items.get(pair[SIDES[number]]);
    const lone = pair.left === null || pair.right === null;
    const own = item.order === null ? -1 : this.steps.findIndex((steps) => steps[number] >= item.order);
    this.goTo(lone || mark.kind === "replaced" || mark.kind === "shape" ? (own < 0 ? this.last : own) : mark.step);
    this.sides.forEach((side, place) => {
      const index = pair[SIDES[place]];
      if (index === null) return;
      this.leader = side;
      side.find(index);
    });
    this.turnTo(this.sides[number]);
  }

  /** What rests in `.grad` when both programs have ended: those that differ come first. */
  showEndings() {
    const { endings, largest } = this.comparison;
    const weight = (ending) => (ending.verdict === null ? 2 : ending.verdict.id === "compare.badge" ? 0 : 1);
    const sorted = [...endings].sort((one, other) => weight(one) - weight(other));
    const row = (ending, side) => {
      const rest = ending[side];
      const picture = rest.there ? tilePicture(rest.grad, largest, 96) : html("span", { class: "absent" }, WORDS["compare.absent"]);
      const value = rest.value ? html("span", { class: "moved", title: WORDS["compare.value"] }, tilePicture(rest.value, null, 60)) : null;
      return html("div", { class: "rest" }, html("span", { class: "rest-side" }, WORDS[`compare.side.${side}`]), picture, value);
    };
    this.endings.hidden = endings.length === 0;
    this.endings.replaceChildren(html("h3", {}, WORDS["compare.endings"]), html("div", { class: "ending-row" }, ...sorted.map((ending) =>
      html("figure", { class: `ending ${ending.verdict ? "differs" : "same"}`, "data-leaf": ending.leaf },
        html("figcaption", {}, html("code", {}, `${ending.leaf}.grad`),
          html("span", { class: "verdict-word" }, ending.verdict ? text(ending.verdict.id, ending.verdict.values) : WORDS["compare.same"])),
        ...SIDES.map((side) => row(ending, side)),
        ending.moved ? html("span", { class: "aside" }, text("compare.moved", { leaf: ending.leaf })) : null))));
  }

  /** Let the panels below belong to one side. */
  turnTo(side) {
    if (this.turned === side) return;
    this.turned = side;
    this.sides.forEach((one, number) => {
      one.panels.hidden = one !== side;
      this.tabs.children[number].setAttribute("aria-selected", String(one === side));
    });
    if (side.scene) side.inspect();
  }

  // ------------------------------------------------------------------------------------ camera

  /** Both sides show the same part of the picture, whichever was moved. */
  mirror(side, view) {
    const other = this.sides.find((one) => one !== side);
    if (!other?.camera.stage || this.call?.left === null || this.call?.right === null) return;
    if (!this.isOverlaid) return;
    cancelAnimationFrame(other.camera.frame);
    other.camera.own = side.camera.own;
    Camera.prototype.apply.call(other.camera, view);
  }

  /** Whether the two pictures have common places; very large ones have not. */
  get isOverlaid() {
    return this.call !== null && this.sides.every((side) => side.data.ghosts[side.chosen] !== null);
  }

  isFollowing() {
    if (this.following !== null) return this.following;
    return this.sides.some((side, number) => this.call?.[SIDES[number]] !== null && side.wantsToFollow());
  }

  look(follow) {
    this.following = follow;
    for (const side of this.sides) {
      side.camera.own = false;
      side.useCamera();
      side.refresh();
    }
    this.leader.aim(true);
    this.showLook();
    this.showRings();
  }

  showLook() {
    this.followButton.setAttribute("aria-pressed", String(this.isFollowing()));
  }

  /** The two in the arrangement that shows the picture largest; an earlier one where it hardly matters. */
  arrange() {
    const side = this.sides[this.call.left === null ? 1 : 0];
    const { w, h } = side.view.fit.bounds;
    const wide = this.root.clientWidth || 1200;
    const taken = this.isPresenting ? 214 : window.innerWidth < 1200 ? 336 : 279; // the header is two rows there
    const high = Math.max(400, window.innerHeight - taken);
    const arrangements = [{ name: "stacked", wide, high: high / 2 - CAPTION }];
    if (wide > 960) {
      arrangements.unshift({ name: "margined", wide: wide - MARGIN, high: high / 2 });
      arrangements.push({ name: "abreast", wide: wide / 2, high: high - (wide > 1300 ? CAPTION : TALL_CAPTION) });
    }
    const zoom = (one) => Math.min(one.wide / w, one.high / h, LARGEST);
    const best = arrangements.reduce((one, other) => (zoom(other) > 1.06 * zoom(one) ? other : one));
    for (const { name } of arrangements) this.holder.classList.toggle(name, name === best.name);
    this.holder.classList.toggle("narrow", best.name === "abreast" && wide <= 1300);
    // No taller than the picture needs at its largest.
    const room = Math.min(best.high, h * 1.15 * Math.min(LARGEST, best.wide / w));
    this.root.style.setProperty("--stage-height", `${Math.round(within(room, 170, 560))}px`);
  }

  resized() {
    if (!this.call) return;
    this.timeline.lay();
    this.timeline.draw();
    this.markTicks();
    this.timeline.show(this.step, null);
    this.arrange();
    this.showLook();
    this.showRings();
    this.expand(this.summary.classList.contains("expanded"));
  }

  // -------------------------------------------------------------------------------------- keys

  playerOf(node) {
    return this.sides.find((side) => side.root.contains(node));
  }

  actMore(key) {
    if (key === "Escape") this.sides.forEach((side) => side.selected !== null && side.release());
    else if (key === "f") this.look(!this.isFollowing());
    else return false;
    return true;
  }

  remove() {
    super.remove();
    this.sides.forEach((side) => side.remove());
  }
}

export default function ({ data, parentElement }) {
  playerIn(parentElement, data, Beside).load(data);
  return leaving(parentElement);
}
