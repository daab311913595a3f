// What the lab says: the derivative that is pointed at, what torch says to v and u, and the sums.

const TERMS = 6; // of a sum, written out one by one

class Reading {
  constructor(lab) {
    this.lab = lab;
    this.element = html("div", { class: "side" },
      (this.read = html("div", { class: "read" })),
      (this.told = html("div", { class: "told" })),
      (this.work = html("div", { class: "work" })),
      (this.live = html("p", { class: "unseen", "aria-live": "polite" })));
  }

  draw() {
    this.point();
    this.told.replaceChildren(...(this.lab.alone ? [html("p", { class: "verdict" }, WORDS.alone)] : [this.verdict("v"), this.verdict("u")]));
    // A slider that is being moved must stay the element that it is.
    if (!this.lab.moving) this.work.replaceChildren(...this.arithmetic());
  }

  /** Have a screen reader say what is chosen. */
  speak() {
    this.live.textContent = this.read.textContent;
  }

  /** What is pointed at, else what is chosen, in words and with its exact number. */
  point() {
    const at = this.lab.pointed ?? this.lab.chosen, { shown } = this.lab;
    if (!at) {
      this.read.replaceChildren(html("p", { class: "hint" }, WORDS[this.lab.alone ? "hint.alone" : "hint"]));
    } else if (at.row === null || at.column === null) {
      const [id, axis] = at.row === null ? ["column", shown.columns] : ["row", shown.rows];
      this.read.replaceChildren(html("p", { class: "sentence" }, ...say(id, { [id]: { code: axis.label(at[id]) } })));
    } else {
      this.read.replaceChildren(...this.partial(at));
    }
  }

  /** One derivative: ∂row/∂column with all its digits, and what that means. */
  partial({ row, column }) {
    const { shown, look, data } = this.lab;
    const names = { row: { code: shown.rows.label(row) }, column: { code: shown.columns.label(column) } };
    const value = shown.value(row, column), there = shown.reached(row, column);
    const step = there ? shown.step(row, column, look.colours) : "none";
    const over = names.row.code.startsWith("∂") ? `∂(${names.row.code})` : `∂${names.row.code}`;
    const formula = html("p", { class: "formula" },
      html("span", { class: "fraction" }, html("span", {}, over), html("span", {}, `∂${names.column.code}`)), " = ",
      html("b", { class: there ? `value back-${step}` : "value hatched", style: there ? `color:var(--${step}t)` : null },
        there ? exact(value, data.cells.kind) : "None"));
    const entries = shown.rows.cells[row].band.block * shown.columns.cells[column].band.block;
    const sentence = entries > 1 ? say("block", { count: { text: String(entries) } })
      : !there ? say("partial.none", names)
      : value === 0 ? say("partial.zero", names)
      : say("partial", { ...names, value: { text: number(asCell(value), 3) } });
    return [formula, html("p", { class: "sentence" }, ...sentence)];
  }

  verdict(name) {
    const answer = this.lab.answer?.[name];
    if (!answer) return html("p", { class: "verdict" }, `${name}: ${WORDS.asking}`);
    if (answer.error) return html("p", { class: "verdict wrong" }, ...say(`failed.${name}`, { text: { text: answer.error } }));
    const [count, most] = answer.differs;
    if (!count) return html("p", { class: "verdict" }, "✓ ", WORDS[`agrees.${name}`]);
    return html("p", { class: "verdict wrong" }, "≠ ", ...say(`differs.${name}`, { count: { text: String(count) }, most: { text: number(most) } }));
  }

  /** The sums behind the chosen column of vᵀJ and the chosen row of J u, and what can be opened. */
  arithmetic() {
    const { chosen, shown, alone, vectors } = this.lab;
    if (!chosen) return [];
    const { row, column } = chosen, { rows, columns } = shown;
    const parts = [];
    if (column !== null) {
      if (shown.whole && columns.cells[column].band.reached) parts.push(this.sum("v", column));
      if (vectors) parts.push(this.slider("u", columns.element(column), columns.label(column)));
    }
    if (row !== null) {
      if (shown.whole) parts.push(this.sum("u", row));
      if (vectors) parts.push(this.slider("v", rows.element(row), rows.label(row)));
    }
    if (alone) return parts;
    if (row === null) parts.push(this.opener("column.watch", { kind: "column", at: columns.element(column) }));
    else if (column === null) parts.push(this.opener("row.watch", { kind: "row", at: rows.element(row) }));
    else parts.push(this.opener("cell.paths", { kind: "cell", row: rows.element(row), column: columns.element(column) }));
    return parts;
  }

  opener(id, what) {
    return html("button", { type: "button", class: "open", onclick: () => this.lab.open(what) }, WORDS[id]);
  }

  /** One number of vᵀJ (at a column) or of J u (at a row): symbols, numbers, value. */
  sum(name, cell) {
    const { shown, answer } = this.lab;
    const [along, other] = name === "v" ? [shown.columns, shown.rows] : [shown.rows, shown.columns];
    const at = along.element(cell), vector = this.lab[`${name}s`], product = this.lab.product(name);
    const terms = other.cells.map(({ band }, place) => {
      const weight = vector[other.element(place)];
      const partial = name === "v" ? shown.value(place, cell) : shown.value(cell, place);
      return { weight, partial, product: weight * partial, none: !band.reached };
    }).filter((term) => !term.none && term.product !== 0);
    terms.sort((one, two) => Math.abs(two.product) - Math.abs(one.product));
    const rest = terms.slice(TERMS).reduce((total, term) => total + term.product, 0);
    const more = Math.max(0, terms.length - TERMS);
    const bracket = (value) => (value < 0 ? `(${number(value, 3)})` : number(value, 3));
    const written = terms.slice(0, TERMS).map((term) => `${bracket(term.weight)}·${bracket(term.partial)}`).join(" + ") || "0";
    const torch = answer?.[name]?.torch;
    const [ours, theirs] = torch ? agreed(product[at], torch[at], answer[name].differs[2]) : [product ? number(asCell(product[at])) : ""];
    const [symbol, heading] = name === "v" ? ["(vᵀJ)ⱼ = Σᵢ vᵢ · ∂yᵢ/∂xⱼ", "sum.vtj"] : ["(J u)ᵢ = Σⱼ ∂yᵢ/∂xⱼ · uⱼ", "sum.ju"];
    const label = { code: along.label(cell) };
    return html("div", { class: "sum" },
      html("p", { class: "sum-of" }, ...say(heading, { column: label, row: label })),
      html("p", { class: "step" }, symbol),
      html("p", { class: "step" }, `= ${written}${more ? " + …" : ""}`),
      more ? html("p", { class: "rest" }, ...say("more", { count: { text: String(more) }, rest: { text: number(rest) } })) : null,
      product ? html("p", { class: "step" }, "= ", html("b", {}, ours),
        torch ? html("span", { class: "torch" }, ` ${ours === theirs ? "✓" : "≠"} torch: ${theirs}`) : "") : null);
  }

  /** A slider and a field for one number of v or u. */
  slider(name, at, label) {
    const { lab } = this, value = lab[`${name}s`][at];
    const most = Math.max(2, Math.ceil(Math.abs(value)));
    const spoken = text("edit", { name, place: { text: label } });
    const field = html("input", {
      type: "number", step: "0.1", value: +value.toPrecision(7), "aria-label": spoken,
      onchange: () => {
        if (field.value !== "" && Number.isFinite(Number(field.value))) lab.change(name, at, Number(field.value), false);
        lab.rest();
      },
    });
    const range = html("input", {
      type: "range", min: -most, max: most, step: 0.05, value, "aria-label": spoken,
      oninput: () => {
        field.value = range.value;
        lab.change(name, at, Number(range.value), true);
      },
      onchange: () => lab.rest(),
    });
    return html("label", { class: "slider" }, html("span", {}, html("b", {}, name), " ", html("code", {}, label)), range, field);
  }
}

/** All the digits that a number of this precision has. */
function exact(value, kind) {
  if (!Number.isFinite(value)) return number(asCell(value));
  return String(+value.toPrecision(kind === "f4" ? 7 : 12)).replace("-", "−");
}
