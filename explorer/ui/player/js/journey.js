// One timeline: the ops of the forward, then each call that has steps, as places one after another.

/** A place is `{ forward, chosen, step }`: an op of the forward, or (`forward` null) a step of a call. */
class Journey {
  constructor(frames) {
    this.count = frames.forward.length;
    this.lengths = frames.scenes.map((scene) => scene.frames.length);
    this.calls = this.lengths.flatMap((length, place) => (length ? [place] : []));
    this.nodes = new Set(frames.forward.flatMap((tick) => tick.nodes)); // all that the forward makes
    this.homes = frames.scenes.map((scene) => new Set(scene.items.map((item) => item.index)));
  }

  /** Where it all begins: before anything has flowed. */
  get first() {
    if (this.count) return { forward: 0, chosen: this.calls[0] ?? 0, step: 0 };
    return this.calls.length ? { forward: null, chosen: this.calls[0], step: 0 } : null;
  }

  after({ forward, chosen, step }) {
    if (forward !== null && forward + 1 < this.count) return { forward: forward + 1, chosen, step: 0 };
    if (forward === null && step < this.lengths[chosen]) return { forward: null, chosen, step: step + 1 };
    const next = forward === null ? this.calls.find((call) => call > chosen) : this.calls[0];
    return next === undefined ? null : { forward: null, chosen: next, step: 0 };
  }

  before({ forward, chosen, step }) {
    if (forward !== null) return forward ? { forward: forward - 1, chosen, step: 0 } : null;
    if (step > 0) return { forward: null, chosen, step: step - 1 };
    const last = this.calls.filter((call) => call < chosen).at(-1);
    if (last !== undefined) return { forward: null, chosen: last, step: this.lengths[last] };
    return this.count ? { forward: this.count - 1, chosen, step: 0 } : null;
  }

  /** The call whose graph has a node in it: the one that is shown if it has, else the first. */
  homeOf(node, chosen) {
    if (node === null || this.homes[chosen].has(node)) return chosen;
    const found = this.homes.findIndex((home) => home.has(node));
    return found < 0 ? chosen : found;
  }
}
