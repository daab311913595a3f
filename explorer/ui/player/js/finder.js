// Search by name: a field that marks the nodes it finds and goes from one to the next.

class Finder {
  /** `on.mark(nodes)` is told what is found, `on.go(node)` which one the person wants. */
  constructor(on) {
    this.on = on;
    this.found = [];
    this.place = -1;
    this.field = html("input", {
      type: "search", class: "find", placeholder: WORDS.find, "aria-label": WORDS["find.label"], title: WORDS["find.title"],
      oninput: () => this.search(), onkeydown: (event) => this.onKey(event),
    });
    this.count = html("span", { class: "find-count", "aria-live": "polite" });
    this.element = html("span", { class: "finder" }, this.field, this.count);
  }

  load(scene) {
    this.items = [...scene.items].sort((one, other) => (one.order ?? Infinity) - (other.order ?? Infinity));
    this.clear();
  }

  clear() {
    this.field.value = "";
    this.search();
  }

  search() {
    const wanted = this.field.value.trim().toLowerCase();
    const texts = (item) => [item.label, item.name, item.variable, item.module].filter(Boolean);
    this.found = wanted ? this.items.filter((item) => texts(item).some((one) => one.toLowerCase().includes(wanted))) : [];
    this.place = -1;
    this.on.mark(this.found.map((item) => item.index));
    this.say();
  }

  onKey(event) {
    event.stopPropagation();
    if (event.key === "Enter" && this.found.length) {
      this.place = (this.place + (event.shiftKey ? -1 : 1) + this.found.length) % this.found.length;
      this.on.go(this.found[this.place].index);
    } else if (event.key === "Escape") {
      this.clear();
      this.on.leave();
    } else return;
    event.preventDefault();
    this.say();
  }

  say() {
    const count = this.found.length;
    this.count.textContent = !this.field.value ? "" : this.place < 0 ? String(count) : `${this.place + 1}/${count}`;
  }
}
