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

/**
 * The forward, then each call in its turn. The call that is shown has a tick for each step and a
 * range that scrubs it; the others are short, and open when they are clicked or played into.
 */
class Timeline {
  constructor({ onStep, onForward, onCall }) {
    this.onForward = onForward;
    this.onCall = onCall;
    this.range = html("input", { type: "range", min: 0, step: 1, "aria-label": WORDS["range.step"], oninput: () => onStep(Number(this.range.value)) });
    this.forwardRange = html("input", { type: "range", min: 0, step: 1, "aria-label": WORDS["range.forward"], oninput: () => onForward(Number(this.forwardRange.value)) });
    this.forwardTrack = svg("svg", { class: "track", "aria-hidden": "true" });
    this.callTrack = svg("svg", { class: "track", "aria-hidden": "true" });
    this.forwardLabel = html("span", { class: "track-label" });
    this.forwardBox = html("div", {
      class: "forward-track", onpointerdown: (event) => this.grab(event), onpointermove: (event) => this.drag(event),
    }, this.forwardTrack, this.forwardRange, this.forwardLabel);
    this.callLabel = html("span", { class: "track-label" });
    this.callBox = html("div", { class: "call-track" }, this.callTrack, this.range, this.callLabel);
    this.calls = html("div", { class: "calls" });
    this.element = html("div", { class: "timeline" }, this.forwardBox, this.calls);
  }

  /** Set up for one call of a run. */
  load(frames, chosen) {
    this.frames = frames;
    this.chosen = chosen;
    this.scene = frames.scenes[chosen];
    this.range.max = this.scene.frames.length;
    this.range.disabled = this.scene.frames.length === 0;
    const count = frames.forward.length;
    this.forwardBox.hidden = count === 0;
    this.forwardRange.max = Math.max(0, count - 1);
    this.forwardLabel.textContent = count === 1 ? WORDS["timeline.forward.one"] : text("timeline.forward", { count });
    this.layCalls();
    this.draw();
  }

  /** The calls side by side, or in a list where they are too many for that. */
  layCalls() {
    const { frames, chosen } = this;
    const title = (scene) => text(scene.title.id, scene.title.values);
    const words = (scene) => {
      const count = scene.frames.length;
      if (!count) return title(scene);
      return count === 1 ? text("timeline.call.one", { title: title(scene) }) : text("timeline.call", { title: title(scene), count });
    };
    const own = words(this.scene);
    this.folded = frames.scenes.map((scene, place) => (place === chosen ? 0 : title(scene).length * 6.6 + 22));
    const beside = this.folded.reduce((sum, wide) => sum + (wide ? wide + 8 : 0), 0);
    const room = (this.calls.clientWidth || 500) - Math.max(130, own.length * 6.6);
    if (frames.scenes.length > 1 && beside > room) {
      const select = html("select", { "aria-label": WORDS["select.call"], onchange: () => this.onCall(Number(select.value)) },
        ...frames.scenes.map((scene, place) => html("option", { value: place, selected: place === chosen || null }, words(scene))));
      this.callLabel.replaceChildren(select);
      this.calls.replaceChildren(this.callBox);
      return;
    }
    this.callLabel.replaceChildren(own);
    this.calls.replaceChildren(...frames.scenes.map((scene, place) => {
      if (place === chosen) return this.callBox;
      const label = title(scene);
      return html("button", {
        type: "button", class: `call ${place < chosen ? "past" : ""}`, title: words(scene), style: `width:${this.folded[place].toFixed(0)}px`,
        "aria-label": words(scene), onclick: () => this.onCall(place),
      }, html("i", { class: "stub" }), html("span", { class: "track-label" }, label));
    }));
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
    this.drawForward();
  }

  drawForward() {
    const count = this.frames.forward.length;
    if (!count) return;
    const width = this.forwardBox.clientWidth || 200;
    const { ticks, at } = trackTicks(width, count - 1, () => 5);
    ticks.forEach((tick) => {
      const place = Number(tick.dataset.step);
      tick.append(svg("title", {}, this.frames.forward[place].label));
    });
    this.opAt = (x) => within(Math.round(((x - at(0)) / Math.max(1, at(count - 1) - at(0))) * (count - 1)), 0, count - 1);
    this.forwardTicks = ticks;
    this.forwardTrack.replaceChildren(svg("line", { class: "rail", x1: at(0), y1: 14, x2: at(count - 1), y2: 14 }), ...ticks);
  }

  /** The forward is scrubbed by its ticks: the range under them is for the keys. */
  grab(event) {
    if (event.button !== 0 || !this.opAt || event.offsetY > 28) return;
    this.forwardBox.setPointerCapture(event.pointerId);
    this.drag(event);
  }

  drag(event) {
    if (!(event.buttons & 1) || !this.forwardBox.hasPointerCapture(event.pointerId)) return;
    const place = this.opAt(event.clientX - this.forwardBox.getBoundingClientRect().left);
    if (place !== this.opShown) this.onForward(place);
  }

  /** Mark where we are: a step of the call, or an op of the forward. */
  show(step, forward) {
    this.range.value = step;
    const said = step === 0 ? WORDS["step.rest"] : text("step.of", { step, count: this.scene.frames.length });
    this.range.setAttribute("aria-valuetext", said);
    this.done.setAttribute("x2", this.at(step));
    this.callBox.classList.toggle("resting", step === 0);
    this.opShown = forward;
    this.forwardBox.classList.toggle("resting", forward === null);
    this.forwardRange.value = forward ?? this.frames.forward.length - 1;
    const op = this.frames.forward[forward ?? this.frames.forward.length - 1];
    if (op) this.forwardRange.setAttribute("aria-valuetext", op.label);
    for (const tick of this.callTicks) tick.classList.toggle("done", Number(tick.dataset.step) < step);
    for (const tick of this.forwardTicks ?? []) {
      const place = Number(tick.dataset.step);
      tick.classList.toggle("now", place === forward);
      tick.classList.toggle("done", forward === null || place < forward);
    }
  }
}
