// The two bars over the matrix: how it is drawn, and which v and u stand beside it.

const WRITTEN_MOST = 400; // numbers of a vector that are written out in its field

class Controls {
  constructor(lab) {
    this.lab = lab;
    this.look = html("div", { class: "bar" });
    this.vectors = html("div", { class: "bar" });
  }

  draw() {
    const { lab } = this, { look } = lab;
    const numbers = html("label", { class: "switch", title: WORDS["numbers.title"] },
      html("input", {
        type: "checkbox", ...(look.numbers ? { checked: "" } : {}),
        onchange: (event) => lab.restyle({ numbers: event.target.checked }),
      }), WORDS.numbers);
    this.look.replaceChildren(
      segments("colours", ["picture", "tensor", "log"], look.colours, (colours) => lab.restyle({ colours })),
      numbers,
      ...(lab.shown.tileable ? [segments("layout", ["matrix", "full"], look.layout, (layout) => lab.restyle({ layout }))] : []),
      ...this.windows(),
      this.legend());
    this.vectors.replaceChildren(...(lab.vectors ? [this.vectorBar("v"), this.vectorBar("u")] : []));
  }

  /** What part of the matrix to see: the columns of one tensor, the rows of one sample. */
  windows() {
    const { parts, samples, window: now } = this.lab.data;
    if (!this.lab.vectors) return [];
    const picker = (id, choices, taken) => html("label", { class: "picker" }, html("span", { class: "word" }, WORDS[id]),
      html("select", { onchange: (event) => this.lab.see({ ...now, [taken]: event.target.value === "" ? null : Number(event.target.value) }) },
        ...[[null, WORDS[`${id}.all`]], ...choices].map(([value, words]) => html("option", { value: value ?? "", ...(value === now[taken] ? { selected: "" } : {}) }, words))));
    const found = [];
    if (parts.length > 1) found.push(picker("part", parts.map((name, at) => [at, name]), "part"));
    if (samples.count) found.push(picker("sample", Array.from({ length: samples.count }, (_, at) => [at, text("sample.one", { place: { text: String(at) } })]), "sample"));
    return found;
  }

  vectorBar(name) {
    const { lab } = this, { program } = lab.data;
    const vector = lab[`${name}s`], size = vector.length;
    const button = (id, kind, numbers) => html("button", {
      type: "button", title: WORDS[`${id}.title`] ?? null,
      onclick: () => {
        const found = numbers();
        lab.take(name, kind ?? { kind: "typed", values: found }, found);
        this.draw();
      },
    }, WORDS[id]);
    const spoken = text("type", { name });
    const field = html("input", {
      type: "text", class: "typed", spellcheck: "false", "aria-label": spoken, title: spoken, placeholder: `${size}`,
      value: size <= WRITTEN_MOST ? [...vector].map((one) => String(+one.toPrecision(7))).join(", ") : "",
      onchange: () => this.typed(name, field, problem),
    });
    const problem = html("span", { class: "wrong", role: "alert" });
    const axis = name === "v" ? lab.shown.rows : lab.shown.columns;
    const chosen = (name === "v" ? lab.chosen?.row : lab.chosen?.column) ?? null;
    const at = chosen === null ? 0 : axis.element(chosen);
    return html("div", { class: "vector-bar" },
      html("b", {}, name),
      button("ones", { kind: "ones" }, () => new Array(size).fill(1)),
      button("hot", { kind: "hot", at }, () => Array.from({ length: size }, (_, place) => Number(place === at))),
      button("random", null, () => Array.from({ length: size }, () => Math.round(200 * Math.random() - 100) / 100)),
      name === "v" && program ? button("program", { kind: "program" }, () => program) : null,
      field,
      problem);
  }

  typed(name, field, problem) {
    const pieces = field.value.replaceAll("−", "-").split(/[\s,;[\]]+/).filter(Boolean);
    const numbers = pieces.map(Number);
    const size = this.lab[`${name}s`].length;
    const wrong = pieces.find((_, at) => !Number.isFinite(numbers[at]));
    if (wrong !== undefined) problem.textContent = text("typed.not", { text: { text: wrong } });
    else if (numbers.length !== size) problem.textContent = text("typed.wrong", { name, count: size, found: { text: String(numbers.length) } });
    else {
      problem.textContent = "";
      this.lab.take(name, { kind: "typed", values: numbers }, numbers);
    }
  }

  legend() {
    const { colours } = this.lab.look, end = number(this.lab.shown.largest);
    const swatch = (kind) => html("i", { class: `back-${kind}` });
    const ends = colours === "tensor" ? ["−", "+"] : [`−${end}`, end];
    return html("span", { class: "legend", title: colours === "log" ? WORDS["colours.log.title"] : null },
      html("span", { class: "end" }, ends[0]),
      html("span", { class: "ramp" },
        ...[8, 7, 6, 5, 4, 3, 2, 1].map((step) => swatch(`n${step}`)), swatch("z"),
        ...[1, 2, 3, 4, 5, 6, 7, 8].map((step) => swatch(`p${step}`))),
      html("span", { class: "end" }, ends[1]),
      html("span", { class: "keyed" }, html("i", { class: "key back-z" }), WORDS.zero),
      html("span", { class: "keyed" }, html("i", { class: "key hatched" }), WORDS.none));
  }
}

function segments(id, choices, chosen, onchange) {
  return html("span", { class: "segments", role: "group", "aria-label": WORDS[id] }, ...choices.map((choice) => html("button", {
    type: "button", "aria-pressed": String(choice === chosen), title: WORDS[`${id}.${choice}.title`] ?? null, onclick: () => onchange(choice),
  }, WORDS[`${id}.${choice}`])));
}
