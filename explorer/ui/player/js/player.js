// The player itself: one object for each place on a page, which holds the step and moves it.

const LIGHT = "autograd-explorer:light"; // what is pointed at, here or elsewhere on the page
const STEP_MS = 1600;
const SPEEDS = [0.5, 1, 2, 4];
const READABLE = 13; // px: below it, numbers on tiles call for the camera
const LOOP_MS = 1400; // the end stays before the next round
const REST_MS = 1500; // a call that play comes to is looked at before it begins
const OP_MS = 900, FORWARD_MS = 6000; // an op of the forward, and all of them where they are many

// What all players of this browser tab share. Streamlit may load this module more than once.
const shared = (globalThis[Symbol.for("autograd-explorer.player")] ??= {
  players: new WeakMap(), // by parentElement: Streamlit calls us again on every rerun
  places: new Map(), // by key: where we were, for when a page is left and opened again
  keyboard: null, // the player that keys go to: the one opened or touched last
});
shared.pictures ??= new Map(); // by key: how to save what a player shows

class Player {
  constructor(parent, name) {
    this.parent = parent;
    this.name = name;
    this.chosen = 0;
    this.step = 0;
    this.progress = 1;
    this.forward = null;
    this.speed = 1;
    this.following = null; // null: decide by size
    this.selected = null; // a node that was chosen; null: the panels show the step's
    this.looping = false;
    this.predicting = false;
    this.asTorch = false; // the graph is drawn with a box for each node
    this.stages = new Map();
    this.build();
    this.keys = (event) => this.onKey(event);
    document.addEventListener("keydown", this.keys);
    this.lighting = ({ detail }) => this.lightAlso(detail);
    window.addEventListener(LIGHT, this.lighting);
    // Escape leaves the full screen without telling us about the key.
    this.root.addEventListener("fullscreenchange", () => {
      const still = this.root.getRootNode().fullscreenElement === this.root;
      if (!still && this.root.classList.contains("presenting")) this.present(false);
    });
    this.watcher = new ResizeObserver(() => this.resized());
    this.watcher.observe(this.root);
    shared.keyboard = this;
    this.save = (kind, file) => savePicture(this, kind, file);
    shared.pictures.set(name, this.save);
  }

  // ---------------------------------------------------------------------------------- building

  build() {
    this.counter = html("span", { class: "counter" });
    this.sentence = html("p", { class: "sentence" });
    this.verdict = html("p", { class: "verdict", hidden: true });
    this.caption = html("div", { class: "caption", role: "status", "aria-live": "polite", "aria-atomic": "true" },
      this.counter, html("div", { class: "said" }, this.verdict, this.sentence));
    this.predict = new Predict({ reveal: () => this.reveal() });
    this.problem = html("div", { class: "problem", role: "alert", hidden: true });
    this.holder = html("div", { class: "stage" });
    this.legend = html("div", { class: "legend" });
    this.folds = new FoldBar((group) => this.open(group));
    this.wording = new Wording((torch) => this.showAs(torch));
    this.buildTransport();
    this.code = html("pre", {
      tabindex: "0", "aria-label": WORDS["panel.program"],
      onpointermove: (event) => this.pointAtCode(event), onpointerleave: () => this.hover(null), onclick: (event) => this.pickCode(event),
    });
    this.inspector = new Inspector({
      light: (what) => this.markCells(what),
      lightNodes: (nodes) => this.lightNodes(nodes),
      select: (node) => this.select(node),
      release: () => this.release(),
      follow: (what, node, element) => this.trigger?.("leaf", { what, call: this.chosen, node, element }),
      ask: (number_) => this.trigger?.("wanted", { signature: this.signature, number: number_ }),
      held: () => this.keepPlace(),
    });
    this.panels = html("div", { class: "panels" },
      html("section", { class: "program" }, html("h3", {}, WORDS["panel.program"]), this.code),
      this.inspector.whySection, this.inspector.section);
    this.root = html("div", { class: "player", tabindex: "-1", onpointerdown: () => (shared.keyboard = this), onfocusin: () => (shared.keyboard = this), onclick: (event) => this.releaseButton(event) },
      this.problem, this.caption, this.predict.element, this.holder, this.legend, this.transport, this.help, this.qr.element, this.panels);
    this.camera = new Camera(this.holder);
    this.parent.append(this.root);
  }

  buildTransport() {
    this.playButton = html("button", { type: "button", class: "play", onclick: () => this.toggle() });
    this.speedButton = html("button", { type: "button", "aria-label": WORDS["button.speed"], title: WORDS["button.speed"], onclick: () => this.nextSpeed() });
    this.loopButton = iconButton("loop", WORDS["button.loop"], "L", () => this.toggleLoop());
    this.loopButton.setAttribute("aria-pressed", "false");
    this.predictButton = html("button", { type: "button", "aria-pressed": "false", title: WORDS["button.predict.title"], onclick: () => this.togglePredict() }, WORDS["button.predict"]);
    this.finder = new Finder({
      mark: (nodes) => this.stages.forEach((stage) => stage.flag({ found: new Set(nodes) })),
      go: (node) => this.find(node),
      leave: () => this.root.focus({ preventScroll: true }),
    });
    this.cameraButton = html("button", { type: "button", "aria-pressed": "false", title: "F", onclick: () => this.toggleCamera() });
    this.fitButton = html("button", { type: "button", title: WORDS["help"][3][1], onclick: () => this.fitAll() }, WORDS["button.fit"]);
    this.qr = new QrCard();
    this.qrButton = html("button", { type: "button", class: "qr-button", title: "Q", onclick: () => this.qr.toggle() }, WORDS["button.qr"]);
    this.presentButton = html("button", { type: "button", "aria-pressed": "false", title: "P", onclick: () => this.present() }, WORDS["button.present"]);
    this.helpButton = html("button", { type: "button", "aria-label": WORDS["button.help"], "aria-expanded": "false", title: WORDS["button.help"], onclick: () => this.toggleHelp() }, "?");
    this.timeline = new Timeline({
      onStep: (step) => this.goTo(step),
      onForward: (place) => this.lookForward(place),
      onCall: (place) => this.choose(place),
    });
    this.transport = html("div", { class: "transport" },
      iconButton("start", WORDS["button.start"], "Home", () => this.goTo(0)),
      iconButton("back", WORDS["button.back"], "←", () => this.back()),
      this.playButton,
      iconButton("forward", WORDS["button.forward"], "→", () => this.ahead()),
      this.timeline.element, this.loopButton, this.speedButton, this.predictButton, this.qrButton, this.presentButton, this.helpButton);
    this.viewBar = html("div", { class: "view-bar" }, this.folds.element, this.wording.element, this.finder.element, this.fitButton, this.cameraButton);
    this.help = html("div", { class: "help", hidden: true },
      html("dl", {}, ...WORDS.help.flatMap(([keys, what]) => [html("dt", {}, keys), html("dd", {}, what)])),
      html("p", {}, WORDS["help.note"]));
    this.showPlaying(false);
    this.speedButton.textContent = "1×";
  }

  // ----------------------------------------------------------------------------------- loading

  /** Take new data. Equal data (a rerun of the page) changes nothing but the colours. */
  load(data) {
    this.root.classList.toggle("dark", isDark(this.parent));
    this.root.classList.toggle("no-program", !data.program_panel);
    this.root.style.setProperty("--stage-height", data.height ? `${data.height}px` : "");
    if (data.signature === this.signature) return;
    this.loading = true;
    this.pause();
    this.signature = data.signature;
    this.data = data;
    this.frames = data.frames;
    this.stages.clear();
    this.journey = new Journey(data.frames);
    this.madeUntil = null;
    this.inspector.asking.answers.clear();
    this.following = null;
    this.selected = null;
    this.numbers = new Numbers(data.inspection.arrays);
    this.lines = programLines(this.frames.program.source);
    this.items = new Map();
    this.code.replaceChildren(...this.lines.map((line) => line.element));
    this.showProblem();
    this.markWrong();
    this.takeAnswers();
    this.address?.remove();
    this.address = data.link ? new Address(data.link, (at) => this.standAt(at)) : null;
    const last = shared.places.get(this.name);
    this.standAt(this.address?.read() ?? (last?.signature === data.signature ? last.at : null));
    this.loading = false;
  }

  /** Go to what `whereabouts` said; anything else, as a link may say, is the beginning. */
  standAt(at) {
    const beginning = { chosen: this.firstCall(), step: this.data.start ?? 0, forward: null };
    const place = parsePlace(at, this.frames) ?? beginning;
    this.beginning = placeText(beginning);
    this.choose(place.chosen, place.step);
    if (place.forward !== null) this.lookForward(place.forward);
    if (this.items.has(place.node)) this.select(place.node);
    this.inspector.holdAgain(place.slot, place.element);
  }

  whereabouts() {
    const { held } = this.inspector;
    return placeText({ chosen: this.chosen, step: this.step, forward: this.forward, node: this.selected, slot: held?.slot, element: held?.element });
  }

  /** Remember where we are: for when this page is left and opened again, and in the address. */
  keepPlace() {
    const at = this.whereabouts();
    shared.places.set(this.name, { signature: this.signature, at });
    this.address?.keep(at === this.beginning ? null : at);
  }

  /** Take what torch was asked for this run, from here or when the page was left. */
  takeAnswers() {
    const found = shared.answers?.get(this.name);
    if (found && found.signature === this.signature) this.inspector.asking.take(found.answers);
  }

  /** The call to begin with: one that the program made itself, before those that torch makes inside
   * a function such as `jacobian`. */
  firstCall() {
    if (this.frames.scenes[this.data.call]) return this.data.call;
    const { scenes } = this.frames;
    const own = scenes.findIndex((scene) => scene.frames.length && ["backward", "grad"].includes(scene.kind));
    return own >= 0 ? own : Math.max(0, scenes.findIndex((scene) => scene.frames.length));
  }

  showProblem() {
    const error = this.frames.error;
    this.problem.hidden = !error || this.frames.scenes.some((scene) => scene.frames.some((frame) => frame.failed));
    if (this.data.wrong?.length) this.problem.hidden = true; // the page says it
    if (error) this.problem.replaceChildren(...say(error.id, error.values));
  }

  /** Mark what went wrong in the program; the stages mark it in the graph. */
  markWrong() {
    for (const { words, line } of this.data.wrong ?? []) {
      const { element } = this.lines[line - 1] ?? {};
      element?.classList.add("wrong");
      element?.setAttribute("title", words);
    }
  }

  /** Show call number `place`, at `step`. */
  choose(place, step = 0) {
    this.pause();
    this.openCall(place, step);
  }

  openCall(place, step) {
    this.setCall(place);
    this.moveTo(Math.min(step, this.scene.frames.length), 1);
  }

  /** Take a call's graph; the caller says where to stand, `forward` if that is a tick beside it. */
  setCall(place, forward = null) {
    this.chosen = place;
    this.opened = null; // the first view
    this.scene = this.frames.scenes[place];
    this.items = new Map(this.scene.items.map((item) => [item.index, item]));
    this.selected = null;
    this.forward = forward;
    this.finder.load(this.scene);
    this.inspector.load(this.frames, this.data.inspection, this.numbers, place, Boolean(this.data.asks && this.trigger));
    this.timeline.load(this.frames, this.journey, this.place);
    this.legend.replaceChildren(...legend(this.scene.largest), this.viewBar);
    this.holder.classList.toggle("empty", this.scene.items.length === 0);
    this.useCamera();
  }

  /** The stage for the camera's kind of picture; made when first needed. */
  stage(kind) {
    const view = this.view;
    const isDown = this.isPortrait && view.down;
    const name = isDown ? "down" : kind === "follow" && view.follow ? "follow" : "fit";
    const key = `${this.chosen}.${view.wires.length ? "torch" : view.opened}.${name}`;
    if (!this.stages.has(key)) {
      const scene = view.wires.length ? bareScene(this.scene, view.wires) : foldedScene(this.scene, view.fold);
      this.stages.set(key, new FoldedStage(scene, { ...view[name], isDown: name === "down" }, this.frames.tiles, {
        open: (group) => this.open(group),
        opens: (group) => this.views.some((one) => one.opened === group),
        select: (node, what) => this.picked(node, what),
        jump: (step) => this.goTo(step),
        hover: (node) => this.hover(node),
        cell: (wire, element) => this.openCell(wire, element),
        leaf: (node, element) => this.openLeaf(node, element),
      }));
      const wrong = (this.data.wrong ?? []).map(({ node }) => node).filter((node) => this.items.has(node));
      this.stages.get(key).flag({ wrong: new Set(wrong) });
    }
    return this.stages.get(key);
  }

  /** A screen that is higher than wide, where the graph runs from top to bottom. */
  get isPortrait() {
    return this.root.clientWidth <= 620 && innerHeight > innerWidth;
  }

  /** All ways to show the call; what is folded differs. */
  get views() {
    const first = this.data.pictures[this.chosen];
    return [first, ...first.others];
  }

  get view() {
    if (this.asTorch && this.views[0].torch) return this.views[0].torch;
    return this.views.find((one) => one.opened === this.opened) ?? this.views[0];
  }

  /** Show the graph as torch has it, or as the person wrote it. */
  showAs(torch) {
    if (torch && !this.views[0].torch) return;
    this.asTorch = torch;
    this.camera.own = false;
    this.useCamera();
    this.refresh();
    this.aim(false);
  }

  /** Open a group, or fold all but it: `""` folds everything, `"*"` nothing. */
  open(group) {
    if (!this.views.some((one) => one.opened === group)) return;
    this.opened = group;
    this.camera.own = false;
    this.useCamera();
    this.refresh();
    this.aim(false);
  }

  useCamera() {
    const follow = this.isFollowing();
    const stage = this.stage(follow ? "follow" : "fit");
    if (this.camera.stage !== stage) {
      this.holder.replaceChildren(stage.element);
      this.folds.show(this.view, this.views, this.scene);
      this.wording.show(Boolean(this.view.wires.length), Boolean(this.views[0].torch));
      this.camera.attach(stage);
    }
    this.cameraButton.textContent = WORDS["button.follow"];
    this.cameraButton.setAttribute("aria-pressed", String(follow));
  }

  /** Follow the step if the person wants it, or if the whole would be too small to read. */
  isFollowing() {
    if (this.following !== null) return this.following;
    if (this.root.classList.contains("presenting")) return true;
    if (this.isPortrait && this.view.down) return this.camera.size.h < 0.9 * this.view.down.bounds.h;
    const picture = this.view.fit;
    if (picture.density === "S") return true; // small cards show no numbers at all
    const { w, h } = this.camera.size;
    const zoom = Math.min(w / picture.bounds.w, h / picture.bounds.h);
    const near = Math.min(1.4, h / 420);
    if (this.view.fold?.groups.length) return zoom < 0.6; // an overview is there to be seen as a whole
    const size = this.stage("fit").numberSize;
    return this.scene.items.length > 0 && zoom * (size || READABLE) < READABLE && near > 1.15 * zoom;
  }

  aim(smooth) {
    if (!this.camera.stage) return;
    if (!this.isFollowing()) {
      if (!this.camera.own) this.camera.fit(smooth);
      return;
    }
    const first = this.scene.seeds[0]?.root ?? this.scene.items[0]?.index;
    const made = this.forward === null ? null : this.frames.forward[this.forward].node;
    this.camera.follow(this.looked ?? made ?? this.scene.frames[this.step - 1]?.node ?? first, smooth);
  }

  resized() {
    if (!this.scene) return;
    this.camera.measure();
    this.timeline.lay();
    this.timeline.draw();
    this.timeline.show(this.step, this.forward);
    this.useCamera();
    this.refresh();
    this.aim(false);
  }

  // ------------------------------------------------------------------------------------ moving

  goTo(step) {
    this.pause();
    this.moveTo(step, 1);
  }

  /** Where we are on the one timeline. */
  get place() {
    return { forward: this.forward, chosen: this.chosen, step: this.step };
  }

  ahead() {
    this.pause();
    if (this.predict.question) return this.predict.settle(null);
    if (this.predicting && this.progress >= 1 && this.forward === null && this.step < this.scene.frames.length) return this.askNext(false);
    // While a step plays, forward finishes it; at rest it takes the next.
    if (this.progress < 1) this.moveTo(this.step, 1);
    else this.arrive(this.journey.after(this.place));
  }

  back() {
    this.pause();
    this.arrive(this.journey.before(this.place));
  }

  /** Go to a place of the timeline, in whichever call it is; null stays. */
  arrive(place) {
    if (!place) return;
    if (place.forward !== null) this.showOp(place.forward);
    else if (place.chosen !== this.chosen) this.openCall(place.chosen, place.step);
    else this.moveTo(place.step, 1);
  }

  moveTo(step, progress) {
    this.step = step;
    this.selected = null; // whoever moves on wants to see what happens there
    this.looked = null;
    this.predict.close();
    this.caption.hidden = false;
    if (!this.revealing) this.predict.verdict = null;
    this.progress = progress;
    this.forward = null;
    this.refresh();
    this.describe();
    this.aim(true);
  }

  lookForward(place) {
    this.pause();
    this.showOp(place);
  }

  /** A tick of the forward has just gone by; the graph that it belongs to is shown. */
  showOp(place) {
    const { chosen, step } = this.journey.pictures[place];
    if (chosen !== this.chosen) this.setCall(chosen, place);
    this.predict.close();
    this.caption.hidden = false;
    this.step = step;
    this.progress = 1;
    this.forward = place;
    this.selected = null;
    this.refresh();
    this.describe();
    this.aim(true);
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    this.dwell = 0;
    if (this.progress >= 1 && !this.journey.after(this.place)) {
      if (!this.journey.first) return;
      this.arrive(this.journey.first);
      this.dwell = this.opTime;
    }
    this.playing = true;
    this.showPlaying(true);
    let before = performance.now();
    const tick = (now) => {
      if (!this.playing) return;
      this.advance(now - before);
      before = now;
      if (this.playing) this.frame = requestAnimationFrame(tick);
    };
    this.frame = requestAnimationFrame(tick);
  }

  /** How long an op of the forward is looked at. */
  get opTime() {
    return Math.min(OP_MS, FORWARD_MS / Math.max(1, this.journey.count));
  }

  /** Play goes on to another place of the timeline than the next step, and stays there a while. */
  walkOn() {
    const next = this.journey.after(this.place);
    if (!next) return this.pause();
    this.arrive(next);
    this.dwell = next.forward === null ? REST_MS : this.opTime;
  }

  advance(elapsed) {
    if (this.dwell > 0) return void (this.dwell -= elapsed * this.speed);
    if (this.forward !== null) return this.walkOn();
    const last = this.scene.frames.length;
    if (this.progress >= 1 || this.step === 0) {
      if (this.step >= last) {
        if (!this.looping) return this.walkOn();
        this.rested = (this.rested ?? 0) + elapsed;
        if (this.rested < LOOP_MS) return;
        this.rested = 0;
        return this.moveTo(0, 1);
      }
      if (this.predicting && !this.revealing) {
        this.pause();
        return this.askNext(true);
      }
      this.moveTo(this.shownStage.runEnd(this.step + 1), 0); // a folded group plays as one
      if (calm()) this.settled = 0;
    }
    const length = (STEP_MS * this.scene.frames[this.step - 1].pace) / this.speed;
    this.progress = Math.min(1, this.progress + elapsed / length);
    if (calm()) this.stage(this.isFollowing() ? "follow" : "fit").show(this.step, 1, null);
    else this.refresh();
    if (this.progress >= 1) this.revealing = false;
    if (this.progress >= 1 && this.step >= last && !this.looping) {
      if (this.journey.after(this.place)) this.dwell = LOOP_MS;
      else this.pause();
    }
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    cancelAnimationFrame(this.frame);
    this.showPlaying(false);
    this.tellSpot();
  }

  showPlaying(playing) {
    const words = WORDS[playing ? "button.pause" : "button.play"];
    this.playButton.setAttribute("aria-label", words);
    this.playButton.title = `${words} (Space)`;
    this.playButton.replaceChildren(icon(playing ? "pause" : "play"));
  }

  nextSpeed() {
    this.speed = SPEEDS[(SPEEDS.indexOf(this.speed) + 1) % SPEEDS.length];
    this.speedButton.textContent = `${String(this.speed).replace("0.5", "½")}×`;
  }

  // ----------------------------------------------------------------------------------- showing

  get shownStage() {
    return this.stage(this.isFollowing() ? "follow" : "fit");
  }

  refresh() {
    const node = this.forward === null ? null : this.frames.forward[this.forward].node;
    const stage = this.shownStage;
    // After a call its graph stays as it ended, with nothing that happens now.
    const isAfter = this.forward !== null && this.step > 0;
    stage.forward = isAfter ? null : this.forwardValues();
    stage.toMake = this.journey.nodes;
    stage.show(isAfter ? this.step + 1 : this.step, this.progress, node);
    if (stage.flags.selected !== this.selected) stage.flag({ selected: this.selected });
  }

  /** The tile of each node whose op has been made, while the forward is looked at. */
  forwardValues() {
    if (this.forward === null) return null;
    if (this.madeUntil !== this.forward) {
      const made = this.frames.forward.slice(0, this.forward + 1);
      this.made = new Map(made.flatMap((tick) => tick.nodes.map((node) => [node, node === tick.node ? tick.tile : null])));
      this.madeUntil = this.forward;
    }
    return this.made;
  }

  /** The node that the panels open, and the frame in which it ran. */
  subject() {
    const { scene, step } = this;
    const own = this.selected !== null ? this.items.get(this.selected) : null;
    if (own) return { item: own, frame: own.order === null ? null : scene.frames[own.order - 1] ?? null };
    const frame = step > 0 && this.forward === null ? scene.frames[step - 1] : null;
    return { item: frame && frame.node !== null ? this.items.get(frame.node) : null, frame };
  }

  describe() {
    const { scene, step } = this;
    const frame = step > 0 ? scene.frames[step - 1] : null;
    const tick = this.forward === null ? null : this.frames.forward[this.forward];
    const messages = tick ? tick.caption : frame ? frame.caption : scene.rest;
    const count = scene.frames.length;
    let counter = [WORDS["step.rest"]];
    if (tick) {
      const { first, count: ticks, isForward } = this.journey.stretchOf(this.place);
      counter = [String(this.forward - first + 1), html("small", {}, text(isForward ? "counter.forward" : "counter.after", { count: ticks }))];
    } else if (frame) counter = [String(step), html("small", {}, text("counter.step", { count }))];
    this.counter.classList.toggle("resting", !frame || tick !== null);
    drawCaption(this, counter, messages, !tick && (frame?.failed ?? false));
    const { verdict } = this.predict;
    this.verdict.hidden = !verdict;
    if (verdict) this.verdict.replaceChildren(html("b", { class: verdict.right ? "right" : "off" }, verdict.right ? "✓ " : ""), ...say(verdict.id, verdict.values));
    this.timeline.show(step, this.forward);
    this.inspect();
  }

  /** Fill the panels for what is selected, or else for the step. */
  inspect() {
    const { item, frame } = this.subject();
    const tick = this.forward === null ? null : this.frames.forward[this.forward];
    this.span = this.selected === null && tick ? tick.span : item ? item.span : frame ? frame.span : null;
    // At rest the program shows the call that comes next.
    const next = !this.span && this.selected === null && this.step === 0 ? this.scene.span : null;
    lightSpan(this.lines, this.span, next);
    showSpan(this.lines, this.span ?? next, this.code);
    this.inspector.show(item ?? null, frame, this.step, this.selected !== null, tick);
    this.shownStage.tabStop(item?.index ?? this.shownStage.sequence[0]?.item.index);
    this.keepPlace();
    this.tellSpot();
  }

  /** Tell the page where the person is, if it wants to know, once nothing moves. */
  tellSpot() {
    if (!this.tell || !this.scene || this.playing) return;
    const spot = { call: this.chosen, step: this.step, last: this.scene.frames.length, node: this.selected };
    const text = JSON.stringify(spot);
    if (text === this.told) return;
    this.told = text;
    if (!this.loading) this.tell(spot);
  }

  // --------------------------------------------------------------------------------- selecting

  /** A node was clicked, or Enter was pressed on it. */
  picked(node, what) {
    const state = stateAt(this.items.get(node).states, this.step);
    if (this.predict.guessNode(this.items.get(node), state)) return;
    if (what === "saved") this.inspector.tab = "saved";
    this.select(node);
  }

  select(node) {
    this.selected = node;
    this.shownStage.flag({ selected: node });
    this.inspect();
  }

  /** The panels show the step again. */
  release() {
    this.selected = null;
    this.looked = null;
    this.shownStage.flag({ selected: null });
    this.inspect();
    this.aim(true);
  }

  /** Explain a number that lies in a socket: at the node that sent it. */
  openCell(wire, element) {
    if (this.predict.question) return this.picked(wire.target);
    if (!this.items.has(wire.source)) return this.items.has(wire.target) ? this.select(wire.target) : undefined;
    const sent = this.inspector.carried(element, wire.beads, true);
    this.select(wire.source);
    if (sent !== null) this.inspector.explainAt(wire.slot, sent);
  }

  openLeaf(node, element) {
    if (this.predict.question) return this.picked(node);
    this.select(node);
    this.inspector.hold(null, element);
  }

  find(node) {
    this.select(node);
    this.looked = node;
    if (this.isFollowing()) this.aim(true);
    else if (this.camera.own) this.camera.fit(true);
  }

  // ------------------------------------------------------------------------------------ lighting

  hover(node) {
    tellLight(node === null ? null : { node, span: this.items.get(node)?.span ?? null });
    this.lightNodes(node === null ? [] : [node]);
    lightSpan(this.lines, this.span ?? null, node === null ? null : this.items.get(node)?.span ?? null);
  }

  lightNodes(nodes) {
    this.shownStage.flag({ lit: new Set(nodes) });
  }

  /** Something else on the page is pointed at: its node and its expression light here too. */
  lightAlso({ from, node = null, nodes, span = null }) {
    if (from === "player" || !this.scene) return;
    this.lightNodes((nodes ?? [node]).filter((one) => this.items.has(one)));
    lightSpan(this.lines, this.span ?? null, span);
  }

  markCells(what) {
    this.shownStage.mark(this.inspector.cellsOf(what));
  }

  /** The nodes of the innermost expression under the pointer. */
  nodesUnder(event) {
    const at = codeUnder(event, this.lines);
    if (!at) return [];
    const over = this.scene.items.filter((item) => item.span && holds(item.span, at));
    const shortest = Math.min(...over.map((item) => lengthOf(item.span)));
    return over.filter((item) => lengthOf(item.span) === shortest);
  }

  pointAtCode(event) {
    const items = this.nodesUnder(event);
    tellLight(items.length ? { node: items[0].index, nodes: items.map((item) => item.index), span: items[0].span } : null);
    this.lightNodes(items.map((item) => item.index));
    lightSpan(this.lines, this.span ?? null, items[0]?.span ?? null);
    this.code.classList.toggle("over", items.length > 0);
  }

  /** The expression under the pointer chooses its node: in a loop, the one next to the step. */
  pickCode(event) {
    const items = this.nodesUnder(event).filter((item) => item.kind === "card" || item.order !== null);
    const cards = items.filter((item) => item.kind === "card");
    const [best] = (cards.length ? cards : items).sort((one, other) => Math.abs((one.order ?? 1e9) - this.step) - Math.abs((other.order ?? 1e9) - this.step));
    if (best) this.select(best.index);
  }

  // ---------------------------------------------------------------------------------- predicting

  togglePredict() {
    this.predicting = !this.predicting;
    this.predictButton.setAttribute("aria-pressed", String(this.predicting));
    if (!this.predicting && this.predict.question) {
      this.predict.close();
      this.caption.hidden = false;
    } else if (this.predicting && this.progress >= 1 && !this.playing && this.step < this.scene.frames.length) this.askNext(false);
  }

  /** Ask what the next step brings; then go on playing if that was going on. */
  askNext(playing) {
    this.resume = playing;
    this.forward = null;
    this.caption.hidden = true;
    this.predict.ask(this.scene, this.step + 1, this.frames.tiles);
  }

  /** The answer has been given: show the step, in motion. */
  reveal() {
    this.revealing = true;
    const goesOn = this.resume;
    this.moveTo(this.step + 1, 1);
    this.revealing = false;
    this.root.focus({ preventScroll: true });
    if (goesOn) {
      // Time to read the verdict before the next question.
      clearTimeout(this.waiting);
      const { step } = this;
      this.waiting = setTimeout(() => { if (this.step === step && this.predicting && !this.playing && step < this.scene.frames.length) this.askNext(true); }, 2600);
    }
  }

  toggleLoop() {
    this.looping = !this.looping;
    this.loopButton.setAttribute("aria-pressed", String(this.looping));
  }

  toggleCamera() {
    this.following = !this.isFollowing();
    this.camera.own = false;
    this.useCamera();
    this.refresh();
    this.aim(true);
  }

  fitAll() {
    this.following = false;
    this.camera.own = false;
    this.useCamera();
    this.refresh();
    this.camera.fit(true);
  }

  toggleHelp() {
    this.help.hidden = !this.help.hidden;
    this.helpButton.setAttribute("aria-expanded", String(!this.help.hidden));
  }

  /** Fill the screen: caption, graph and transport only, for a room. */
  present(on = !this.root.classList.contains("presenting")) {
    this.root.classList.toggle("presenting", on);
    this.presentButton.setAttribute("aria-pressed", String(on));
    this.root.classList.toggle("may-qr", on && this.qr.isPossible);
    if (!on) this.qr.close();
    if (on) this.root.requestFullscreen?.().catch(() => {});
    else if (document.fullscreenElement) document.exitFullscreen?.().catch(() => {});
    this.following = null;
    this.resized();
  }

  // -------------------------------------------------------------------------------------- keys

  /** A button clicked with the mouse gives the focus back, so that Space plays and pauses. */
  releaseButton(event) {
    if (event.detail > 0 && event.target.closest("button")) this.root.focus({ preventScroll: true });
  }

  onKey(event) {
    if (shared.keyboard !== this || !this.scene || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.composedPath()[0];
    const tag = target.tagName;
    const isRange = target === this.timeline.range;
    if (!this.timeline.owns(target) && (["INPUT", "TEXTAREA", "SELECT"].includes(tag) || target.isContentEditable)) return;
    const node = target.closest?.("g.node");
    if (node && this.actOnNode(event.key, Number(node.dataset.index))) return event.preventDefault();
    if (this.act(event.key, isRange, tag === "BUTTON")) event.preventDefault();
  }

  /** Keys on a node that has the focus: choose it, or go to the next one in the order of steps. */
  actOnNode(key, index) {
    if (key === "Enter") this.picked(index);
    else if (key === "g" && this.items.get(index)?.order) this.goTo(this.items.get(index).order);
    else if (key === "ArrowDown" || key === "ArrowUp") {
      const { sequence } = this.shownStage;
      const place = sequence.findIndex((parts) => parts.item.index === index);
      const next = sequence[within(place + (key === "ArrowDown" ? 1 : -1), 0, sequence.length - 1)];
      this.shownStage.tabStop(next.item.index);
      next.group.focus({ preventScroll: true });
      this.looked = next.item.index;
      if (this.isFollowing()) this.aim(true);
    } else return false;
    return true;
  }

  act(key, isRange, isButton) {
    if (key === " ") {
      if (isButton) return false; // the button's own click
      this.toggle();
    } else if (key === "Escape" && this.qr.isOpen) this.qr.close();
    else if (key === "Escape" && this.root.classList.contains("presenting")) this.present(false);
    else if (key === "Escape" && this.predict.question) this.predict.settle(null);
    else if (key === "Escape" && this.selected !== null) this.release();
    else if (key === "/") this.finder.field.focus();
    else if (key === "l") this.toggleLoop();
    else if (key === "f") this.toggleCamera();
    else if (key === "+" || key === "=") this.camera.zoomBy(0.8);
    else if (key === "-") this.camera.zoomBy(1.25);
    else if (key === "0") this.fitAll();
    else if (key === "t") this.showAs(!this.asTorch);
    else if (key === "p") this.present();
    else if (key === "q" && this.root.classList.contains("presenting")) this.qr.toggle();
    else if (key === "?") this.toggleHelp();
    else if (isRange) return false; // the range's own arrows
    else if (key === "ArrowRight") this.ahead();
    else if (key === "ArrowLeft") this.back();
    else if (key === "Home") this.goTo(0);
    else if (key === "End") this.goTo(this.scene.frames.length);
    else return false;
    return true;
  }

  remove() {
    this.pause();
    this.qr.remove();
    document.removeEventListener("keydown", this.keys);
    this.watcher.disconnect();
    this.address?.remove();
    window.removeEventListener(LIGHT, this.lighting);
    this.root.remove();
    if (shared.keyboard === this) shared.keyboard = null;
    if (shared.pictures.get(this.name) === this.save) shared.pictures.delete(this.name);
  }
}

/** Tell the rest of the page what is pointed at here: nodes and their expression, or nothing. */
function tellLight(what) {
  window.dispatchEvent(new CustomEvent(LIGHT, { detail: { from: "player", ...what } }));
}

/** Answers of torch for the player called `key`, which may not be there yet. */
shared.answer = (data) => {
  (shared.answers ??= new Map()).set(data.key, data);
  shared.live?.get(data.key)?.takeAnswers();
};

/** Show `data` in `parentElement`: what a component does, and a page of its own. */
function mountPlayer({ data, parentElement, setStateValue, setTriggerValue }) {
  let player = shared.players.get(parentElement);
  speak(data.words);
  if (player && player.language !== data.language) {
    player.remove(); // its buttons speak the language that was
    player = null;
  }
  if (!player) {
    player = new Player(parentElement, data.key);
    player.language = data.language;
    shared.players.set(parentElement, player);
  }
  player.trigger = setTriggerValue;
  player.tell = data.tells ? (spot) => setStateValue("spot", spot) : null;
  (shared.live ??= new Map()).set(data.key, player);
  player.inspector.follows = Boolean(data.follows);
  player.load(data);
  return () => {
    shared.players.get(parentElement)?.remove();
    shared.players.delete(parentElement);
  };
}
