// The first picture, before the app has come; the app's own player takes over from it.

const GIVE_UP_MS = 20000; // an app that shows no player after this has something else to say

/** Show the player of `data` where Start will have its own, under the same words and ways in. */
function greet({ title, ways, style, data }) {
  const path = location.pathname;
  const host = html("div", { id: "greeting", class: wantsDark() ? "dark" : "" });
  const root = host.attachShadow({ mode: "open" });
  const here = html("div", { class: "here" });
  const links = ways.map(([label, href]) => html("a", { href }, label));
  root.append(html("style", {}, style), html("div", { class: "front" }, html("h2", {}, title), html("nav", { class: "ways" }, ...links)), here);
  document.body.append(host);
  const player = playerIn(here, data, Player);
  player.load(data);

  const leave = () => {
    clearInterval(watch);
    player.remove();
    host.remove();
    delete shared.greeting;
  };
  const began = performance.now();
  const watch = setInterval(() => {
    const other = location.pathname !== path || document.querySelector('[data-testid="stAlert"], [data-testid="stException"], [role="dialog"]');
    if (other || performance.now() - began > GIVE_UP_MS) leave();
  }, 250);

  /** Let the app's player go on from here, in the frame in which it has been drawn. */
  shared.greeting = (other) => {
    if (other.name === player.name && other.signature === player.signature) other.goOnFrom(player);
    requestAnimationFrame(() => requestAnimationFrame(leave));
  };
}

/** Whether the app will be dark: as it was told to be, or as the system is. */
function wantsDark() {
  const name = Object.keys(localStorage).find((key) => key.startsWith("stActiveTheme"));
  const told = name ? localStorage.getItem(name) : "";
  if (/dark/i.test(told)) return true;
  return !/light/i.test(told) && matchMedia("(prefers-color-scheme: dark)").matches;
}
