// The spectrum at one α: the bulk with its edges and outliers, and draws beside it.

import { Latest, ask } from "./ask.js";
import { Card } from "./card.js";
import { Axis, Chart, bars, inset, line, points, upright } from "./chart.js";
import { fmt, num, signed, table } from "./text.js";

const REACH = 0.6; // the picture ends where this share of the bulk lies below
const BINS = 60;
const FAINTEST = 1e-9; // of the highest density: the inset begins there

export class Spectrum {
  constructor(parent, state, say) {
    Object.assign(this, { state, spectrum: null, comparison: null, eigenvalues: [] });
    this.card = new Card(parent, { title: "Spectrum at α", part: "spectrum", extra: '<button type="button" class="main" id="simulate">Simulate</button>' });
    this.chart = new Chart(this.card.figures[0], "Density of the Hessian's eigenvalues");
    this.button = this.card.section.querySelector("#simulate");
    this.button.addEventListener("click", () => this.toggle());
    this.density = new Latest("density", this.card.hooks(say, (message, query) => {
      this.spectrum = message.record;
      this.sketch = message.sketch;
      Object.assign(this.card, { part: "spectrum", source: () => this.whole(query) });
      this.draw();
      if (message.sketch) this.card.progress = "this is a first look";
      this.card.section.dataset.drawn = query;
    }));
    const hooks = this.card.hooks(say, (message) => this.drawn(message));
    const end = hooks.end;
    hooks.end = (...given) => { end(...given); this.button.textContent = "Simulate again"; this.button.disabled = false; };
    this.simulation = new Latest("simulation", hooks);
  }

  // The record with what is derived from it, asked for when it is saved.
  whole(query) {
    return new Promise((found) => ask("table", query, (message) => found(message.error ? null : message)).catch(() => found(null)));
  }

  // A simulation belongs to what it was asked for, by the button or by a link: another state ends it.
  ask(names) {
    const others = ["view", "axes", "side", "steps", "simulate", "stop"];
    const query = this.state.query([...others, "draws", "seed"]), whole = this.state.query(others);
    if (query !== this.asked) {
      this.asked = query;
      this.density.request(query);
    }
    if (whole !== this.askedWhole) {
      const before = this.askedWhole;
      this.askedWhole = whole;
      this.halt();
      this.comparison = null;
      this.eigenvalues = [];
      delete this.card.section.dataset.draws;
      if (this.state.get("simulate") !== "1") return;
      if (before === undefined || names.has("simulate")) this.simulate();
      else this.state.set({ simulate: "" });
    } else if (names.has("simulate") && this.state.get("simulate") === "1") this.simulate();
  }

  stop() {
    // An answer that is cut off is asked for again.
    if (this.density.busy) { this.asked = null; this.card.idle(); }
    this.density.cancel();
    if (this.simulation.busy) { this.halt(); this.state.set({ simulate: "" }); }
  }

  halt() {
    if (this.simulation.busy) this.card.idle();
    this.simulation.cancel();
    this.button.textContent = "Simulate";
  }

  toggle() {
    if (this.simulation.busy) { this.halt(); this.state.set({ simulate: "" }); }
    else if (this.state.get("simulate") === "1") this.simulate();
    else this.state.set({ simulate: "1" });
  }

  simulate() {
    this.eigenvalues = [];
    this.comparison = null;
    this.button.textContent = "Stop";
    this.simulation.request(this.askedWhole);
  }

  drawn(message) {
    if (message.part === "draw") {
      this.comparison = message.record;
      this.eigenvalues.push(message.eigenvalues);
      this.card.progress = `draw ${this.eigenvalues.length} of ${message.of}`;
    } else {
      Object.assign(this.card, { part: "comparison", source: () => message });
    }
    if (this.spectrum) this.draw();
    this.card.section.dataset.draws = this.eigenvalues.length;
  }

  window() {
    const { eigenvalue, cumulative, atom, outliers, left_edge: edge } = this.spectrum;
    const reach = REACH * (1 - atom);
    let i = cumulative.findIndex((below, k) => below - (eigenvalue[k] > 0 ? atom : 0) >= reach);
    if (i < 1) i = eigenvalue.length - 1;
    const high = eigenvalue[i], first = Number.isFinite(num(edge.value)) ? edge.value : eigenvalue[0];
    let low = Math.min(first, ...outliers.map((one) => one.eigenvalue));
    for (const draw of this.eigenvalues) low = Math.min(low, draw[0]);
    return [low - 0.06 * (high - low), high];
  }

  draw() {
    const one = this.spectrum, edge = num(one.left_edge.value), [low, high] = this.window();
    const inside = one.rho.filter((_, i) => one.eigenvalue[i] >= low && one.eigenvalue[i] <= high);
    let top = Math.max(...inside);
    const marks = [], legend = [];
    if (this.eigenvalues.length) {
      const [edges, heights] = this.histogram(low, high), mark = { fill: true, colour: "bar" };
      top = Math.max(top, ...heights);
      marks.push(bars(edges, heights, "bar"));
      legend.push([mark, `simulation, ${this.eigenvalues.length} draw${this.eigenvalues.length > 1 ? "s" : ""}`]);
    }
    marks.push(line(one.eigenvalue, one.rho));
    legend.push([{}, "bulk, N → ∞"]);
    if (Number.isFinite(edge)) {
      const mark = { colour: "theory", dash: "dotted" };
      marks.push(upright(edge, mark));
      legend.push([mark, `${one.left_edge.kind} left edge at ${fmt(edge)}`]);
    }
    for (const outlier of one.outliers) {
      const own = outlier.direction.includes("teacher");
      const mark = { colour: own ? "outlier" : "faint", dash: own ? "dashed" : "mixed", width: 2.5 };
      marks.push(upright(outlier.eigenvalue, mark));
      legend.push([mark, `${outlier.direction} outlier${own ? `, m² = ${fmt(outlier.m2, 3)}` : ""}`]);
    }
    if (one.atom) {
      marks.push(points([0], [0.02 * top], { point: "triangle", colour: "theory" }));
      legend.push([{ point: "triangle" }, `atom at 0, mass ${fmt(one.atom, 3)}`]);
    }
    const measured = this.comparison?.rows.find((row) => row.quantity.endsWith("teacher outlier"));
    if (measured) {
      const mark = { point: "ring", colour: "ink" };
      marks.push(points([measured.measured], [0.06 * top], mark, [measured.standard_error]));
      legend.push([mark, "measured outlier ± s.e."]);
    }
    const smooth = one.left_edge.kind === "smooth";
    if (smooth) marks.push(this.tail(edge, high));
    const unit = one.eigenvalue_unit === "1" ? "" : ` (units of ${one.eigenvalue_unit})`;
    this.chart.draw({
      x: new Axis(low, high), y: new Axis(0, (smooth ? 2.1 : 1.08) * top), xLabel: `eigenvalue λ${unit}`, yLabel: "density ρ(λ)", marks, legend,
      told: `At α = ${fmt(one.alpha)}: ${legend.map(([, text]) => text).join("; ")}.`,
    });
    this.tables();
  }

  // ρ on a logarithmic scale next to a smooth edge.
  tail(edge, high) {
    const { eigenvalue, rho } = this.spectrum, most = Math.max(...rho), last = edge + 0.45 * (high - edge);
    const kept = rho.map((_, i) => i).filter((i) => eigenvalue[i] <= last && rho[i] > FAINTEST * most);
    if (kept.length < 3) return () => "";
    const xs = kept.map((i) => eigenvalue[i]), ys = kept.map((i) => rho[i]);
    return inset([0.5, 0.02, 0.97, 0.48], { x: new Axis(edge, last), y: new Axis(Math.min(...ys), 2 * Math.max(...ys), true), xs, ys, title: "log ρ at the edge" });
  }

  histogram(low, high) {
    const width = (high - low) / BINS, counts = new Array(BINS).fill(0);
    let total = 0;
    for (const draw of this.eigenvalues) {
      total += draw.length;
      for (const value of draw) {
        if (value > high) break;
        const bin = Math.floor((value - low) / width);
        if (bin >= 0 && bin < BINS) counts[bin]++;
      }
    }
    return [Array.from({ length: BINS + 1 }, (_, i) => low + i * width), counts.map((count) => count / (total * width))];
  }

  tables() {
    const one = this.spectrum;
    const rows = [["left edge", one.left_edge.kind, fmt(one.left_edge.value, 6), ""], ["right edge", one.right_edge.kind, fmt(one.right_edge.value, 6), ""]];
    for (const outlier of one.outliers) {
      rows.push([`${outlier.direction} outlier`, `× ${fmt(outlier.multiplicity)}`, fmt(outlier.eigenvalue, 6), fmt(outlier.m2)]);
    }
    let html = table(`N → ∞ at α = ${fmt(one.alpha)}`, ["feature", "kind", "λ", "m²"], rows);
    if (this.comparison) {
      const { rows: found, N, M, draws } = this.comparison;
      html += table(`simulation at N = ${N}, M = ${M}, ${draws} draw${draws > 1 ? "s" : ""}`, ["quantity", "N → ∞", "finite N", "measured", "± s.e.", "z"],
        found.map((row) => [row.quantity.replace("m2", "m²").replace(/-(?=\d)/, "−"), ...[row.theory, row.finite_size].map((value) => (value === null ? "" : fmt(value))), fmt(row.measured), row.standard_error === null ? "" : fmt(row.standard_error, 2), signed(row.z)]));
    }
    this.card.numbers.innerHTML = html;
    const notes = [...(this.comparison?.notes ?? [])];
    if (this.sketch) notes.push("a first look at few points");
    if (one.no_left_edge) notes.push(`no left edge: ${one.no_left_edge}`);
    if (one.quadrature_error !== null) notes.push(`relative error of edges, outliers and m²: ${fmt(Math.max(one.quadrature_error, 1e-9), 1)}`);
    this.card.note.textContent = notes.join(" · ");
  }
}
