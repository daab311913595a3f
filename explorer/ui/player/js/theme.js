// Which of the two themes a component stands in.

/** Whether Streamlit's theme is dark, by how light its background is. */
function isDark(parent) {
  const probe = html("span", { style: "display:none;color:var(--st-background-color, Canvas)" });
  parent.append(probe);
  const [red, green, blue] = (getComputedStyle(probe).color.match(/[\d.]+/g) ?? [255, 255, 255]).map(Number);
  probe.remove();
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
}
