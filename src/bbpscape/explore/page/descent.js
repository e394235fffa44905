// Gradient descent from three starts on the same data: m² and loss as they come.

import { Latest } from "./ask.js";
import { Card } from "./card.js";
import { Axis, Chart, line } from "./chart.js";
import { fmt, table } from "./text.js";

const STARTS = {
  random: { colour: "faint", dash: "dotted" },
  hessian: { colour: "outlier", dash: "solid" },
  spectral: { colour: "theory", dash: "dashed" },
};
const NAMES = { random: "random", hessian: "Hessian", spectral: "spectral" };
const COLUMNS = ["step", "time", "loss", "generalization", "m2"];

export class Descent {
  constructor(parent, state, say) {
    Object.assign(this, { state, paths: new Map(), records: [] });
    this.card = new Card(parent, {
      title: "Gradient descent", part: "descent", figures: 2, beside: true,
      extra: '<label>steps <input type="text" id="field-steps" size="6" inputmode="numeric" aria-describedby="mistake-steps"></label><button type="button" class="main" id="descend">Descend</button><span class="mistake" id="mistake-steps" role="alert"></span>',
    });
    [this.overlap, this.loss] = this.card.figures.map((figure, i) => new Chart(figure, ["m² along descent", "Loss along descent"][i]));
    this.button = this.card.section.querySelector("#descend");
    this.steps = this.card.section.querySelector("#field-steps");
    this.steps.addEventListener("change", () => state.set({ steps: this.steps.value.trim() }));
    const hooks = this.card.hooks(say, (message) => this.heard(message)), { end } = hooks;
    hooks.end = (...given) => { end(...given); this.button.textContent = "Descend again"; };
    this.latest = new Latest("descent", hooks);
    this.button.addEventListener("click", () => { if (this.latest.busy) this.halt(); else this.start(this.asked); });
  }

  // At once where it takes a moment: the page asks when it is opened, and after each change.
  ask() {
    this.steps.value = this.state.get("steps");
    const query = this.state.query(["view", "axes", "side", "simulate", "stop"]);
    if (query !== this.asked) this.start(query);
  }

  start(query) {
    this.asked = query;
    this.paths = new Map();
    this.records = [];
    this.button.textContent = "Stop";
    this.card.section.removeAttribute("data-shown");
    this.latest.request(query);
  }

  halt() {
    this.latest.cancel();
    this.card.idle();
    this.button.textContent = "Descend";
  }

  stop() { if (this.latest.busy) { this.halt(); this.asked = null; } }

  heard(message) {
    const key = `${message.start} ${message.draw}`;
    if (message.part === "step") {
      if (!this.paths.has(key)) this.paths.set(key, { start: message.start, rows: [] });
      this.paths.get(key).rows.push(message.row);
      this.card.progress = `draw ${message.draw + 1} of ${this.state.get("draws")}, step ${message.row[0]}`;
    } else {
      this.records.push({ start: message.start, draw: message.draw, ...message.record });
      this.card.source = () => ({ record: { starts: Object.keys(STARTS), trajectories: this.records }, columns: this.flat() });
    }
    // Frames, not messages, set the pace.
    this.frame ??= requestAnimationFrame(() => { this.frame = null; this.draw(); });
  }

  flat() {
    const columns = { start: [], draw: [], ...Object.fromEntries(COLUMNS.map((name) => [name, []])) };
    for (const one of this.records) {
      one.step.forEach((_, i) => {
        columns.start.push(one.start);
        columns.draw.push(one.draw);
        for (const name of COLUMNS) columns[name].push(one[name][i]);
      });
    }
    return columns;
  }

  draw() {
    const all = [...this.paths.values()], last = Math.max(10, ...all.flatMap(({ rows }) => rows.at(-1)[0]));
    // A logarithmic axis has no 0: the start is drawn at 1/2.
    const x = () => new Axis(0.5, last, true), xs = (rows) => rows.map(([step]) => Math.max(step, 0.5));
    const marks = (column) => all.map(({ start, rows }) => line(xs(rows), rows.map((row) => row[column] ?? NaN), { ...STARTS[start], width: 1.6, opacity: 0.85 }));
    const legend = Object.entries(STARTS).map(([name, mark]) => [mark, `${NAMES[name]} start`]);
    this.overlap.draw({ x: x(), y: new Axis(0, 1.02), xLabel: "step", yLabel: "overlap m²", marks: marks(4), legend, told: this.told() });
    const losses = all.flatMap(({ rows }) => rows.map((row) => row[2])).filter((one) => one > 0);
    if (losses.length) {
      const low = Math.max(Math.min(...losses), 1e-12 * Math.max(...losses));
      this.loss.draw({ x: x(), y: new Axis(low, Math.max(...losses) * 1.3, true), xLabel: "step", yLabel: "loss / M", marks: marks(2), legend, told: this.told() });
    }
    const rows = Object.keys(STARTS).map((start) => [start, ...this.ends(start)]).filter(([, draws]) => draws !== "0");
    this.card.numbers.innerHTML = table("ends of the draws that are done", ["start", "draws", "recovered", "mean m² at the start", "at the end"], rows);
    this.card.section.dataset.paths = this.records.length;
  }

  ends(start) {
    const own = this.records.filter((one) => one.start === start), mean = (values) => fmt(values.reduce((a, b) => a + b, 0) / values.length);
    if (!own.length) return ["0", "", "", ""];
    return [String(own.length), String(own.filter((one) => one.recovered).length), mean(own.map((one) => one.m2[0])), mean(own.map((one) => one.m2.at(-1)))];
  }

  told() { return Object.keys(STARTS).map((start) => { const [draws, recovered] = this.ends(start); return `${start}: ${recovered || 0} of ${draws} recovered`; }).join("; "); }
}
