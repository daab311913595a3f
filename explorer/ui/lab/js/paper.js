// What the lab draws on its canvases with: colours, words, hatching.

const MONO = '"JetBrains Mono", "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace';
const SANS = 'Inter, "Segoe UI", system-ui, "Liberation Sans", sans-serif';
const LETTER = 7.3; // px, width of a letter of a label

/** The colours of the theme by their names, and those of the steps as bytes. */
function palette(root) {
  const style = getComputedStyle(root);
  const found = { bytes: {} };
  const steps = ["z", ...[1, 2, 3, 4, 5, 6, 7, 8].flatMap((step) => [`p${step}`, `n${step}`])];
  for (const name of ["paper", "ink", "muted", "dock", "now", ...steps, ...steps.map((step) => `${step}t`)]) found[name] = style.getPropertyValue(`--${name}`).trim();
  found.x = found.now;
  found.xt = "#14181F";
  for (const name of [...steps, "x"]) {
    const hex = found[name];
    found.bytes[name] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)).concat(255);
  }
  return found;
}

/** `canvas` as a clean sheet of `w` × `h` px, sharp on the screen that it is on. */
function cleared(canvas, w, h, colours) {
  const ratio = Math.min(2, window.devicePixelRatio || 1);
  canvas.width = Math.max(1, Math.round(w * ratio));
  canvas.height = Math.max(1, Math.round(h * ratio));
  canvas.style.width = `${w}px`;
  canvas.style.height = `${h}px`;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  pen.fillStyle = colours.paper;
  pen.fillRect(0, 0, w, h);
  pen.textBaseline = "middle";
  return pen;
}

function word(pen, words, x, y, colour, align, font) {
  pen.font = font;
  pen.fillStyle = colour;
  pen.textAlign = align;
  pen.fillText(words, x, y);
}

/** The sign of a number that is not printed, for those who cannot tell the colours. */
function dash(pen, x, y) {
  pen.fillRect(x - 2.5, y - 0.7, 5, 1.4);
}

/** The name of a tensor, its last part, or nothing, whichever has room. */
function fitting(name, room) {
  const last = name.split(".").pop();
  return [name, last, ...(name.includes(".") ? [`…${last.slice(0, 1)}`] : [])].find((one) => one.length * LETTER * 1.1 <= room) ?? "";
}

/** torch's None. One pattern over the whole picture, so that neighbouring boxes join. */
function hatch(pen, colours, x, y, w, h) {
  pen.save();
  pen.beginPath();
  pen.rect(x, y, w, h);
  pen.clip();
  pen.fillStyle = colours.paper;
  pen.fillRect(x, y, w, h);
  pen.strokeStyle = colours.dock;
  pen.lineWidth = 1.2;
  pen.beginPath();
  for (let at = Math.floor((x - y - h) / 7) * 7; at < x + w - y; at += 7) {
    pen.moveTo(at + y, y);
    pen.lineTo(at + y + h, y + h);
  }
  pen.stroke();
  pen.restore();
}

function printedAlone(values) {
  return values.length > 2000 ? null : Array.from(values, (value) => number(asCell(value)));
}

/** The size of print that all numbers of a vector have room for; 0 where none is readable. */
function printSize(words, wide, high) {
  if (!words) return 0;
  const longest = Math.max(1, ...words.map((one) => one.length));
  const size = Math.min(20, (wide - 4) / (longest * MONO_WIDTH), high * 0.62);
  return size < 8.5 ? 0 : size;
}
