// The table of variables. What is pointed at here, in the editor or in the player lights everywhere.

const LIGHT = "autograd-explorer:light";
const COLUMNS = ["name", "shape", "dtype", "requires_grad", "is_leaf", "grad_fn", "grad", "values"];

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Whether a span of the program holds a place in it. */
function holds(span, { line, column }) {
  const after = line > span.line || (line === span.line && column >= span.column);
  const before = line < span.end_line || (line === span.end_line && column < span.end_column);
  return after && before;
}

const lengthOf = (span) => (span.end_line - span.line) * 1000 + span.end_column - span.column;

class Variables {
  constructor(parent) {
    this.root = make("div", { class: "variables" });
    parent.append(this.root);
    this.listen = (event) => this.light(event.detail);
    window.addEventListener(LIGHT, this.listen);
  }

  take({ rows, spans, words }) {
    Object.assign(this, { rows, spans, words });
    const head = COLUMNS.map((name) => make("th", { scope: "col", title: words.help[name] ?? null }, name));
    this.lines = rows.map((row) => this.line(row));
    const table = make("table", {}, make("caption", {}, words.title),
      make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...this.lines));
    this.root.replaceChildren(table);
  }

  line(row) {
    const count = this.words.of.replace("{number}", row.number).replace("{count}", row.count);
    const cells = COLUMNS.map((name) => {
      if (name === "name") return make("th", { scope: "row" }, row.name, ...(row.count > 1 ? [make("small", {}, count)] : []));
      const value = row[name];
      const text = value === null ? "None" : value === true ? "✓" : value === false ? "–" : value;
      return make("td", { class: value === null ? "none" : null, "aria-label": typeof value === "boolean" ? String(value) : null }, text);
    });
    const line = make("tr", { tabindex: "0" }, ...cells);
    const tell = () => this.tell({ node: row.node, span: row.span });
    const leave = () => this.tell(null);
    line.addEventListener("pointerenter", tell);
    line.addEventListener("focus", tell);
    line.addEventListener("pointerleave", leave);
    line.addEventListener("blur", leave);
    return line;
  }

  /** Say what is pointed at: `{ node, span }`, or null. */
  tell(what) {
    this.mark(what);
    window.dispatchEvent(new CustomEvent(LIGHT, { detail: { from: "variables", ...what } }));
  }

  light(said) {
    if (said.from === "variables") return;
    if (!said.at) return this.mark(said.node === undefined ? null : said);
    // Somebody points at a place in the program, and does not know what was made there.
    const over = this.spans.filter(({ span }) => holds(span, said.at));
    const shortest = Math.min(...over.map(({ span }) => lengthOf(span)));
    const inner = over.filter(({ span }) => lengthOf(span) === shortest);
    const named = this.rows.filter((row) => row.span && holds(row.span, said.at));
    if (inner.length) this.tell({ node: inner.at(-1).node, nodes: inner.map(({ node }) => node), span: inner[0].span });
    else this.tell(named.length ? { node: named[0].node, span: named[0].span } : null);
  }

  mark(what) {
    const nodes = new Set(what?.nodes ?? (what?.node === null || what?.node === undefined ? [] : [what.node]));
    const same = (span) => span && what?.span && JSON.stringify(span) === JSON.stringify(what.span);
    this.lines?.forEach((line, place) => {
      const row = this.rows[place];
      line.classList.toggle("lit", what !== null && (nodes.has(row.node) || (row.node === null && same(row.span))));
    });
  }

  remove() {
    window.removeEventListener(LIGHT, this.listen);
    this.root.remove();
  }
}

const tables = new WeakMap();

export default function ({ data, parentElement }) {
  if (!tables.has(parentElement)) tables.set(parentElement, new Variables(parentElement));
  tables.get(parentElement).take(data);
  return () => {
    tables.get(parentElement)?.remove();
    tables.delete(parentElement);
  };
}
