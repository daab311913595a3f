// What part of the picture is seen: all of it, the node of the step, or where the person moved it.

const CAMERA_MS = 400;

class Camera {
  /** `turned` is called when the place of the picture has another size than before. */
  constructor(holder, turned) {
    this.holder = holder;
    this.own = false; // the person has moved it
    this.view = null;
    // Asking for the size after each change would make the browser lay out the page in every step.
    new ResizeObserver(() => {
      const before = this.known, { w, h } = this.measure();
      if (before && (before.w !== w || before.h !== h)) turned();
    }).observe(holder);
    this.listen();
  }

  /** Look at another picture. */
  attach(stage) {
    this.stage = stage;
    this.own = false;
    this.view = null;
  }

  get size() {
    return this.known ?? this.measure();
  }

  measure() {
    this.known = { w: this.holder.clientWidth || 800, h: this.holder.clientHeight || 360 };
    return this.known;
  }

  /** The zoom at which the whole picture is seen. */
  fitZoom() {
    const { w, h } = this.size, bounds = this.stage.picture.bounds;
    return Math.min(w / bounds.w, h / bounds.h, 1.6);
  }

  /** The zoom at which the tallest card and its buckets fit with some air; the same in every step. */
  followZoom() {
    const { picture } = this.stage;
    // From top to bottom the width is what there is least of.
    if (picture.isDown) {
      const { w } = this.size, least = Math.min(w / 330, within(w / (this.stage.widest + 40), 0.8, 0.95));
      return within(w / picture.bounds.w, least, 1.15);
    }
    const high = Math.min(this.stage.picture.bounds.h, 1.4 * this.stage.tallest + 60);
    return Math.max(this.fitZoom(), within(this.size.h / high, 0.7, 1.4));
  }

  fit(smooth = false) {
    this.own = false;
    this.move(this.centred(this.fitZoom(), this.stage.picture.bounds), smooth);
  }

  /** Keep the node `index` and what hangs on it in the middle, large enough to read. */
  follow(index, smooth = true) {
    if (this.own) return;
    const whole = this.stage.neighbourhood(index);
    if (!whole) return this.fit(smooth);
    const { w, h } = this.size, bounds = this.stage.picture.bounds;
    const zoom = this.followZoom();
    const wide = w / zoom, high = h / zoom;
    const alone = this.stage.picture.isDown && whole.w > wide; // its buckets find no room beside it
    const box = alone ? this.stage.spots.get(index).box : whole;
    const x = within(box.x + box.w / 2 - wide * 0.55, bounds.x, bounds.x + bounds.w - wide);
    const y = within(box.y + box.h / 2 - high / 2, bounds.y, bounds.y + bounds.h - high);
    this.move({ x, y, w: wide, h: high }, smooth);
  }

  centred(zoom, bounds) {
    const { w, h } = this.size;
    const wide = w / zoom, high = h / zoom;
    return { x: bounds.x - (wide - bounds.w) / 2, y: bounds.y - (high - bounds.h) / 2, w: wide, h: high };
  }

  move(view, smooth) {
    cancelAnimationFrame(this.frame);
    const from = this.view;
    if (!smooth || !from || calm()) return this.apply(view);
    const began = performance.now();
    const glide = (now) => {
      const part = eased(Math.min(1, (now - began) / CAMERA_MS));
      const mix = (name) => from[name] + (view[name] - from[name]) * part;
      this.apply({ x: mix("x"), y: mix("y"), w: mix("w"), h: mix("h") });
      if (part < 1) this.frame = requestAnimationFrame(glide);
    };
    this.frame = requestAnimationFrame(glide);
  }

  apply(view) {
    this.view = view;
    this.stage.element.setAttribute("viewBox", [view.x, view.y, view.w, view.h].map((part) => part.toFixed(2)).join(" "));
  }

  listen() {
    let held = null;
    this.holder.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !this.view) return;
      held = { x: event.clientX, y: event.clientY, view: this.view, moved: false };
    });
    this.holder.addEventListener("pointermove", (event) => {
      if (!held || !(event.buttons & 1)) return void (held = null);
      const dx = event.clientX - held.x, dy = event.clientY - held.y;
      if (!held.moved && Math.hypot(dx, dy) < 4) return;
      held.moved = true;
      this.own = true;
      cancelAnimationFrame(this.frame);
      const scale = held.view.w / this.size.w;
      this.apply({ ...held.view, x: held.view.x - dx * scale, y: held.view.y - dy * scale });
    });
    this.holder.addEventListener("click", (event) => {
      // The end of a drag is no click on a node.
      if (held?.moved) event.stopPropagation();
      held = null;
    }, true);
    this.holder.addEventListener("wheel", (event) => {
      // A plain wheel scrolls the page; with Ctrl, or once the person has moved the picture, it zooms.
      if (!this.view || !(event.ctrlKey || event.metaKey || this.own)) return;
      event.preventDefault();
      this.zoomAt(event, Math.exp(event.deltaY * 0.0016));
    }, { passive: false });
    this.holder.addEventListener("dblclick", () => this.fit(true));
  }

  /** Zoom about the middle, as the keys do. */
  zoomBy(factor) {
    if (!this.view) return;
    const { left, top, width, height } = this.holder.getBoundingClientRect();
    this.zoomAt({ clientX: left + width / 2, clientY: top + height / 2 }, factor);
  }

  zoomAt(event, factor) {
    const corner = this.holder.getBoundingClientRect(), { w } = this.size;
    const wide = within(this.view.w * factor, w / 6, Math.max(this.stage.picture.bounds.w, w) * 1.5);
    const part = wide / this.view.w;
    const x = this.view.x + ((event.clientX - corner.left) / corner.width) * this.view.w;
    const y = this.view.y + ((event.clientY - corner.top) / corner.height) * this.view.h;
    this.own = true;
    this.apply({ x: x - (x - this.view.x) * part, y: y - (y - this.view.y) * part, w: wide, h: this.view.h * part });
  }
}

/** Whether the person asked their system for less motion. */
function calm() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
