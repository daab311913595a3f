// The transport: buttons, the timeline of forward and the calls, and the range that scrubs it.

const ICONS = {
  start: "M2 2h2v12H2zM14 2v12L5 8z",
  back: "M11 2v12L3 8zM12 2h2v12h-2z",
  play: "M4 2l10 6-10 6z",
  pause: "M3 2h4v12H3zM9 2h4v12H9z",
  forward: "M5 2v12l8-6zM2 2h2v12H2z",
  loop: "M3 7a5 5 0 0 1 8.6-3.4L13 2v5H8l1.9-1.9A2.8 2.8 0 0 0 5.2 7zM13 9a5 5 0 0 1-8.6 3.4L3 14V9h5l-1.9 1.9A2.8 2.8 0 0 0 10.8 9z",
};

const THUMB = 20; // px, as wide as the range's thumb in the style sheet

function icon(name) {
  return svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("path", { d: ICONS[name] }));
}

function iconButton(name, words, keys, onclick) {
  return html("button", { type: "button", "aria-label": words, title: `${words} (${keys})`, onclick }, icon(name));
}

/** The ticks of a track of `count` steps; a step at `size(step)` px. */
function trackTicks(width, count, size, first = 0) {
  const span = width - THUMB;
  const at = (step) => THUMB / 2 + (count === first ? 0.5 : (step - first) / (count - first)) * span;
  const ticks = [];
  const room = span / Math.max(1, count - first);
  const crowded = room < 5;
  for (let step = first; step <= count; step++) {
    if (crowded && step !== first && step !== count) continue;
    ticks.push(svg("circle", { class: "tick", "data-step": step, cx: at(step), cy: 14, r: Math.min(size(step), Math.max(2, room * 0.4)) }));
  }
  return { ticks, at };
}

/** The ticks between two calls: a track with a mark for each, which scrubs. */
class Ticks {
  constructor(stretch, ticks, onForward) {
    Object.assign(this, { stretch, ticks, onForward });
    const { first, count, isForward } = stretch;
    this.range = html("input", { type: "range", min: 0, max: count - 1, step: 1, "aria-label": WORDS[isForward ? "range.forward" : "range.after"], oninput: () => onForward(first + Number(this.range.value)) });
    this.track = svg("svg", { class: "track", "aria-hidden": "true" });
    this.element = html("div", {
      class: `forward-track ${isForward ? "" : "after"}`, onpointerdown: (event) => this.grab(event), onpointermove: (event) => this.drag(event),
    }, this.track, this.range, html("span", { class: "track-label" }, ticksWords(stretch)));
    this.marks = [];
  }

  draw() {
    const { count } = this.stretch;
    const { ticks, at } = trackTicks(this.element.clientWidth || 200, count - 1, () => 5);
    for (const mark of ticks) mark.append(svg("title", {}, this.ticks[Number(mark.dataset.step)].label));
    this.placeAt = (x) => within(Math.round(((x - at(0)) / Math.max(1, at(count - 1) - at(0))) * (count - 1)), 0, count - 1);
    this.marks = ticks;
    this.track.replaceChildren(svg("line", { class: "rail", x1: at(0), y1: 14, x2: at(count - 1), y2: 14 }), ...ticks);
  }

  /** It is scrubbed by its marks: the range under them is for the keys. */
  grab(event) {
    if (event.button !== 0 || !this.placeAt || event.offsetY > 28) return;
    this.element.setPointerCapture(event.pointerId);
    this.drag(event);
  }

  drag(event) {
    if (!(event.buttons & 1) || !this.element.hasPointerCapture(event.pointerId)) return;
    const place = this.placeAt(event.clientX - this.element.getBoundingClientRect().left);
    if (place !== this.shown) this.onForward(this.stretch.first + place);
  }

  /** Mark where we are: at tick `forward` of all, or (`isPast`) after these ticks or before them. */
  show(forward, isPast) {
    const { first, count } = this.stretch;
    const place = forward === null ? null : forward - first;
    this.shown = place;
    this.element.classList.toggle("resting", place === null);
    this.range.value = place ?? (isPast ? count - 1 : 0);
    this.range.setAttribute("aria-valuetext", this.ticks[Number(this.range.value)].label);
    for (const mark of this.marks) {
      const own = Number(mark.dataset.step);
      mark.classList.toggle("now", own === place);
      mark.classList.toggle("done", place === null ? isPast : own < place);
    }
  }
}

/** What the ticks between two calls are called: in full, or in a word. */
function ticksWords({ count: all, ops, isForward }, isBrief = false) {
  const id = `timeline.${isForward ? "forward" : "after"}`, count = isForward ? ops : all;
  return isBrief ? WORDS[`${id}.brief`] : count === 1 ? WORDS[`${id}.one`] : text(id, { count });
}

/**
 * The stretches of a journey in their order. The call that is shown has a tick for each step and a
 * range that scrubs it, and so have the ops beside it; the others are short, and open when they are
 * clicked or played into. Where they are too many for that, they stand in a list.
 */
class Timeline {
  constructor({ onStep, onForward, onCall }) {
    Object.assign(this, { onForward, onCall });
    this.range = html("input", { type: "range", min: 0, step: 1, "aria-label": WORDS["range.step"], oninput: () => onStep(Number(this.range.value)) });
    this.callTrack = svg("svg", { class: "track", "aria-hidden": "true" });
    this.callLabel = html("span", { class: "track-label" });
    this.callBox = html("div", { class: "call-track" }, this.callTrack, this.range, this.callLabel);
    this.element = html("div", { class: "timeline" });
    this.ticks = null;
  }

  /** Set up for one call of a run, at a place of its journey. */
  load(frames, journey, place) {
    const { chosen } = place;
    Object.assign(this, { frames, journey, chosen, scene: frames.scenes[chosen] });
    this.range.max = this.scene.frames.length;
    this.range.disabled = this.scene.frames.length === 0;
    this.openTicks(journey.ticksBeside(place));
  }

  /** Whether a field is one of ours, which keys may be meant for. */
  owns(field) {
    return field === this.range || field === this.ticks?.range;
  }

  /** Have these ticks open beside the call, or none. */
  openTicks(stretch) {
    if (stretch !== (this.ticks?.stretch ?? null)) this.ticks = stretch && new Ticks(stretch, this.frames.forward.slice(stretch.first, stretch.first + stretch.count), this.onForward);
    this.lay();
    this.draw();
  }

  /** What a stretch is called, and where it begins, as the list has it. */
  named(stretch) {
    if (stretch.call === null) return { words: ticksWords(stretch), brief: ticksWords(stretch, true), value: `f${stretch.first}` };
    const { title: { id, values } } = this.frames.scenes[stretch.call], { count } = stretch, title = text(id, values);
    const words = !count ? title : count === 1 ? text("timeline.call.one", { title }) : text("timeline.call", { title, count });
    return { words, brief: title, value: String(stretch.call) };
  }

  goTo(value) {
    if (value.startsWith("f")) this.onForward(Number(value.slice(1)));
    else this.onCall(Number(value));
  }

  /** The stretches side by side, or in a list where they are too many for that. */
  lay() {
    const { stretches } = this.journey, here = stretches.findIndex((one) => one.call === this.chosen);
    const isOpen = (one) => one.call === this.chosen || one === this.ticks?.stretch;
    const own = this.named(stretches[here]);
    const width = (one) => (isOpen(one) ? 0 : this.named(one).brief.length * 6.6 + 30);
    const beside = stretches.reduce((sum, one) => sum + width(one), this.ticks ? 130 : 0);
    const isList = beside > (this.element.clientWidth || 700) - Math.max(130, own.words.length * 6.6);
    const boxes = stretches.filter((one) => !isList || isOpen(one)).map((one) => {
      if (one.call === this.chosen) return this.callBox;
      return isOpen(one) ? this.ticks.element : this.folded(one, stretches.indexOf(one) < here, width(one) - 8);
    });
    this.callLabel.replaceChildren(isList ? this.list(stretches, own) : own.words);
    // What stays is not moved: it may be held by the pointer, or have the focus.
    for (const child of [...this.element.children]) if (!boxes.includes(child)) child.remove();
    boxes.forEach((box, place) => {
      if (this.element.children[place] !== box) this.element.insertBefore(box, this.element.children[place] ?? null);
    });
  }

  folded(stretch, isPast, width) {
    const { words, brief, value } = this.named(stretch);
    return html("button", {
      type: "button", class: `${stretch.call === null ? "part" : "call"} ${isPast ? "past" : ""}`, title: words, style: `width:${width.toFixed(0)}px`,
      "aria-label": words, onclick: () => this.goTo(value),
    }, html("i", { class: "stub" }), html("span", { class: "track-label" }, brief));
  }

  list(stretches, own) {
    const select = html("select", { "aria-label": WORDS["select.call"], onchange: () => this.goTo(select.value) },
      ...stretches.map((one) => this.named(one)).map(({ words, value }) => html("option", { value, selected: value === own.value || null }, words)));
    return select;
  }

  /** Draw the tracks for the width that there is. */
  draw() {
    if (!this.scene) return;
    const count = this.scene.frames.length;
    const width = this.callBox.clientWidth || 400;
    const small = (step) => (step === 0 ? 3 : this.scene.frames[step - 1].pace < 1 ? 4 : 6);
    const { ticks, at } = trackTicks(width, count, small);
    this.at = at;
    this.done = svg("line", { class: "rail done", x1: at(0), y1: 14, x2: at(0), y2: 14 });
    this.callTicks = ticks;
    this.callTrack.replaceChildren(svg("line", { class: "rail", x1: at(0), y1: 14, x2: at(count), y2: 14 }), this.done, ...ticks);
    this.ticks?.draw();
  }

  /** Mark where we are: a step of the call, or a tick outside it. */
  show(step, forward) {
    const beside = this.journey.ticksBeside({ forward, chosen: this.chosen });
    if (beside !== (this.ticks?.stretch ?? null)) this.openTicks(beside);
    this.range.value = step;
    const said = step === 0 ? WORDS["step.rest"] : text("step.of", { step, count: this.scene.frames.length });
    this.range.setAttribute("aria-valuetext", said);
    this.done.setAttribute("x2", this.at(step));
    this.callBox.classList.toggle("resting", step === 0 || forward !== null);
    for (const tick of this.callTicks) tick.classList.toggle("done", Number(tick.dataset.step) < step);
    this.ticks?.show(forward, true);
  }
}
