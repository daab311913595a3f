// Copies the address of what is shown, or a text with it, and keeps the address bar in order.

const SHOWN = 1800; // milliseconds that "Copied" stays

// Streamlit goes to a page first and adds the query after it: one visit, so one entry in the history.
const WRAPPED = Symbol.for("autograd-explorer.history");
if (!history[WRAPPED]) {
  const push = history.pushState.bind(history);
  history[WRAPPED] = true;
  history.pushState = (state, title, url) => {
    const to = new URL(url ?? location.href, location.href);
    const isSamePage = to.pathname === location.pathname;
    if (isSamePage && !location.search && to.search) history.replaceState(state, title, url);
    else push(state, title, url);
  };
}

class CopyLink {
  constructor(parent) {
    this.root = document.createElement("div");
    this.root.className = "copylink";
    this.root.innerHTML = `
      <button type="button">
        <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M10 14a4.5 4.5 0 0 0 6.4 0l3.3-3.3a4.5 4.5 0 0 0-6.4-6.4L12 5.6M14 10a4.5 4.5 0 0 0-6.4 0l-3.3 3.3a4.5 4.5 0 0 0 6.4 6.4L12 18.4"/></svg>
        <span class="word" role="status"></span>
      </button>`;
    this.button = this.root.querySelector("button");
    this.word = this.root.querySelector(".word");
    this.button.addEventListener("click", () => this.copy());
    parent.append(this.root);
  }

  take({ text, link, usable, wide, words }) {
    Object.assign(this, { words, text, link });
    this.root.classList.toggle("wide", wide);
    this.button.disabled = !usable;
    this.button.title = words.title;
    this.button.setAttribute("aria-label", words.copy);
    if (!this.root.classList.contains("done")) this.word.textContent = words.copy;
    tellPlayers();
  }

  async copy() {
    tellPlayers();
    const text = this.text.replaceAll(this.link, () => location.href);
    try {
      await navigator.clipboard.writeText(text);
    } catch { // not allowed, or not over https
      if (!copiedByHand(this.root, text)) return this.offer(text);
    }
    return this.say(this.words.copied);
  }

  say(word) {
    this.word.textContent = word;
    this.root.classList.add("done");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.root.classList.remove("done");
      this.word.textContent = this.words.copy;
    }, SHOWN);
  }

  /** Where no script may copy, the person can. */
  offer(text) {
    const field = document.createElement("textarea");
    field.readOnly = true;
    field.value = text;
    field.setAttribute("aria-label", this.words.by_hand);
    field.title = this.words.by_hand;
    field.addEventListener("blur", () => field.remove());
    this.root.append(field);
    field.select();
  }
}

/** Have every player write where it stands into the address, now. */
function tellPlayers() {
  window.dispatchEvent(new CustomEvent("autograd-explorer:address"));
}

function copiedByHand(root, text) {
  const field = document.createElement("textarea");
  field.value = text;
  field.style.cssText = "position:fixed;opacity:0";
  root.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}

const buttons = new WeakMap();

// A player that presents asks for a code of the address; the server draws it.
const QR = Symbol.for("autograd-explorer.qr");

export default function ({ data, parentElement, setTriggerValue }) {
  if (!buttons.has(parentElement)) buttons.set(parentElement, new CopyLink(parentElement));
  buttons.get(parentElement).take(data);
  if (!data.draws) return;
  if (!globalThis[QR]) window.addEventListener("autograd-explorer:qr", ({ detail }) => globalThis[QR](detail));
  globalThis[QR] = (url) => setTriggerValue("qr", url);
  if (data.drawn) window.dispatchEvent(new CustomEvent("autograd-explorer:qr-drawn", { detail: data.drawn }));
}
