// A page of its own inside a frame: it says how high it is, so that a notebook shows all of it.

/** Tell whoever holds the frame, whenever that changes and when asked. */
function tellHeight() {
  if (parent === window) return;
  const tell = () => parent.postMessage({ explorerHeight: Math.ceil(document.body.getBoundingClientRect().height) }, "*");
  new ResizeObserver(tell).observe(document.body);
  addEventListener("message", tell);
}
