// What every player has: its buttons and keys, the clock that plays, help, and the full screen.

const STEP_MS = 1600;
const SPEEDS = [0.5, 1, 2, 4];
const LOOP_MS = 1400; // the end stays before the next round

// What all players of this browser tab share. Streamlit may load this module more than once.
const shared = (globalThis[Symbol.for("autograd-explorer.player")] ??= {
  players: new WeakMap(), // by parentElement: Streamlit calls us again on every rerun
  places: new Map(), // by key: where we were, for when a page is left and opened again
  keyboard: null, // the player that keys go to: the one opened or touched last
});
shared.pictures ??= new Map(); // by key: how to save what a player shows

/**
 * A kind of player says how it is built (`build`), whether it has something to show (`isReady`), its
 * last step (`last`), how it moves (`goTo`, `ahead`, `back`), how play begins (`begin`, false where
 * there is nothing to play) and goes on (`advance`), and what more its keys do (`actMore`).
 */
class Control {
  constructor(parent, name) {
    Object.assign(this, { parent, name, step: 0, progress: 1, speed: 1, looping: false });
    this.build();
    this.keys = (event) => this.onKey(event);
    document.addEventListener("keydown", this.keys);
    // Escape leaves the full screen without telling us about the key.
    this.root.addEventListener("fullscreenchange", () => {
      const still = this.root.getRootNode().fullscreenElement === this.root;
      if (!still && this.isPresenting) this.present(false);
    });
    this.watcher = new ResizeObserver(() => this.resized());
    this.watcher.observe(this.root);
    shared.keyboard = this;
  }

  // ---------------------------------------------------------------------------------- building

  /** The frame around all: keys go to the player that was touched last. */
  buildRoot(name, ...parts) {
    const touched = () => (shared.keyboard = this);
    this.root = html("div", { class: name, tabindex: "-1", onpointerdown: touched, onfocusin: touched, onclick: (event) => this.releaseButton(event) }, ...parts);
    this.parent.append(this.root);
  }

  /** The row of buttons around the timeline; `more` stand behind it. */
  buildTransport(timeline, ...more) {
    const button = (id, keys, onclick) => html("button", { type: "button", "aria-pressed": "false", title: keys, onclick }, WORDS[`button.${id}`]);
    this.timeline = new Timeline(timeline);
    this.playButton = html("button", { type: "button", class: "play", onclick: () => this.toggle() });
    this.speedButton = html("button", { type: "button", "aria-label": WORDS["button.speed"], title: `${WORDS["button.speed"]} (S)`, onclick: () => this.nextSpeed() }, "1×");
    this.loopButton = iconButton("loop", WORDS["button.loop"], "L", () => this.toggleLoop());
    this.loopButton.setAttribute("aria-pressed", "false");
    this.qr = new QrCard();
    this.qrButton = html("button", { type: "button", class: "qr-button", title: "Q", onclick: () => this.qr.toggle() }, WORDS["button.qr"]);
    this.presentButton = button("present", "P", () => this.present());
    this.helpButton = html("button", { type: "button", "aria-label": WORDS["button.help"], "aria-expanded": "false", title: WORDS["button.help"], onclick: () => this.toggleHelp() }, "?");
    this.transport = html("div", { class: "transport" },
      iconButton("start", WORDS["button.start"], "Home", () => this.goHome()),
      iconButton("back", WORDS["button.back"], "←", () => this.back()),
      this.playButton,
      iconButton("forward", WORDS["button.forward"], "→", () => this.ahead()),
      this.timeline.element, this.loopButton, this.speedButton, ...more, this.qrButton, this.presentButton, this.helpButton);
    this.showPlaying(false);
  }

  /** What `?` shows: keys and what they do, and a note. */
  buildHelp(keys, note_) {
    this.help = html("div", { class: "help", hidden: true },
      html("dl", {}, ...WORDS[keys].flatMap(([key, what]) => [html("dt", {}, key), html("dd", {}, what)])),
      html("p", {}, WORDS[note_]));
  }

  // ----------------------------------------------------------------------------------- playing

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (this.begin() === false) return;
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

  pause() {
    if (!this.playing) return;
    this.playing = false;
    cancelAnimationFrame(this.frame);
    this.showPlaying(false);
  }

  /** Whether the end has been looked at long enough for the next round. */
  hasRested(elapsed) {
    this.rested = (this.rested ?? 0) + elapsed;
    if (this.rested < LOOP_MS) return false;
    this.rested = 0;
    return true;
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

  toggleLoop() {
    this.looping = !this.looping;
    this.loopButton.setAttribute("aria-pressed", String(this.looping));
  }

  toggleHelp() {
    this.help.hidden = !this.help.hidden;
    this.helpButton.setAttribute("aria-expanded", String(!this.help.hidden));
  }

  get isPresenting() {
    return this.root.classList.contains("presenting");
  }

  /** Fill the screen: caption, graph and transport only, for a room. */
  present(on = !this.isPresenting) {
    this.root.classList.toggle("presenting", on);
    this.presentButton.setAttribute("aria-pressed", String(on));
    this.root.classList.toggle("may-qr", on && this.qr.isPossible);
    if (!on) this.qr.close();
    if (on) this.root.requestFullscreen?.().catch(() => {});
    else if (document.fullscreenElement) document.exitFullscreen?.().catch(() => {});
    this.resized();
  }

  // -------------------------------------------------------------------------------------- keys

  /** A button clicked with the mouse gives the focus back, so that Space plays and pauses. */
  releaseButton(event) {
    if (event.detail > 0 && event.target.closest("button")) this.root.focus({ preventScroll: true });
  }

  onKey(event) {
    if (shared.keyboard !== this || !this.isReady || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.composedPath()[0], tag = target.tagName;
    if (!this.timeline.owns(target) && (["INPUT", "TEXTAREA", "SELECT"].includes(tag) || target.isContentEditable)) return;
    const node = target.closest?.("g.node");
    if (node && this.playerOf(node)?.actOnNode(event.key, Number(node.dataset.index))) return event.preventDefault();
    if (this.act(event.key, target === this.timeline.range, tag === "BUTTON")) event.preventDefault();
  }

  act(key, isRange, isButton) {
    if (key === " ") {
      if (isButton) return false; // the button's own click
      this.toggle();
    } else if (key === "Escape" && this.qr.isOpen) this.qr.close();
    else if (key === "Escape" && this.isPresenting) this.present(false);
    else if (key === "l") this.toggleLoop();
    else if (key === "s") this.nextSpeed();
    else if (key === "p") this.present();
    else if (key === "q" && this.isPresenting) this.qr.toggle();
    else if (key === "?") this.toggleHelp();
    else if (this.actMore(key)) return true;
    else if (isRange) return false; // the range's own arrows
    else if (key === "ArrowRight") this.ahead();
    else if (key === "ArrowLeft") this.back();
    else if (key === "Home") this.goHome();
    else if (key === "End") this.goToEnd();
    else return false;
    return true;
  }

  goHome() {
    this.goTo(0);
  }

  goToEnd() {
    this.goTo(this.last);
  }

  remove() {
    this.pause();
    this.qr.remove();
    document.removeEventListener("keydown", this.keys);
    this.watcher.disconnect();
    this.address?.remove();
    this.root.remove();
    if (shared.keyboard === this) shared.keyboard = null;
  }
}

/** The player of kind `Kind` in a place on the page, made when there is none in this language. */
function playerIn(parent, data, Kind) {
  speak(data.words);
  let player = shared.players.get(parent);
  if (player && player.language !== data.language) {
    player.remove(); // its buttons speak the language that was
    player = null;
  }
  if (!player) {
    player = new Kind(parent, data.key);
    player.language = data.language;
    shared.players.set(parent, player);
  }
  return player;
}

/** What to do when a place on the page is gone. */
function leaving(parent) {
  return () => {
    shared.players.get(parent)?.remove();
    shared.players.delete(parent);
  };
}
