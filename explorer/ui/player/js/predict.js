// Predict before reveal: asks what comes next, waits for the answer, then shows.

class Predict {
  /** `on.reveal()` is told when the answer has been given or waived. */
  constructor(on) {
    this.on = on;
    this.question = null;
    this.words = html("p", { class: "question" });
    this.field = html("input", { type: "text", inputmode: "decimal", class: "guess", "aria-label": WORDS["predict.field"], onkeydown: (event) => this.onKey(event) });
    this.answer = html("button", { type: "button", onclick: () => this.guessNumber() }, WORDS["predict.answer"]);
    this.skip = html("button", { type: "button", onclick: () => this.settle(null) }, WORDS["predict.show"]);
    this.element = html("div", { class: "predict", role: "group", "aria-label": WORDS["button.predict"], hidden: true },
      html("span", { class: "counter asking" }, "?"), this.words, this.field, this.answer, this.skip);
    this.verdict = null;
  }

  /** Ask about step `number` of `scene`. */
  ask(scene, number, tiles) {
    const frame = scene.frames[number - 1];
    const item = scene.items.find((one) => one.index === frame.node);
    this.verdict = null;
    this.question = numberQuestion(scene, number, frame, item, tiles) ?? nodeQuestion(scene, number, item);
    const isNumber = this.question.number !== undefined;
    this.words.replaceChildren(...say(this.question.id, this.question.values));
    this.field.hidden = this.answer.hidden = !isNumber;
    this.field.value = "";
    this.element.hidden = false;
    if (isNumber) this.field.focus({ preventScroll: true });
  }

  close() {
    this.question = null;
    this.element.hidden = true;
  }

  onKey(event) {
    event.stopPropagation();
    if (event.key === "Enter") {
      event.preventDefault();
      this.guessNumber();
    } else if (event.key === "Escape") this.settle(null);
  }

  guessNumber() {
    const guess = Number(this.field.value.trim().replace(",", ".").replace("−", "-"));
    if (!this.field.value.trim() || Number.isNaN(guess)) return this.field.focus();
    const { number: real } = this.question;
    // Three digits are enough to have understood.
    this.settle(Math.abs(guess - real) <= 0.005 * Math.max(Math.abs(real), 1e-12), { number: asCell(real) });
  }

  /** The person clicked a node; whether that answers the question. */
  guessNode(item, state) {
    if (!this.question || this.question.number !== undefined) return false;
    const isNext = item.index === this.question.node;
    const { label } = this.question.values;
    const id = isNext ? "predict.right.node" : state === "waiting" ? "predict.waits" : state === "ready" ? "predict.also" : "predict.other";
    this.verdict = { id, values: { guess: { code: item.label }, next: label }, right: isNext };
    this.close();
    this.on.reveal();
    return true;
  }

  /** `right` is null where the person wants to be shown. */
  settle(right, values = {}) {
    this.verdict = right === null ? null : { id: right ? "predict.right" : "predict.close", values, right };
    this.close();
    this.on.reveal();
  }
}

/** Ask for a number where the step sends only one. */
function numberQuestion(scene, number, frame, item, tiles) {
  if (!item || item.kind !== "card" || frame.failed || number % 2 === 1) return null;
  const sent = frame.sent.filter((one) => one.tile !== null), [got] = frame.arrived;
  if (sent.length !== 1 || frame.arrived.length !== 1 || got.tile === null) return null;
  const arrived = tiles[got.tile], tile = tiles[sent[0].tile];
  if (!tile.uniform || !arrived.uniform) return null;
  return {
    id: arrived.shape.length ? "predict.number.each" : "predict.number", number: asNumber(tile.cells[0]),
    values: { label: { code: item.label }, got: arrived.cells[0], target: sent[0].title.values.target },
  };
}

function nodeQuestion(scene, number, item) {
  return { id: number === 1 ? "predict.first" : "predict.node", node: item?.index ?? null, values: { label: { code: item?.label ?? "" } } };
}

/** A player that can ask before it shows. */
class Predicting extends Selecting {
  constructor(parent, name) {
    super(parent, name);
    this.predicting = false;
  }

  buildPredict() {
    this.predict = new Predict({ reveal: () => this.reveal() });
    this.predictButton = html("button", { type: "button", "aria-pressed": "false", title: `${WORDS["button.predict.title"]} (N)`, onclick: () => this.togglePredict() }, WORDS["button.predict"]);
  }

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
}
