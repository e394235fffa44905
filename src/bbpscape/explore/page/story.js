// The story: five stops, each two sentences, a state to look at and what to try there.

import { esc } from "./text.js";

export class Story {
  constructor(parent, state, stops) {
    Object.assign(this, { state, stops });
    this.section = document.createElement("section");
    this.section.className = "card stop";
    this.section.setAttribute("aria-label", "The story");
    parent.append(this.section);
    this.section.addEventListener("click", (event) => {
      const stop = event.target.dataset?.stop;
      if (stop !== undefined) this.go(Number(stop));
    });
  }

  get at() { return Math.min(this.stops.length, Math.max(1, Math.round(this.state.number("stop")) || 1)); }

  go(stop, focus = true) {
    const kept = { view: "story", stop: String(stop) }, given = Object.fromEntries(new URLSearchParams(this.stops[stop - 1].query));
    const values = { ...this.state.defaults, ...kept, ...given };
    this.state.set(values, true);
    if (focus) this.section.querySelector(`[data-stop="${stop}"]`)?.focus({ preventScroll: true });
  }

  show() {
    // A link to the story alone begins at its first stop.
    if (!this.state.texts.has("stop") && [...this.state.texts.keys()].every((name) => name === "view")) {
      queueMicrotask(() => this.go(1, false));
    }
    const one = this.stops[this.at - 1], focused = document.activeElement?.dataset?.stop;
    this.section.innerHTML = `<div class="stops" role="group" aria-label="Stops">${this.stops.map((stop, i) =>
      `<button type="button" data-stop="${i + 1}" aria-pressed="${i + 1 === this.at}">${i + 1}. ${esc(stop.title)}</button>`).join("")}</div>
      <p>${esc(one.text)}</p><p class="hint"><strong>Try:</strong> ${esc(one.try)}</p>`;
    if (focused) this.section.querySelector(`[data-stop="${focused}"]`)?.focus({ preventScroll: true });
  }
}
