// Where a player stands, as a parameter of the page's address. The server is told nothing.

const SETTLE_MS = 250; // browsers refuse an address that changes too often

/** `0.3` is step 3 of the first call, `0.f2` its third op of the forward; then, as far as they are
 * chosen, node, slot and element. */
function placeText({ chosen, step, forward, node, slot, element }) {
  const parts = [chosen, forward === null ? step : `f${forward}`, node, slot, element];
  return parts.map((part) => part ?? "").join(".").replace(/\.+$/, "");
}

/** What `placeText` wrote, as far as it fits these frames; null for anything else. */
function parsePlace(text, frames) {
  const found = /^(\d{1,6})\.(?:f(\d{1,6})|(\d{1,6}))(?:\.(\d{0,6})(?:\.(\d{0,6})(?:\.(\d{1,7}))?)?)?$/.exec(text ?? "");
  if (!found) return null;
  const [chosen, forward, step, node, slot, element] = found.slice(1).map((part) => (part ? Number(part) : undefined));
  const scene = frames.scenes[chosen];
  if (!scene || forward >= frames.forward.length || step > scene.frames.length) return null;
  return { chosen, step: step ?? 0, forward: forward ?? null, node, slot, element };
}

class Address {
  /** `link.query` is the part of the address that says which program is shown: while another one
   * stands there, or another page, the address is none of ours. */
  constructor(link, moved) {
    this.link = link;
    this.path = location.pathname;
    this.written = null;
    this.listen = () => this.write();
    this.back = () => { if (this.isOurs() && this.read() !== this.wanted) moved(this.read()); };
    window.addEventListener("autograd-explorer:address", this.listen);
    window.addEventListener("popstate", this.back);
  }

  isOurs() {
    const query = new URLSearchParams(location.search);
    return location.pathname === this.path
      && Object.entries(this.link.query).every(([name, value]) => query.get(name) === value);
  }

  /** What stands there; null where there is nothing for us. */
  read() {
    return this.isOurs() ? new URLSearchParams(location.search).get(this.link.name) : null;
  }

  /** Keep `place` there soon; null is the place where every visitor begins. */
  keep(place) {
    this.wanted = place;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.write(), SETTLE_MS);
  }

  write() {
    clearTimeout(this.timer);
    if (this.wanted === undefined || !this.isOurs() || this.read() === this.wanted) return;
    const address = new URL(location.href);
    if (this.wanted === null) address.searchParams.delete(this.link.name);
    else address.searchParams.set(this.link.name, this.wanted);
    try {
      history.replaceState(history.state, "", address);
    } catch { // too often: the next one says it
    }
  }

  remove() {
    clearTimeout(this.timer);
    window.removeEventListener("autograd-explorer:address", this.listen);
    window.removeEventListener("popstate", this.back);
  }
}
