// The player itself: one object for each place on a page, which holds the step and moves it.

const REST_MS = 1500; // a call that play comes to is looked at before it begins
const OP_MS = 900, FORWARD_MS = 6000; // an op of the forward, and all of them where they are many

class Player extends Predicting {
  constructor(parent, name) {
    super(parent, name);
    this.chosen = 0;
    this.forward = null;
    this.lighting = ({ detail }) => this.lightAlso(detail);
    window.addEventListener(LIGHT, this.lighting);
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
    this.problem = html("div", { class: "problem", role: "alert", hidden: true });
    this.holder = html("div", { class: "stage" });
    this.legend = html("div", { class: "legend" });
    this.buildPredict();
    this.buildTransport({
      onStep: (step) => this.goTo(step),
      onForward: (place) => this.lookForward(place),
      onCall: (place) => this.choose(place),
    }, this.predictButton);
    this.buildHelp("help", "help.note");
    this.finder = new Finder({
      mark: (nodes) => this.stages.forEach((stage) => stage.flag({ found: new Set(nodes) })),
      go: (node) => this.find(node),
      leave: () => this.root.focus({ preventScroll: true }),
    });
    this.buildViewBar(this.finder.element);
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
    this.buildRoot("player", this.problem, this.caption, this.predict.element, this.holder, this.legend, this.transport, this.help, this.qr.element, this.panels);
    this.camera = new Camera(this.holder, () => this.aim(false));
  }

  // ----------------------------------------------------------------------------------- loading

  /** Take new data. Equal data (a rerun of the page) changes nothing but the colours. */
  load(data) {
    this.root.classList.toggle("dark", isDark(this.parent));
    this.root.classList.toggle("no-program", !data.program_panel);
    this.root.classList.toggle("covered", Boolean(data.covered));
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

  /** Stand, and play, as another player of the same data does. */
  goOnFrom(other) {
    if (other.whereabouts() !== this.whereabouts()) this.standAt(other.whereabouts());
    if (other.playing) {
      if (other.forward === null && other.step) this.moveTo(other.step, other.progress);
      this.play();
    }
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

  /** Whether there is something to step through. */
  get isReady() {
    return Boolean(this.scene);
  }

  get last() {
    return this.scene.frames.length;
  }

  goTo(step) {
    this.pause();
    this.moveTo(step, 1);
  }

  /** To the beginning of the call; from there to that of the program. */
  goHome() {
    if (this.step && this.forward === null) this.goTo(0);
    else if (this.journey.first) this.walkTo(this.journey.first);
  }

  /** To the end of the call; from there to that of the program. */
  goToEnd() {
    if (this.forward !== null || this.step < this.last) this.goTo(this.last);
    else if (this.journey.end) this.walkTo(this.journey.end);
  }

  walkTo(place) {
    this.pause();
    this.arrive(place);
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
    this.walkTo(this.journey.before(this.place));
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

  /** Before play: from the end it begins anew. */
  begin() {
    this.dwell = 0;
    if (this.progress < 1 || this.journey.after(this.place)) return true;
    if (!this.journey.first) return false;
    this.arrive(this.journey.first);
    this.dwell = this.opTime;
    return true;
  }

  pause() {
    const wasPlaying = this.playing;
    super.pause();
    if (wasPlaying) this.tellSpot();
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
        return this.hasRested(elapsed) ? this.moveTo(0, 1) : undefined;
      }
      if (this.predicting && !this.revealing) {
        this.pause();
        return this.askNext(true);
      }
      this.moveTo(this.shownStage.runEnd(this.step + 1), 0); // a folded group plays as one
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

  // ----------------------------------------------------------------------------------- showing

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

  // -------------------------------------------------------------------------------------- keys

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

  playerOf() {
    return this;
  }

  actMore(key) {
    if (key === "Escape" && this.predict.question) this.predict.settle(null);
    else if (key === "Escape" && this.selected !== null) this.release();
    else if (key === "/") this.finder.field.focus();
    else if (key === "f") this.toggleCamera();
    else if (key === "+" || key === "=") this.camera.zoomBy(0.8);
    else if (key === "-") this.camera.zoomBy(1.25);
    else if (key === "0") this.fitAll();
    else if (key === "t") this.showAs(!this.asTorch);
    else if (key === "n") this.togglePredict();
    else return false;
    return true;
  }

  remove() {
    super.remove();
    window.removeEventListener(LIGHT, this.lighting);
    if (shared.pictures.get(this.name) === this.save) shared.pictures.delete(this.name);
  }
}

/** Answers of torch for the player called `key`, which may not be there yet. */
shared.answer = (data) => {
  (shared.answers ??= new Map()).set(data.key, data);
  shared.live?.get(data.key)?.takeAnswers();
};

/** Show `data` in `parentElement`: what a component does, and a page of its own. */
function mountPlayer({ data, parentElement, setStateValue, setTriggerValue }) {
  const player = playerIn(parentElement, data, Player);
  player.trigger = setTriggerValue;
  player.tell = data.tells ? (spot) => setStateValue("spot", spot) : null;
  (shared.live ??= new Map()).set(data.key, player);
  player.inspector.follows = Boolean(data.follows);
  player.load(data);
  shared.greeting?.(player);
  return leaving(parentElement);
}
