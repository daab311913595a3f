// How a player looks at its graph: which view of it, on which stage, and where the camera stands.

const READABLE = 13; // px: below it, numbers on tiles call for the camera

class Viewing extends Control {
  constructor(parent, name) {
    super(parent, name);
    this.following = null; // null: decide by size
    this.asTorch = false; // the graph is drawn with a box for each node
    this.stages = new Map();
  }

  /** What changes the view, `more` among it. */
  buildViewBar(...more) {
    this.folds = new FoldBar((group) => this.open(group));
    this.wording = new Wording((torch) => this.showAs(torch));
    this.cameraButton = html("button", { type: "button", "aria-pressed": "false", title: "F", onclick: () => this.toggleCamera() }, WORDS["button.follow"]);
    this.fitButton = html("button", { type: "button", title: WORDS["help"][3][1], onclick: () => this.fitAll() }, WORDS["button.fit"]);
    this.viewBar = html("div", { class: "view-bar" }, this.folds.element, this.wording.element, ...more, this.fitButton, this.cameraButton);
  }

  /** The stage for the camera's kind of picture; made when first needed. */
  stage(kind) {
    const view = this.view;
    const isDown = this.isPortrait && view.down;
    const name = isDown ? "down" : kind === "follow" && view.follow ? "follow" : "fit";
    const key = `${this.chosen}.${view.wires.length ? "torch" : view.opened}.${name}`;
    if (!this.stages.has(key)) {
      const scene = view.wires.length ? bareScene(this.scene, view.wires) : foldedScene(this.scene, view.fold);
      this.stages.set(key, new FoldedStage(scene, { ...view[name], isDown: name === "down" }, this.frames.tiles, {
        open: (group) => this.open(group),
        opens: (group) => this.views.some((one) => one.opened === group),
        select: (node, what) => this.picked(node, what),
        jump: (step) => this.goTo(step),
        hover: (node) => this.hover(node),
        cell: (wire, element) => this.openCell(wire, element),
        leaf: (node, element) => this.openLeaf(node, element),
      }));
      const wrong = (this.data.wrong ?? []).map(({ node }) => node).filter((node) => this.items.has(node));
      this.stages.get(key).flag({ wrong: new Set(wrong) });
    }
    return this.stages.get(key);
  }

  /** A screen that is higher than wide, where the graph runs from top to bottom. */
  get isPortrait() {
    return this.root.clientWidth <= 620 && innerHeight > innerWidth;
  }

  /** All ways to show the call; what is folded differs. */
  get views() {
    const first = this.data.pictures[this.chosen];
    return [first, ...first.others];
  }

  get view() {
    if (this.asTorch && this.views[0].torch) return this.views[0].torch;
    return this.views.find((one) => one.opened === this.opened) ?? this.views[0];
  }

  get shownStage() {
    return this.stage(this.isFollowing() ? "follow" : "fit");
  }

  /** Show the graph as torch has it, or as the person wrote it. */
  showAs(torch) {
    if (torch && !this.views[0].torch) return;
    this.asTorch = torch;
    this.camera.own = false;
    this.useCamera();
    this.refresh();
    this.aim(false);
  }

  /** Open a group, or fold all but it: `""` folds everything, `"*"` nothing. */
  open(group) {
    if (!this.views.some((one) => one.opened === group)) return;
    this.opened = group;
    this.camera.own = false;
    this.useCamera();
    this.refresh();
    this.aim(false);
  }

  useCamera() {
    const follow = this.isFollowing();
    const stage = this.stage(follow ? "follow" : "fit");
    if (this.camera.stage !== stage) {
      this.holder.replaceChildren(stage.element);
      this.folds.show(this.view, this.views, this.scene);
      this.wording.show(Boolean(this.view.wires.length), Boolean(this.views[0].torch));
      this.camera.attach(stage);
    }
    this.cameraButton.setAttribute("aria-pressed", String(follow));
  }

  /** Follow the step if the person wants it, or if the whole would be too small to read. */
  isFollowing() {
    if (this.following !== null) return this.following;
    if (this.isPresenting) return true;
    if (this.isPortrait && this.view.down) return this.camera.size.h < 0.9 * this.view.down.bounds.h;
    const picture = this.view.fit;
    if (picture.density === "S") return true; // small cards show no numbers at all
    const { w, h } = this.camera.size;
    const zoom = Math.min(w / picture.bounds.w, h / picture.bounds.h);
    const near = Math.min(1.4, h / 420);
    // An overview, or several graphs beside each other, are there to be seen as a whole.
    if (this.view.fold?.groups.length) return zoom < 0.6;
    if (this.scene.seeds.length > 2) return zoom < 0.5;
    const size = this.stage("fit").numberSize;
    return this.scene.items.length > 0 && zoom * (size || READABLE) < READABLE && near > 1.15 * zoom;
  }

  aim(smooth) {
    if (!this.camera.stage) return;
    if (!this.isFollowing()) {
      if (!this.camera.own) this.camera.fit(smooth);
      return;
    }
    const first = this.scene.seeds[0]?.root ?? this.scene.items[0]?.index;
    const made = this.forward === null ? null : this.frames.forward[this.forward].node;
    this.camera.follow(this.looked ?? made ?? this.scene.frames[this.step - 1]?.node ?? first, smooth);
  }

  toggleCamera() {
    this.following = !this.isFollowing();
    this.camera.own = false;
    this.useCamera();
    this.refresh();
    this.aim(true);
  }

  fitAll() {
    this.following = false;
    this.camera.own = false;
    this.useCamera();
    this.refresh();
    this.camera.fit(true);
  }

  refresh() {
    const node = this.forward === null ? null : this.frames.forward[this.forward].node;
    const stage = this.shownStage;
    // After a call its graph stays as it ended, with nothing that happens now.
    const isAfter = this.forward !== null && this.step > 0;
    stage.forward = isAfter ? null : this.forwardValues();
    stage.toMake = this.journey.nodes;
    stage.show(isAfter ? this.step + 1 : this.step, this.progress, node);
    if (stage.flags.selected !== this.selected) stage.flag({ selected: this.selected });
  }

  /** The tile of each node whose op has been made, while the forward is looked at. */
  forwardValues() {
    if (this.forward === null) return null;
    if (this.madeUntil !== this.forward) {
      const made = this.frames.forward.slice(0, this.forward + 1);
      this.made = new Map(made.flatMap((tick) => tick.nodes.map((node) => [node, node === tick.node ? tick.tile : null])));
      this.madeUntil = this.forward;
    }
    return this.made;
  }

  present(on) {
    this.following = null;
    super.present(on);
  }
}
