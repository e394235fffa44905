// The page: what is asked for when the state changes, and what is said when something fails.

import { Latest } from "./ask.js";
import { Card } from "./card.js";
import { Controls } from "./controls.js";
import { Descent } from "./descent.js";
import { Diagram } from "./diagram.js";
import { Overlap } from "./overlap.js";
import { Photograph } from "./photograph.js";
import { copy } from "./save.js";
import { Spectrum } from "./spectrum.js";
import { State } from "./state.js";
import { Story } from "./story.js";
import { esc } from "./text.js";

const ALIVE = 2000; // ms between two looks whether the server is there
const SETTLED = 120; // ms without a change before the words are asked for

const pair = (story) => class {
  constructor(parent, state, say, table) {
    if (story) this.story = new Story(parent, state, table.stops);
    const row = document.createElement("div");
    row.className = "pair";
    parent.append(row);
    this.parts = [new Overlap(row, state, say), new Spectrum(row, state, say)];
  }

  ask(names) { this.story?.show(); for (const one of this.parts.toReversed()) one.ask(names); }

  stop() { for (const one of this.parts) one.stop(); }
};

const VIEWS = {
  transition: ["Spectrum and overlap", pair(false)],
  diagram: ["Phase diagram", Diagram],
  descent: ["Descent", Descent],
  photograph: ["Photograph", Photograph],
  story: ["The story", pair(true)],
};

const table = await (await fetch("controls")).json();
const defaults = { view: "transition", simulate: "", stop: "", ...table.choices };
for (const one of table.fields) defaults[one.name] = one.default;
const state = new State(defaults);
const controls = new Controls(document.getElementById("controls"), table.fields, state);
const main = document.getElementById("views"), tabs = document.getElementById("tabs"), made = {};

// A mistake goes to its field, else it stays with the view.
const say = (field, message) => Boolean(field) && controls.mistake(field, message);

const asked = () => state.query(["view", "simulate", "stop"]);
const words = new Latest("words", {
  heard: (message, query) => {
    if (query !== asked()) return; // of values that have changed since
    if (message.part === "mistake") say(message.field, message.message);
    else if (message.error) { Card.words = null; say(message.error.field, message.error.message); } else Card.words = message;
  },
});

const current = () => (Object.hasOwn(VIEWS, state.get("view")) ? state.get("view") : "transition");

function show(names) {
  const name = current();
  for (const [other, one] of Object.entries(made)) {
    if (other !== name) { one.view.stop(); one.place.hidden = true; }
  }
  if (!made[name]) {
    const place = document.createElement("div");
    place.id = `view-${name}`;
    place.style.display = "contents";
    main.append(place);
    made[name] = { place, view: new VIEWS[name][1](place, state, say, table) };
  }
  made[name].place.hidden = false;
  made[name].place.style.display = "contents";
  for (const [other, one] of Object.entries(made)) if (other !== name) one.place.style.display = "none";
  made[name].view.ask(names);
  tabs.innerHTML = Object.entries(VIEWS).map(([key, [title]]) =>
    `<a href="?${esc(link(key))}" data-view="${key}"${key === name ? ' aria-current="page"' : ""}>${esc(title)}</a>`).join("");
  document.title = `${VIEWS[name][0]} · bbpscape explorer`;
}

function link(view) {
  const query = new URLSearchParams(state.query(["view"]));
  if (view !== "transition") query.set("view", view);
  return query.toString();
}

let settling = 0;
state.addEventListener("change", (event) => {
  show(event.detail);
  clearTimeout(settling);
  settling = setTimeout(() => words.request(asked()), SETTLED);
});
tabs.addEventListener("click", (event) => {
  const view = event.target.dataset?.view;
  if (!view || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  state.set({ view }, true);
});
document.getElementById("link").addEventListener("click", () => copy(location.origin + state.address, "link"));

// The server: a page that it has left says so, and goes on when it is back.
const gone = document.getElementById("gone");
async function look() {
  let alive = false;
  try { alive = (await fetch("alive")).ok; } catch { /* it is not there */ }
  if (alive && !gone.hidden) location.reload();
  gone.hidden = alive;
  if (!alive) gone.textContent = `The server has ended. Start it again (bbpscape explore --port ${location.port}), and this page goes on.`;
}
setInterval(look, ALIVE);
addEventListener("silence", look);

show(new Set());
words.request(asked());
