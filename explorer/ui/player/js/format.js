// Numbers, messages and elements: how plain data becomes text on screen.

const SVG = "http://www.w3.org/2000/svg";

/** A new HTML element; attributes by name, `on…` are listeners, children are nodes or text. */
function html(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** A new SVG element. Text always goes in as text, so nothing in a program can become markup. */
function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** A number as people write it, in at most about three digits. */
function number(value, digits = 2) {
  if (typeof value === "string") return value.replace("-", "−").replace("nan", "NaN").replace("inf", "∞");
  if (value === 0) return "0";
  const size = Math.abs(value);
  let text;
  if (size >= 1e6) text = exponent(size, digits);
  else if (size >= 100) text = String(Math.round(size));
  else if (size >= 10) text = String(+size.toFixed(1));
  else if (size >= 0.1) text = String(+size.toFixed(digits));
  else if (size >= 0.01) text = String(+size.toFixed(digits + 1));
  else if (size >= 0.001) text = String(+size.toFixed(digits + 2));
  else text = exponent(size, digits);
  return (value < 0 ? "−" : "") + text;
}

/** A very large or small number; one digit where room is short, more where it is looked at closely. */
function exponent(size, digits = 2) {
  return size.toExponential(Math.max(0, digits - 2)).replace(/\.?0+e/, "e").replace("e+", "e").replace("e-", "e−");
}

const ENGLISH = { ...WORDS };

/** Speak by another table of words; null for English. */
function speak(words) {
  Object.assign(WORDS, words ?? ENGLISH);
}

/** The template for an id, in the form that `count` asks for. */
function template(id, values) {
  const found = WORDS[id];
  if (typeof found !== "object") return found ?? id;
  const form = values.count === 1 ? "one" : values.count === 2 ? "two" : "other";
  return found[form] ?? found.other;
}

/** A message as nodes: text, <code> for the person's own text, marks for what is lit. */
function say(id, values = {}) {
  const nodes = [];
  let mark = null;
  for (const piece of template(id, values).split(/(==|~~)/)) {
    if (piece === "==" || piece === "~~") {
      mark = mark ? null : html("span", { class: piece === "==" ? "hot" : "aside" });
      if (mark) nodes.push(mark);
      continue;
    }
    const filled = fillIn(piece, values);
    if (mark) mark.append(...filled);
    else nodes.push(...filled);
  }
  return nodes;
}

function fillIn(text, values) {
  return text.split(/(\{\w+(?::\w+)?\})/).flatMap((piece) => {
    const found = /^\{(\w+)(?::(\w+))?\}$/.exec(piece);
    return found ? shown(values[found[1]], found[2]) : [piece];
  });
}

/** One value of a message as nodes. `variant` asks for another form of a phrase, if there is one. */
function shown(value, variant) {
  if (Array.isArray(value)) return listed(value);
  if (value && value.code !== undefined) return [html("code", { class: value.code.length <= 24 ? "short" : null }, value.code)];
  if (value && value.text !== undefined) return [value.text];
  if (value && value.list) return [html("span", { class: "numbers" }, bracketed(value.list))];
  if (value && value.id) {
    const id = variant && WORDS[`${value.id}.${variant}`] ? `${value.id}.${variant}` : value.id;
    return say(id, value.values);
  }
  return [typeof value === "number" ? number(value) : String(value ?? "")];
}

/** Numbers in brackets, as torch prints a tensor. */
function bracketed(list) {
  return `[${list.map((part) => (Array.isArray(part) ? bracketed(part) : number(part))).join(", ")}]`;
}

function listed(values) {
  return values.flatMap((value, place) => {
    const before = place === 0 ? [] : [place === values.length - 1 ? WORDS["list.and"] : ", "];
    return [...before, ...shown(value)];
  });
}

/** A message as plain text, for labels that cannot hold elements. */
function text(id, values = {}) {
  return say(id, values).map((node) => (typeof node === "string" ? node : node.textContent)).join("");
}

/** `text` in at most `most` letters; what is left out is left out in its middle. */
function shortened(text, most) {
  if (text.length <= most) return text;
  if (most < 3) return text.slice(0, most);
  const head = Math.ceil((most - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (most - 1 - head))}`;
}
