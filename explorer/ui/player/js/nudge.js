// Nudge: one number of a leaf is dragged, beside what running the program gave for each step.

const PLOT_HIGH = 290;
const PLOT_PAD = { left: 84, right: 24, top: 18, bottom: 40 };

const nudges = (globalThis[Symbol.for("autograd-explorer.nudge")] ??= { components: new WeakMap() });

class Nudge {
  constructor(parent) {
    this.parent = parent;
    this.level = 0;
    this.counter = html("span", { class: "counter" });
    this.sentence = html("p", { class: "sentence" });
    this.plot = html("div", { class: "nudge-plot" });
    this.range = html("input", { type: "range", min: "0", step: "1", "aria-label": WORDS["nudge.range"], oninput: () => this.goTo(Number(this.range.value)) });
    this.zooms = html("div", { class: "chain-orders", role: "group", "aria-label": WORDS["nudge.zoom"] });
    this.rows = html("div", { class: "panel-body" });
    this.root = html("div", { class: "player nudge", tabindex: "-1" },
      html("div", { class: "caption", role: "status", "aria-live": "polite", "aria-atomic": "true" }, this.counter, this.sentence),
      html("div", { class: "nudge-body" },
        html("div", { class: "nudge-left" }, this.plot, html("div", { class: "transport" }, html("div", { class: "chain-range" }, this.range), this.zooms)),
        html("section", {}, this.rows)));
    this.parent.append(this.root);
    this.watcher = new ResizeObserver(() => this.draw());
    this.watcher.observe(this.root);
  }

  load(data) {
    this.root.classList.toggle("dark", isDark(this.parent));
    if (data.signature === this.signature) return;
    const isNew = this.signature !== undefined || data.scroll;
    const finite = ({ step, output, note }) => ({ step, output: typeof output === "string" ? null : output, note });
    const nudge = { ...data.nudge, gradient: asNumber(data.nudge.gradient), points: data.nudge.points.map(finite) };
    Object.assign(this, { data: { ...data, nudge }, signature: data.signature });
    const most = Math.max(...nudge.points.map((point) => Math.abs(point.step)));
    this.levels = [1, 0.1, 0.01].map((part) => {
      const length = most * part;
      return { length, points: nudge.points.filter(({ step }) => step === 0 || (Math.abs(step) <= length * 1.001 && Math.abs(step) >= length / 10.9)) };
    }).filter(({ points }) => points.length > 4);
    this.level = within(this.level, 0, this.levels.length - 1);
    this.zooms.replaceChildren(...this.levels.map(({ length }, place_) => html("button", { type: "button", onclick: () => this.zoom(place_) }, `±${number(length, 3)}`)));
    this.zoom(this.level);
    if (isNew) this.root.scrollIntoView({ block: "nearest", behavior: calm() ? "auto" : "smooth" });
  }

  zoom(level) {
    this.level = level;
    const { points } = this.levels[level];
    this.range.max = String(points.length - 1);
    [...this.zooms.children].forEach((button, place_) => button.setAttribute("aria-pressed", String(place_ === level)));
    this.goTo(points.findIndex(({ step }) => step === 0));
  }

  goTo(place_) {
    this.place = place_;
    this.range.value = String(place_);
    this.draw();
  }

  /** What belongs to the step: measured, said by the gradient, and how far they are apart. */
  get now() {
    const { nudge } = this.data, point = this.levels[this.level].points[this.place];
    const said = nudge.gradient * point.step;
    const measured = point.output === null ? null : point.output - nudge.output;
    return { point, said, measured, apart: measured === null ? null : measured - said };
  }

  draw() {
    if (!this.data || !this.root.clientWidth) return;
    const { nudge, name, root, reading } = this.data, { point, said, measured, apart } = this.now;
    const values = {
      name: { code: name }, root: { code: root }, step: { text: signed(point.step) }, measured: { text: measured === null ? "" : signed(measured) }, said: { text: signed(said) },
      left: reading.left, right: reading.right, gradient: asCell(nudge.gradient), value: nudge.value, note: { text: point.note },
    };
    this.counter.replaceChildren(point.step ? signed(point.step) : WORDS["nudge.still"]);
    this.counter.classList.toggle("resting", point.step === 0);
    const id = point.step === 0 ? `nudge.rest.${reading.kind}` : measured === null ? "nudge.nothing" : `nudge.moved${reading.kind === "smooth" ? "" : ".parted"}`;
    this.sentence.replaceChildren(...say(id, values));
    this.sentence.classList.toggle("long", this.sentence.textContent.length > 130);
    this.range.setAttribute("aria-valuetext", `${name} ${number(nudge.value + point.step, 4)}`);
    this.drawRows(values, point, said, measured, apart);
    this.drawPlot(point, said);
  }

  drawRows(values, point, said, measured, apart) {
    const { nudge, root, reading, name } = this.data;
    const line = (word, ...children) => html("div", { class: "row" }, html("span", { class: "row-name" }, word), html("span", { class: "row-body" }, ...children));
    const most = Math.max(Math.abs(said) || 0, Math.abs(measured) || 0, Math.abs(nudge.gradient) || 0);
    const noise = 2 * nudge.rounding;
    const tiny = apart !== null && Math.abs(apart) <= noise;
    const rows = [
      line(WORDS["nudge.row.number"], html("code", {}, name), ` = ${number(nudge.value, 4)}`, point.step ? ` → ${number(nudge.value + point.step, 4)}` : ""),
      line(WORDS["nudge.row.measured"], measured === null ? html("span", { class: "pending" }, WORDS["nudge.none"]) : `${number(asCell(point.output), 4)} − ${bracket(nudge.output)} = `, measured === null ? "" : nudgeSwatch(measured, most)),
      line(WORDS["nudge.row.said"], `${number(asCell(nudge.gradient), 4)} × ${bracket(point.step)} = `, nudgeSwatch(said, most)),
      line(WORDS["nudge.row.apart"], apart === null ? "" : html("b", {}, tiny ? WORDS["nudge.same"] : number(asCell(apart), 4)), apart !== null && !tiny && said ? html("span", { class: "aside" }, ` ${text("nudge.share", { share: { text: number((100 * Math.abs(apart)) / Math.abs(said), 1) } })}`) : ""),
      line(WORDS["nudge.row.slopes"], text("nudge.slopes", { left: reading.left === null ? { text: "?" } : { text: number(reading.left, 3) }, right: reading.right === null ? { text: "?" } : { text: number(reading.right, 3) } })),
    ];
    this.rows.replaceChildren(...rows, html("p", { class: `note verdict-${reading.kind}` }, ...say(`nudge.verdict.${reading.kind}`, values)),
      html("p", { class: "note" }, ...say("nudge.how", { root: { code: root }, count: nudge.points.length })));
  }

  drawPlot(now, said) {
    const { nudge, name, root } = this.data, { points, length } = this.levels[this.level];
    const wide = Math.max(320, this.plot.clientWidth), high = PLOT_HIGH;
    const seen = points.filter((point) => point.output !== null && Number.isFinite(point.output));
    const outputs = seen.map((point) => point.output);
    let low = Math.min(nudge.output, ...outputs), top = Math.max(nudge.output, ...outputs);
    const ends = Number.isFinite(nudge.gradient) ? [nudge.output - nudge.gradient * length, nudge.output + nudge.gradient * length] : [];
    const span = Math.max(top - low, Math.abs(nudge.output) * 1e-6, nudge.rounding * 16, 1e-12);
    for (const end of ends) { // a tangent that leaves the curve altogether is cut off
      low = Math.min(low, Math.max(end, low - span));
      top = Math.max(top, Math.min(end, top + span));
    }
    const room = Math.max(top - low, span) * 0.08;
    [low, top] = [low - room, top + room];
    const x = (step) => PLOT_PAD.left + ((step + length) / (2 * length)) * (wide - PLOT_PAD.left - PLOT_PAD.right);
    const y = (output) => high - PLOT_PAD.bottom - ((output - low) / (top - low)) * (high - PLOT_PAD.top - PLOT_PAD.bottom);
    const picture = svg("svg", { class: "plot", width: wide, height: high, viewBox: `0 0 ${wide} ${high}`, role: "img", "aria-label": text("nudge.plot", { name: { code: name }, root: { code: root } }),
      onpointerdown: (event) => { this.dragging = true; event.target.setPointerCapture?.(event.pointerId); this.drag(event, x); }, onpointermove: (event) => this.dragging && this.drag(event, x), onpointerup: () => { this.dragging = false; } });
    picture.append(svg("defs", {}, svg("clipPath", { id: "plot-box" }, svg("rect", { x: PLOT_PAD.left, y: PLOT_PAD.top - 6, width: wide - PLOT_PAD.left - PLOT_PAD.right + 1, height: high - PLOT_PAD.top - PLOT_PAD.bottom + 12 }))));
    const label = (at_, words, anchor = "middle") => picture.append(svg("text", { class: "plot-label", x: at_[0], y: at_[1], "text-anchor": anchor }, words));
    const base = high - PLOT_PAD.bottom;
    picture.append(svg("path", { class: "plot-axis", d: `M${PLOT_PAD.left} ${base}H${wide - PLOT_PAD.right}M${PLOT_PAD.left} ${PLOT_PAD.top}V${base}` }),
      svg("path", { class: "plot-zero", d: `M${x(0)} ${PLOT_PAD.top}V${base}M${PLOT_PAD.left} ${y(nudge.output)}H${wide - PLOT_PAD.right}` }));
    const digits = Math.max(2, Math.min(6, 1 - Math.floor(Math.log10(length))));
    for (const part of [-1, -0.5, 0, 0.5, 1]) label([x(part * length), base + 17], fixed(nudge.value + part * length, digits));
    const most = Math.max(2, Math.min(7, 1 - Math.floor(Math.log10(top - low))));
    for (const output of [low + room, nudge.output, top - room]) if (output === nudge.output || Math.abs(y(output) - y(nudge.output)) > 16) label([PLOT_PAD.left - 8, y(output) + 4], fixed(output, most), "end");
    picture.append(svg("text", { class: "plot-name", x: wide - PLOT_PAD.right, y: high - 6, "text-anchor": "end" }, name),
      svg("text", { class: "plot-name", x: 6, y: 13 }, root));
    const inside = svg("g", { "clip-path": "url(#plot-box)" });
    if (Number.isFinite(nudge.gradient)) {
      const sign_ = nudge.gradient > 0 ? "plus" : nudge.gradient < 0 ? "minus" : "flat";
      inside.append(svg("path", { class: `tangent ${sign_}`, d: `M${x(-length)} ${y(ends[0])}L${x(length)} ${y(ends[1])}` }));
    }
    inside.append(svg("path", { class: "measured", d: seen.map((point, place_) => `${place_ ? "L" : "M"}${x(point.step)} ${y(point.output)}`).join("") }));
    for (const point of seen) inside.append(svg("circle", { class: "measured-point", cx: x(point.step), cy: y(point.output), r: 3 }));
    const at = x(now.step);
    inside.append(svg("path", { class: "plot-now", d: `M${at} ${PLOT_PAD.top}V${base}` }));
    if (now.output !== null && Number.isFinite(said)) {
      inside.append(svg("path", { class: "plot-gap", d: `M${at} ${y(now.output)}V${y(nudge.output + said)}` }),
        svg("circle", { class: "said-now", cx: at, cy: y(nudge.output + said), r: 6.5 }));
    }
    if (now.output !== null) inside.append(svg("circle", { class: "measured-now", cx: at, cy: y(now.output), r: 6.5 }));
    picture.append(inside);
    this.plot.replaceChildren(picture, html("div", { class: "legend" },
      html("span", { class: "key" }, svg("svg", { width: 30, height: 12 }, svg("path", { class: "measured", d: "M1 6H29" }), svg("circle", { class: "measured-point", cx: 15, cy: 6, r: 3 })), WORDS["nudge.legend.measured"]),
      html("span", { class: "key" }, svg("svg", { width: 30, height: 12 }, svg("path", { class: `tangent ${nudge.gradient > 0 ? "plus" : nudge.gradient < 0 ? "minus" : "flat"}`, d: "M1 6H29" })), WORDS["nudge.legend.said"])));
  }

  /** Go to the step nearest to the pointer. */
  drag(event, x) {
    const at = event.clientX - this.plot.firstChild.getBoundingClientRect().left;
    const { points } = this.levels[this.level];
    let best = 0;
    points.forEach(({ step }, place_) => { if (Math.abs(x(step) - at) < Math.abs(x(points[best].step) - at)) best = place_; });
    if (best !== this.place) this.goTo(best);
  }

  remove() {
    this.watcher.disconnect();
    this.root.remove();
  }
}

function fixed(value, digits) {
  return String(+value.toFixed(digits)).replace("-", "−");
}

function signed(value) {
  return `${value > 0 ? "+" : ""}${number(asCell(value), 3)}`;
}

/** A number after a sign: negative ones in brackets. */
function bracket(value) {
  const words = number(asCell(value), 4);
  return value < 0 ? `(${words})` : words;
}

function nudgeSwatch(value, scale) {
  const cell = asCell(value), name = level(cell, scale);
  return html("span", { class: `swatched back-${name}`, style: `color:var(--${name === "x" ? "ink" : `${name}t`})` }, number(cell, 4));
}

export default function ({ data, parentElement }) {
  speak(data.words);
  let nudge = nudges.components.get(parentElement);
  if (nudge && nudge.language !== data.language) {
    nudge.remove();
    nudge = null;
  }
  if (!nudge) {
    nudge = new Nudge(parentElement);
    nudge.language = data.language;
    nudges.components.set(parentElement, nudge);
  }
  nudge.load(data);
  return () => {
    nudges.components.get(parentElement)?.remove();
    nudges.components.delete(parentElement);
  };
}
