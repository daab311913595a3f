// A field for code: the browser's own text field, seen through, over the same text in colours.

const PAUSE = 500; // milliseconds after the last key until the program is told
const INDENT = "    ";
const LIGHT = "autograd-explorer:light"; // what is pointed at, here or elsewhere on the page

const WORDS = {
  keyword:
    "False None True and as assert async await break class continue def del elif else except " +
    "finally for from global if import in is lambda nonlocal not or pass raise return try while " +
    "with yield",
  builtin:
    "abs all any bool dict enumerate filter float getattr hasattr int isinstance len list map max " +
    "min pow print range reversed round self set setattr sorted str sum super tuple type zip",
};
const KIND_OF_WORD = new Map(
  Object.entries(WORDS).flatMap(([kind, words]) => words.split(" ").map((word) => [word, kind])),
);

const TOKEN = new RegExp(
  [
    String.raw`(?<comment>#[^\n]*)`,
    String.raw`(?<string>\b[rbfuRBFU]{0,2}(?:"""(?:\\[^]|[^\\])*?(?:"""|$(?![^]))|'''(?:\\[^]|[^\\])*?(?:'''|$(?![^])))` +
      String.raw`|[rbfuRBFU]{0,2}(?:"(?:\\[^]|[^"\\\n])*"?|'(?:\\[^]|[^'\\\n])*'?))`,
    String.raw`(?<number>\b(?:0[xX][\da-fA-F_]+|\d[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?\d+)?j?)|(?<![\w)\]])\.\d+(?:[eE][+-]?\d+)?)`,
    String.raw`(?<before>\b(?:def|class)\s+)(?<name>[^\W\d]\w*)`,
    String.raw`(?<word>[^\W\d]\w*)`,
  ].join("|"),
  "gu",
);

/** The source as a list of elements and texts, coloured. */
function coloured(source) {
  const parts = [];
  let at = 0;
  const put = (text, kind) => {
    if (!kind) return parts.push(text);
    const span = document.createElement("span");
    span.className = kind;
    span.textContent = text;
    return parts.push(span);
  };
  for (const match of source.matchAll(TOKEN)) {
    const found = match.groups;
    put(source.slice(at, match.index));
    at = match.index + match[0].length;
    if (found.name) {
      put(found.before, "keyword");
      put(found.name, "name");
    } else if (found.word) {
      const isAttribute = source[match.index - 1] === ".";
      put(found.word, isAttribute ? undefined : KIND_OF_WORD.get(found.word));
    } else {
      put(match[0], ["comment", "string", "number"].find((kind) => found[kind] !== undefined));
    }
  }
  put(source.slice(at));
  return parts;
}

const KEYS = { run: ["Ctrl", "Enter"], tab: ["Tab"], escape: ["Esc"] };

function capped(key) {
  const element = document.createElement("kbd");
  element.textContent = key;
  return element;
}

class Editor {
  constructor(parent) {
    const root = document.createElement("div");
    root.innerHTML = `
      <div class="editor">
        <div class="gutter" aria-hidden="true"></div>
        <div class="paper">
          <span class="probe" aria-hidden="true">0123456789</span>
          <pre aria-hidden="true"></pre>
          <textarea aria-describedby="hint" spellcheck="false" wrap="off"
            autocapitalize="off" autocomplete="off" autocorrect="off"></textarea>
        </div>
      </div>
      <p class="hint" id="hint"></p>`;
    parent.append(root);
    this.root = root;
    this.gutter = root.querySelector(".gutter");
    this.text = root.querySelector("pre");
    this.field = root.querySelector("textarea");
    this.hint = root.querySelector(".hint");
    this.number = undefined;
    this.mark = null;
    this.told = undefined;
    this.field.addEventListener("input", () => this.typed());
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.field.addEventListener("blur", () => this.tell());
    this.field.addEventListener("pointermove", (event) => this.point(event));
    this.field.addEventListener("pointerleave", () => this.say(null));
    this.lit = null;
    this.listen = ({ detail }) => { if (detail.from !== "editor") this.light(detail.span ?? null); };
  }

  /** Light the expression at `span` of the text that has run; null lights nothing. */
  light(span) {
    const lit = this.field.value === this.told ? span : null;
    if (JSON.stringify(lit) === JSON.stringify(this.lit)) return;
    this.lit = lit;
    this.draw();
  }

  /** Tell the page which letter is pointed at. */
  point(event) {
    const box = this.field.getBoundingClientRect(), style = getComputedStyle(this.field);
    this.probe ??= this.root.querySelector(".probe");
    const letter = this.probe.getBoundingClientRect().width / 10;
    const line = Math.floor((event.clientY - box.top - parseFloat(style.paddingTop)) / parseFloat(style.lineHeight));
    const column = Math.floor((event.clientX - box.left - parseFloat(style.paddingLeft)) / letter);
    const length = this.field.value.split("\n")[line]?.length ?? 0;
    this.say(column >= 0 && column < length ? { line: line + 1, column } : null);
  }

  say(at) {
    if (JSON.stringify(at) === JSON.stringify(this.at)) return;
    this.at = at;
    window.dispatchEvent(new CustomEvent(LIGHT, { detail: { from: "editor", at } }));
    if (!at) this.light(null);
  }

  /** Say what the field is and which keys it knows, in the visitor's language. */
  name({ label, hint }) {
    this.field.setAttribute("aria-label", label);
    this.hint.replaceChildren(...hint.split(/(\{\w+\})/).flatMap((part) => {
      const keys = KEYS[part.slice(1, -1)];
      return keys ? keys.flatMap((key, i) => (i ? [" + ", capped(key)] : [capped(key)])) : [part];
    }));
  }

  /** What the server says: a text where it has a new number, and what to mark. */
  take(data, tellSource, tellAgain) {
    this.tellSource = tellSource;
    this.tellAgain = tellAgain;
    window.addEventListener(LIGHT, this.listen);
    this.name(data.words);
    if (data.number !== this.number) {
      this.number = data.number;
      this.told = data.source;
      clearTimeout(this.timer);
      if (this.field.value !== data.source) this.field.value = data.source;
    }
    this.mark = this.field.value === data.source ? data.mark : null;
    this.draw();
  }

  typed() {
    this.mark = null; // it belongs to the text as it was
    this.draw();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tell(), PAUSE);
  }

  tell() {
    clearTimeout(this.timer);
    if (this.field.value === this.told) return;
    this.told = this.field.value;
    this.tellSource(this.told);
  }

  key(event) {
    if (event.isComposing) return;
    const leaving = this.leaving;
    this.leaving = event.key === "Escape" || (leaving && event.key === "Shift");
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (this.field.value === this.told) this.tellAgain(true);
      this.tell();
    } else if (event.key === "Tab" && !leaving) {
      event.preventDefault();
      this.indent(event.shiftKey);
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.newLine();
    }
  }

  newLine() {
    const { value, selectionStart } = this.field;
    const line = value.slice(value.lastIndexOf("\n", selectionStart - 1) + 1, selectionStart);
    const deeper = /:\s*(#.*)?$/.test(line) ? INDENT : "";
    this.insert("\n" + line.match(/^[ \t]*/)[0] + deeper);
  }

  /** Tab: four spaces, or every chosen line further in; with Shift, further out. */
  indent(outwards) {
    const { value, selectionStart: from, selectionEnd: to } = this.field;
    if (from === to && !outwards) {
      this.insert(INDENT.slice((from - value.lastIndexOf("\n", from - 1) - 1) % INDENT.length));
      return;
    }
    const begin = value.lastIndexOf("\n", from - 1) + 1;
    const end = to > from && value[to - 1] === "\n" ? to - 1 : to;
    const rest = value.indexOf("\n", end);
    const stop = rest < 0 ? value.length : rest;
    const lines = value.slice(begin, stop);
    const changed = outwards ? lines.replace(/^ {1,4}|^\t/gm, "") : lines.replace(/^(?=.)/gm, INDENT);
    if (changed === lines) return;
    this.field.setSelectionRange(begin, stop);
    this.insert(changed);
    this.field.setSelectionRange(begin, begin + changed.length);
  }

  /** Type `text` in place of what is chosen, so that undo takes it back. */
  insert(text) {
    if (text ? document.execCommand("insertText", false, text) : document.execCommand("delete")) return;
    this.field.setRangeText(text, this.field.selectionStart, this.field.selectionEnd, "end");
    this.typed();
  }

  draw() {
    const source = this.field.value;
    const count = source.split("\n").length;
    const wrong = this.mark?.line;
    this.gutter.replaceChildren(
      ...Array.from({ length: count }, (_, i) => {
        const number = document.createElement("div");
        number.textContent = i + 1;
        if (i + 1 === wrong) {
          number.className = "wrong";
          number.title = this.mark.message;
        }
        return number;
      }),
    );
    // A line break at the very end needs something after it to have a line of its own.
    this.text.replaceChildren(...this.marks(source), ...coloured(source), "\n");
    this.field.setAttribute("aria-invalid", String(Boolean(wrong)));
  }

  /** What is lit, the stripe under the line that went wrong, and the stroke under the part of it. */
  marks(source) {
    const pieces = this.lit ? this.parts(source, this.lit, "lit-part") : [];
    if (!this.mark) return pieces;
    const { line, span } = this.mark;
    const stripe = this.piece("wrong-line", line);
    return [...pieces, stripe, ...(span ? this.parts(source, span, "wrong-part").slice(0, 1) : [])];
  }

  /** One element for each line of a span. */
  parts(source, span, name) {
    const lines = source.split("\n");
    return Array.from({ length: span.end_line - span.line + 1 }, (_, place) => {
      const line = span.line + place;
      const from = place === 0 ? span.column : (lines[line - 1]?.search(/\S|$/) ?? 0);
      const to = line === span.end_line ? span.end_column : (lines[line - 1]?.length ?? 0);
      const part = this.piece(name, line);
      part.style.setProperty("--from", from);
      part.style.setProperty("--length", to - from);
      return part;
    });
  }

  piece(name, line) {
    const element = document.createElement("i");
    element.className = name;
    element.style.setProperty("--line", line);
    return element;
  }
}

const editors = new WeakMap();

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  if (!editors.has(parentElement)) editors.set(parentElement, new Editor(parentElement));
  const editor = editors.get(parentElement);
  editor.take(
    data,
    (source) => setStateValue("source", source),
    (again) => setTriggerValue("again", again),
  );
  return () => {
    window.removeEventListener(LIGHT, editor.listen);
    editor.tell();
  };
}
