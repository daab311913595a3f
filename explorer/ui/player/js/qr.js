// While presenting, the link to the present spot as a QR code: a room follows on its own phones.

const QR = Symbol.for("autograd-explorer.qr"); // set by whoever draws codes; a file alone has nobody

class QrCard {
  constructor() {
    this.element = html("div", { class: "qr", role: "dialog", "aria-label": WORDS["qr.label"], hidden: true });
    this.drawn = ({ detail }) => this.show(detail);
    window.addEventListener("autograd-explorer:qr-drawn", this.drawn);
  }

  get isPossible() {
    return Boolean(globalThis[QR]);
  }

  get isOpen() {
    return !this.element.hidden;
  }

  toggle() {
    if (this.isOpen) return this.close();
    if (!this.isPossible) return;
    window.dispatchEvent(new CustomEvent("autograd-explorer:address"));
    this.wanted = location.href;
    this.element.hidden = false;
    this.element.replaceChildren(html("p", {}, WORDS["qr.wait"]));
    window.dispatchEvent(new CustomEvent("autograd-explorer:qr", { detail: this.wanted }));
  }

  close() {
    this.element.hidden = true;
  }

  /** `path` draws `size` by `size` dark squares of 1; null where the link is too long for a code. */
  show({ url, size, path }) {
    if (url !== this.wanted || !this.isOpen) return;
    const code = path === null
      ? html("p", {}, WORDS["qr.long"])
      : svg("svg", { viewBox: `-4 -4 ${size + 8} ${size + 8}`, role: "img", "aria-label": WORDS["qr.label"] },
          svg("rect", { x: -4, y: -4, width: size + 8, height: size + 8, fill: "#FFFFFF" }),
          svg("path", { d: path, fill: "#000000" }));
    this.element.replaceChildren(code, html("p", { class: "qr-link" }, shortened(url.replace(/^https?:\/\//, ""), 90)));
  }

  remove() {
    window.removeEventListener("autograd-explorer:qr-drawn", this.drawn);
  }
}
