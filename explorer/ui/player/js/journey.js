// One timeline in the order of the program: what it did before the first call, that call, what it
// did then, the next call, and so on.

/**
 * A place is `{ forward, chosen, step }`: a tick (an op of the forward, or what was done beside the
 * graph), or (`forward` null) a step of a call.
 */
class Journey {
  constructor(frames) {
    this.count = frames.forward.length;
    this.lengths = frames.scenes.map((scene) => scene.frames.length);
    this.nodes = new Set(frames.forward.flatMap((tick) => tick.nodes)); // all that the forward makes
    this.homes = frames.scenes.map((scene) => new Set(scene.items.map((item) => item.index)));
    this.stretches = this.cut(frames);
    this.pictures = this.stretches.flatMap((stretch) => this.picturesIn(stretch, frames.forward));
  }

  /** The stretches of the timeline: `count` ticks from `first` on, or the steps of call `call`. */
  cut({ scenes, forward, begins }) {
    const stretches = [];
    let at = 0;
    const ticks = (until) => {
      const own = forward.slice(at, until);
      if (own.length) stretches.push({ call: null, first: at, count: own.length, ops: own.filter((tick) => !tick.beside).length, isForward: stretches.length === 0 || own.some((tick) => tick.nodes.length > 0) });
      at = Math.max(at, until);
    };
    scenes.forEach((_, call) => {
      ticks(begins[call] ?? this.count);
      stretches.push({ call, count: this.lengths[call] });
    });
    ticks(this.count);
    return stretches;
  }

  /** For each tick the call whose graph is shown, at which step: the call that is to come where the
   * tick made a part of its graph, else the one before as it ended. */
  picturesIn({ call, first, count }, forward) {
    if (call !== null) return [];
    const at = this.stretches.findIndex((one) => one.call === null && one.first === first);
    const hasSteps = (one) => one.call !== null && one.count > 0;
    const last = this.stretches.slice(0, at).findLast(hasSteps), coming = this.stretches.slice(at).filter(hasSteps);
    let shown = last ? { chosen: last.call, step: last.count } : { chosen: coming[0]?.call ?? 0, step: 0 };
    return forward.slice(first, first + count).map(({ node }) => {
      const home = coming.find((one) => this.homes[one.call].has(node));
      if (home) shown = { chosen: home.call, step: 0 };
      return shown;
    });
  }

  /** Where it all begins: before anything has flowed. */
  get first() {
    const stretch = this.stretches.find((one) => one.count > 0);
    return stretch ? this.startOf(stretch) : null;
  }

  /** Where it all ends. */
  get end() {
    const stretch = this.stretches.findLast((one) => one.count > 0);
    return stretch ? this.endOf(stretch) : null;
  }

  stretchOf({ forward, chosen }) {
    if (forward === null) return this.stretches.find((one) => one.call === chosen);
    return this.stretches.find((one) => one.call === null && forward < one.first + one.count);
  }

  startOf({ call, first }) {
    return call === null ? { forward: first, ...this.pictures[first] } : { forward: null, chosen: call, step: 0 };
  }

  endOf({ call, first, count }) {
    return call === null ? { forward: first + count - 1, ...this.pictures[first + count - 1] } : { forward: null, chosen: call, step: count };
  }

  after(place) {
    const { forward, chosen, step } = place, stretch = this.stretchOf(place);
    if (forward !== null && forward + 1 < stretch.first + stretch.count) return { forward: forward + 1, ...this.pictures[forward + 1] };
    if (forward === null && step < stretch.count) return { forward: null, chosen, step: step + 1 };
    const next = this.stretches.slice(this.stretches.indexOf(stretch) + 1).find((one) => one.count > 0);
    return next ? this.startOf(next) : null;
  }

  before(place) {
    const { forward, chosen, step } = place, stretch = this.stretchOf(place);
    if (forward !== null && forward > stretch.first) return { forward: forward - 1, ...this.pictures[forward - 1] };
    if (forward === null && step > 0) return { forward: null, chosen, step: step - 1 };
    const last = this.stretches.slice(0, this.stretches.indexOf(stretch)).findLast((one) => one.count > 0);
    return last ? this.endOf(last) : null;
  }

  /** The ticks to show beside a place: those that it is among, else those just before its call. */
  ticksBeside(place) {
    const stretch = this.stretchOf(place);
    if (!stretch || stretch.call === null) return stretch ?? null;
    const before = this.stretches[this.stretches.indexOf(stretch) - 1];
    return before?.call === null ? before : null;
  }
}
