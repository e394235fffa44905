// A photograph as the teacher: what descents make of its random measurements, and a film strip.

import { Latest } from "./ask.js";
import { Card } from "./card.js";
import { pixels } from "./chart.js";
import { esc, fmt, table } from "./text.js";

const GAP = 12;

export class Photograph {
  constructor(parent, state, say) {
    Object.assign(this, { state, photograph: null });
    const sides = [16, 32, 48, 64].map((side) => `<option>${side}</option>`).join("");
    this.card = new Card(parent, {
      title: "A photograph from its measurements", part: "photograph", figures: 2,
      extra: `<label>pixels a side <select id="field-side">${sides}</select></label><span class="mistake" id="mistake-side" role="alert"></span>`,
    });
    this.select = this.card.section.querySelector("select");
    this.select.addEventListener("change", () => state.set({ side: this.select.value }, true));
    this.latest = new Latest("picture", this.card.hooks(say, (message, query) => {
      this.photograph = message.record;
      this.card.source = () => message;
      this.draw();
      this.card.section.dataset.drawn = query;
    }));
  }

  ask() {
    this.select.value = this.state.get("side");
    const query = this.state.query(["view", "axes", "N", "draws", "simulate", "stop"]);
    if (query === this.asked) return;
    this.asked = query;
    this.latest.request(query);
  }

  stop() {
    if (this.latest.busy) { this.asked = null; this.card.idle(); }
    this.latest.cancel();
  }

  draw() {
    const one = this.photograph, flat = one.image.flat(), low = Math.min(...flat), high = Math.max(...flat);
    const url = (image) => pixels(image.map((row) => row.map((value) => (value - low) / (high - low))), "", true);
    const [ways, strip] = this.card.figures;
    row(ways, "The photograph and what each start came to", [["the photograph", url(one.image)],
      ...one.recoveries.map((way) => [`${way.name}: m² ${fmt(way.begin_m2, 2)} → ${fmt(way.m2, 3)}`, url(way.image)])]);
    row(strip, "Film strip", one.strip.map((frame) => [`step ${frame.step}, m² ${fmt(frame.m2, 3)}`, url(frame.image)]));
    this.card.numbers.innerHTML = table(`M = ${one.M} measurements of ${one.side} × ${one.side} pixels; the strip is that of: ${one.recoveries[one.strip_of].name}`,
      ["start", "m² at first", "m² at last", "status", "step"],
      one.recoveries.map((way) => [way.name, fmt(way.begin_m2), fmt(way.m2), way.trajectory.status, String(way.trajectory.step.at(-1))]));
  }
}

function row(figure, name, pictures) {
  const width = figure.clientWidth || 600, fit = Math.max(2, Math.min(pictures.length, Math.floor(width / 150)));
  const size = (width - GAP * (fit - 1)) / fit, step = size + (pictures.some(([text]) => text.includes(": ")) ? 44 : 28);
  const parts = pictures.map(([text, url], i) => {
    const x = (i % fit) * (size + GAP), y = Math.floor(i / fit) * step;
    const [head, tail] = text.includes(": ") ? text.split(": ") : [text, ""];
    return `<image href="${url}" x="${x}" y="${y}" width="${size}" height="${size}" image-rendering="pixelated"/>
      <text x="${x}" y="${y + size + 15}">${esc(head)}</text><text x="${x}" y="${y + size + 30}">${esc(tail)}</text>`;
  });
  const height = Math.ceil(pictures.length / fit) * step;
  figure.innerHTML = `<svg role="img" viewBox="0 0 ${width} ${height}" aria-label="${esc(`${name}. ${pictures.map(([text]) => text).join("; ")}`)}"><rect width="${width}" height="${height}" fill="var(--paper)"/><g font-size="12" font-family="system-ui, sans-serif" fill="var(--ink)">${parts.join("")}</g></svg>`;
}
