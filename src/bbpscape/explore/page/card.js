// A card: a title, pictures, tables, one line for a mistake, and what can be taken along.

import { esc } from "./text.js";
import { copy, download, picturesOf } from "./save.js";

export class Card {
  // `part` names the words of the server, and files.
  constructor(parent, { title, part, figures = 1, beside = false, extra = "" }) {
    this.part = part;
    this.running = new Set();
    this.section = document.createElement("section");
    this.section.className = "card";
    this.section.setAttribute("aria-label", title);
    this.section.innerHTML = `<div class="top"><h2>${esc(title)}</h2>${extra}<span class="work" role="status"></span></div>
      <p class="mistake" role="alert"></p><div class="${figures > 1 && beside ? "pair" : ""}">${"<figure></figure>".repeat(figures)}</div><div class="numbers"></div><p class="note"></p>
      <div class="save" role="group" aria-label="Take ${esc(title)} with you">${["PNG", "SVG", "CSV", "JSON"].map((kind) => `<button type="button" data-save="${kind}">${kind}</button>`).join("")}
      <button type="button" data-copy="command">Copy command</button><button type="button" data-copy="python">Copy Python</button></div>`;
    parent.append(this.section);
    const find = (what) => this.section.querySelector(what);
    this.work = find(".work");
    this.error = find(".mistake");
    this.figures = [...this.section.querySelectorAll("figure")];
    this.numbers = find(".numbers");
    this.note = find(".note");
    this.source = () => null; // the record and its columns, when they are to be saved
    this.section.addEventListener("click", (event) => this.click(event.target));
  }

  async click({ dataset: { save, copy: what } }) {
    if (what) {
      const words = Card.words?.[this.part];
      copy(words?.[what], what === "python" ? "Python" : "command");
    } else if (save === "JSON" || save === "CSV") {
      const { part } = this, wanted = await this.source();
      download(save, part, wanted?.record, wanted?.columns);
    } else if (save) picturesOf(this.section, this.part, save);
  }

  // What a question of this view does to the card; `say` takes mistakes to their fields.
  hooks(say, heard) {
    const late = (is) => this.figures.forEach((figure) => figure.classList.toggle("late", is));
    const me = {};
    return {
      start: () => {
        this.running.add(me);
        const since = performance.now();
        clearInterval(this.ticking);
        this.section.setAttribute("aria-busy", "true");
        this.ticking = setInterval(() => {
          const seconds = (performance.now() - since) / 1000;
          if (seconds > 0.5) { this.work.textContent = `computing … ${this.progress ?? `${seconds.toFixed(0)} s`}`; late(!this.progress); }
        }, 250);
      },
      heard: (message, query) => {
        if (message.error) { this.fail(message.error, say); return; }
        if (message.busy) { this.progress = "its turn comes after others"; return; }
        if (message.part === "work") { this.progress = `${message.done} of ${message.of}`; return; }
        this.error.textContent = "";
        late(false);
        heard(message, query);
      },
      end: (query, failed) => {
        // Another question of this card may go on.
        this.running.delete(me);
        if (!this.running.size) this.idle();
        if (!failed) this.section.dataset.shown = query;
      },
    };
  }

  // Nothing is computed any more.
  idle() {
    this.running.clear();
    clearInterval(this.ticking);
    this.progress = null;
    this.work.textContent = "";
    this.figures.forEach((figure) => figure.classList.remove("late"));
    this.section.removeAttribute("aria-busy");
  }

  // The last good picture stays.
  fail({ field, message }, say) {
    const empty = !this.figures.some((figure) => figure.querySelector("svg:not(.empty)"));
    this.error.textContent = !say(field, message) ? message : empty ? "nothing to show until the field that is marked is right" : "";
    this.section.dataset.failed = message;
  }
}
