// The phase diagram: where the Hessian knows the teacher, and how; a click sets the model.

import { Latest } from "./ask.js";
import { Card } from "./card.js";
import { Axis, Chart, band, line, pixels, points, words } from "./chart.js";
import { fmt, table } from "./text.js";

const NAMES = { "a,alpha": "a and α", "p,alpha": "p and α", "a,p": "a and p" };
const LABELS = { a: "loss normalization a", p: "student width p", alpha: "samples per dimension α" };
const MOVES = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export class Diagram {
  constructor(parent, state, say) {
    Object.assign(this, { state, diagram: null });
    const choose = Object.entries(NAMES).map(([axes, text]) => `<option value="${axes}">${text}</option>`).join("");
    this.card = new Card(parent, { title: "Phase diagram", part: "diagram", extra: `<label>over <select id="axes">${choose}</select></label>` });
    this.chart = new Chart(this.card.figures[0], "Phase diagram", 0.5);
    this.select = this.card.section.querySelector("#axes");
    this.select.addEventListener("change", () => state.set({ axes: this.select.value }, true));
    const { svg } = this.chart;
    svg.classList.add("click");
    svg.tabIndex = 0;
    svg.addEventListener("click", (event) => { if (this.diagram) { const at = this.chart.at(event); if (at.inside) this.go(at.x, at.y); } });
    svg.addEventListener("keydown", (event) => this.key(event));
    this.latest = new Latest("phases", this.card.hooks(say, (message, query) => {
      this.diagram = message.record;
      this.card.source = () => message;
      this.draw();
      this.card.section.dataset.drawn = query;
    }));
  }

  ask() {
    const axes = this.select.value = this.state.get("axes");
    const without = ["view", "side", "steps", "draws", "seed", "alpha", "simulate", "stop", ...axes.split(",")];
    if (!["covariance", "profile"].some((name) => this.state.texts.has(name))) without.push("N");
    const query = this.state.query(without.filter((name) => name !== "axes"));
    if (query !== this.asked) {
      this.asked = query;
      this.latest.request(query);
    }
    if (this.diagram) this.draw();
  }

  stop() {
    if (this.latest.busy) { this.asked = null; this.card.idle(); }
    this.latest.cancel();
  }

  go(x, y) {
    const { x_name: across, y_name: up } = this.diagram;
    const text = (name, value) => (name === "p" ? String(Math.round(value)) : String(Number(value.toPrecision(3))));
    this.state.set({ [across]: text(across, x), [up]: text(up, y) }, true);
  }

  key(event) {
    const move = MOVES[event.key];
    if (!move || !this.diagram) return;
    event.preventDefault();
    const near = (grid, value, step) => {
      const i = grid.reduce((best, one, k) => (Math.abs(one - value) < Math.abs(grid[best] - value) ? k : best), 0);
      return grid[Math.min(grid.length - 1, Math.max(0, i + step))];
    };
    const { x, y, x_name: across, y_name: up } = this.diagram;
    this.go(near(x, this.state.number(across), move[0]), near(y, this.state.number(up), move[1]));
  }

  draw() {
    const one = this.diagram, over = one.y_name === "alpha";
    const span = (grid, log) => (log
      ? [grid[0] / Math.sqrt(grid[1] / grid[0]), grid.at(-1) * Math.sqrt(grid[1] / grid[0])]
      : [grid[0] - (grid[1] - grid[0]) / 2, grid.at(-1) + (grid[1] - grid[0]) / 2]);
    const x = new Axis(...span(one.x, one.x_name === "a"), one.x_name === "a"), y = new Axis(...span(one.y, false));
    const { marks, legend } = over ? this.overAlpha() : this.overModels();
    const here = [this.state.number(one.x_name), this.state.number(one.y_name)];
    marks.push(points([here[0]], [here[1]], { point: "cross", colour: "ink" }));
    legend.push([{ point: "cross", colour: "ink" }, "the model"]);
    this.chart.draw({
      x, y, marks, legend, xLabel: LABELS[one.x_name], yLabel: LABELS[one.y_name],
      told: `${legend.map(([, text]) => text).join("; ")}. Arrow keys move the model, which is at ${one.x_name} = ${fmt(here[0])}, ${one.y_name} = ${fmt(here[1])}.`,
    });
    const symbol = (name) => (name === "alpha" ? "α" : name);
    const rows = [one.x_name, one.y_name].map((name, i) => [symbol(name), fmt(here[i])]);
    for (const [name, values] of Object.entries(one.lines.critical ?? {})) rows.push([`${symbol(name)} where the kind changes`, values.length > 1 ? `${fmt(Math.min(...values))} to ${fmt(Math.max(...values))}` : fmt(values[0], 6)]);
    this.card.numbers.innerHTML = table("the model, and the tricritical line", ["quantity", "value"], rows);
    this.card.note.textContent = one.status === "converged" ? "A click sets the model." : one.status;
  }

  image(rows, colour) {
    const url = pixels([...rows].reverse(), colour);
    return ({ box }) => `<image href="${url}" x="${box.left}" y="${box.top}" width="${box.right - box.left}" height="${box.bottom - box.top}" preserveAspectRatio="none" image-rendering="pixelated"/>`;
  }

  overAlpha() {
    const one = this.diagram, at = one.lines.thresholds, xs = one.x, high = one.y.at(-1);
    const marks = [this.image(one.fields.m2, "third")], legend = [[{ fill: true, colour: "third" }, "m² of the outlier, 0 to 1"]];
    const kind = (wanted) => xs.map((_, i) => at.continuous[i] === wanted || (wanted === 0 && (at.continuous[i - 1] === 0 || at.continuous[i + 1] === 0)));
    const jumps = kind(0), grows = kind(1);
    if (jumps.some(Boolean)) {
      const own = xs.map((_, i) => i).filter((i) => jumps[i]), pick = (values) => own.map((i) => values[i]);
      marks.push(band(pick(xs), pick(at.alpha_0), pick(at.alpha_bbp), "", true), line(pick(xs), pick(at.alpha_0), { colour: "ink", dash: "mixed" }));
      legend.push([{ fill: "hatch" }, "below α_BBP, seen at finite N"], [{ colour: "ink", dash: "mixed" }, "α₀"]);
    }
    for (const [shown, mark, text] of [[grows, { colour: "outlier", width: 3 }, "α_BBP, continuous"], [jumps, { colour: "outlier", width: 3, dash: "dashed" }, "α_BBP, discontinuous"]]) {
      if (!shown.some(Boolean)) continue;
      marks.push(line(xs, xs.map((_, i) => (shown[i] ? at.alpha_bbp[i] : NaN)), mark));
      legend.push([mark, text]);
    }
    if (at.weak_recovery) {
      const mark = { colour: "ink", dash: "dotted" };
      marks.push(line(xs, at.weak_recovery, mark));
      legend.push([mark, "weak recovery"]);
    }
    const corner = one.lines.critical;
    if (corner?.alpha?.length === 1 && corner[one.x_name][0] <= xs.at(-1)) {
      marks.push(points(corner[one.x_name], corner.alpha, { point: "diamond", colour: "ink" }));
      legend.push([{ point: "diamond", colour: "ink" }, "tricritical point"]);
    }
    const middle = xs[Math.floor(xs.length / 3)], top = at.alpha_bbp[Math.floor(xs.length / 3)];
    marks.push(words(middle, (top + 2 * high) / 3, "the outlier knows the teacher"));
    if (top > 0.25 * high) marks.push(words(middle, top * 0.72, "no outlier"));
    return { marks, legend };
  }

  overModels() {
    const one = this.diagram, alpha = one.fields.alpha_bbp, flat = alpha.flat().filter(Number.isFinite);
    const low = Math.min(...flat), high = Math.min(Math.max(...flat), 8 * low);
    const rows = alpha.map((row) => row.map((value) => Math.log(value / low) / Math.log(high / low)));
    const marks = [this.image(rows, "third")], legend = [[{ fill: true, colour: "third" }, `α_BBP, from ${fmt(low, 3)} (faint) to ${fmt(high, 3)} and above`]];
    const corner = one.lines.critical;
    if (corner) {
      const mark = { colour: "outlier", width: 3 };
      marks.push(line(corner[one.x_name], corner[one.y_name], mark));
      legend.push([mark, "tricritical line a_c(p)"]);
    }
    const y = one.y[Math.floor(0.55 * one.y.length)];
    marks.push(words(one.x[Math.floor(0.3 * one.x.length)], y, "continuous"), words(one.x[Math.floor(0.88 * one.x.length)], y, "discontinuous"));
    return { marks, legend };
  }
}
