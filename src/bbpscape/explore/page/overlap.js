// m² against α: theory at N → ∞, over the labels of draws at N, and the α that the spectrum is at.

import { Latest } from "./ask.js";
import { Card } from "./card.js";
import { Axis, Chart, band, line, points, upright } from "./chart.js";
import { fmt, num, table } from "./text.js";

const LATER = 700; // ms
const KEYS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 };

export class Overlap {
  constructor(parent, state, say) {
    Object.assign(this, { state, threshold: null, curve: null, dots: [], laws: [], half: null });
    this.card = new Card(parent, { title: "Overlap m²(α)", part: "overlap" });
    this.chart = new Chart(this.card.figures[0], "Overlap of the outlier with the teacher against α");
    this.chart.svg.classList.add("drag");
    this.handle = document.createElement("div");
    Object.assign(this.handle, { className: "handle", tabIndex: 0, hidden: true });
    for (const [name, text] of [["role", "slider"], ["aria-label", "α of the spectrum"], ["aria-valuemin", "0.01"]]) this.handle.setAttribute(name, text);
    this.card.figures[0].append(this.handle);
    this.listen();
    this.theory = new Latest("overlap", this.card.hooks(say, (message, query) => this.heard(message, query)));
    this.finite = new Latest("finite", {
      heard: (message) => {
        if (message.part === "law") this.laws.push(message.record);
        else if (message.part === "half") this.half = message.record;
        this.why = message.error?.message ?? "";
        this.draw();
      },
      end: (query, failed) => { if (!failed) this.card.section.dataset.finite = query; },
    });
    new ResizeObserver(() => this.place()).observe(this.card.figures[0]);
  }

  listen() {
    const { svg } = this.chart, figure = this.card.figures[0];
    let dragging = false;
    const move = (event) => {
      if (!this.chart.last) return;
      const at = this.chart.at(event);
      if (!dragging && !at.inside) return;
      dragging = true;
      this.state.set({ alpha: String(Math.max(0.01, Number(at.x.toPrecision(3)))) });
      event.preventDefault();
    };
    figure.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      move(event);
      if (dragging) { figure.setPointerCapture(event.pointerId); this.handle.focus({ preventScroll: true }); }
    });
    figure.addEventListener("pointermove", (event) => { if (dragging) move(event); });
    for (const end of ["pointerup", "pointercancel"]) figure.addEventListener(end, () => { dragging = false; });
    svg.addEventListener("dragstart", (event) => event.preventDefault());
    this.handle.addEventListener("keydown", (event) => {
      const steps = KEYS[event.key];
      if (!steps) return;
      event.preventDefault();
      const unit = (this.chart.x?.high ?? 3) / 200;
      const next = Math.max(unit, this.state.number("alpha") + steps * unit);
      this.state.set({ alpha: String(Number(next.toPrecision(4))) });
    });
  }

  // What changed tells whether the curve is another, or the cursor alone moves.
  ask(names) {
    this.others = names;
    const fixed = ["view", "axes", "side", "steps", "draws", "alpha", "simulate", "stop"];
    const query = this.state.query(fixed), curve = this.state.query([...fixed, "seed", ...(this.needsN ? [] : ["N"])]);
    if (curve !== this.asked) {
      this.asked = curve;
      this.theory.request(curve);
    }
    if (query !== this.askedFinite) {
      this.askedFinite = query;
      this.laws = [];
      this.half = null;
      this.finite.cancel();
      // The answers that are looked at come first.
      clearTimeout(this.later);
      this.later = setTimeout(() => this.finite.request(query), LATER);
    }
    this.draw();
  }

  get needsN() { return ["covariance", "profile"].some((name) => this.state.texts.has(name)); }

  stop() {
    // An answer that is cut off is asked for again.
    if (this.theory.busy) { this.asked = null; this.card.idle(); }
    if (this.finite.busy || this.later) this.askedFinite = null;
    clearTimeout(this.later);
    this.theory.cancel();
    this.finite.cancel();
  }

  heard(message, query) {
    if (message.part === "threshold") { this.threshold = message.record; this.dots = []; this.curve = this.weak = null; }
    else if (message.part === "weak") { this.weak = message; }
    else if (message.part === "point") { this.dots = [...this.dots, [message.alpha, message.m2]].sort(([a], [b]) => a - b); this.card.progress = `α ${message.done} of ${message.of}`; }
    else if (message.part === "curve") {
      this.curve = message.record;
      this.card.source = () => this.whole(message);
      this.card.section.dataset.drawn = query;
    }
    this.draw();
  }

  // The curve, and what has come of the laws at finite N.
  whole({ record, columns }) {
    const { laws, half } = this;
    if (!laws.length) return { record, columns };
    const alpha = [...columns.alpha, ...laws.map((law) => law.alpha)], none = columns.alpha.map(() => null);
    const m2 = laws.map(({ m2_lowest: { mean } }) => mean), level = (name) => [...none, ...laws.map(({ m2_lowest: { quantiles } }) => quantiles?.[name] ?? null)];
    return {
      record: { ...record, finite: { laws, half } },
      columns: {
        N: [...none.map(() => "inf"), ...laws.map((law) => law.N)], alpha, m2: [...columns.m2, ...m2],
        eigenvalue: [...columns.eigenvalue, ...laws.map(() => null)], "m2 5 %": level("0.05"), "m2 95 %": level("0.95"),
      },
    };
  }

  draw() {
    if (!this.threshold) return;
    const at = this.threshold, alpha = this.state.number("alpha");
    const far = Math.max(3 * at.alpha_bbp, Number.isFinite(alpha) ? 1.05 * alpha : 0);
    const marks = [], legend = [];
    const laws = [...this.laws].sort((a, b) => a.alpha - b.alpha), of = (law, level) => law.m2_lowest.quantiles?.[level] ?? law.m2_lowest.mean;
    if (laws.length) {
      const xs = laws.map((law) => law.alpha), mark = { point: "dot", colour: "other" };
      marks.push(band(xs, laws.map((law) => of(law, "0.05")), laws.map((law) => of(law, "0.95")), "band"));
      marks.push(points(xs, laws.map((law) => law.m2_lowest.mean), mark));
      legend.push([mark, `labels of draws at N = ${laws[0].N}, mean`], [{ fill: true, colour: "band", opacity: 0.6 }, "5 % to 95 %"]);
    }
    const xs = this.curve ? this.curve.alpha : this.dots.map(([x]) => x), ys = this.curve ? this.curve.m2 : this.dots.map(([, y]) => y);
    // A jump is drawn as one.
    marks.push(line(xs, ys, { width: 2.5 }));
    legend.unshift([{ width: 2.5 }, "N → ∞"]);
    const lines = [
      ["α_BBP", at.alpha_bbp, { colour: "outlier", dash: "dashed" }],
      ["α₀", at.transition === "discontinuous" ? at.alpha_0 : null, { colour: "outlier", dash: "dotted" }],
      ["α_½", this.half?.alpha ?? null, { colour: "other", dash: "mixed" }],
      ["weak recovery", at.alpha_weak_recovery ?? this.weak?.alpha ?? null, { colour: "third", dash: "long" }],
    ].filter(([, value]) => value !== null);
    for (const [name, value, mark] of lines) {
      marks.push(upright(value, mark));
      legend.push([mark, `${name} = ${fmt(value)}`]);
    }
    marks.push(upright(alpha, { colour: "ink", width: 1.5 }));
    this.chart.draw({
      x: new Axis(0, far), y: new Axis(0, 1.02), xLabel: "samples per dimension α", yLabel: "overlap m²", marks, legend,
      told: `${at.transition} transition; ${lines.map(([name, value]) => `${name} = ${fmt(value)}`).join(", ")}.`,
    });
    this.place();
    this.tables(lines);
  }

  place() {
    const alpha = this.state.number("alpha"), { chart, handle } = this;
    if (!chart.last || !Number.isFinite(alpha)) { handle.hidden = true; return; }
    const scale = chart.svg.clientWidth / chart.width, px = chart.px(alpha);
    handle.hidden = !(px >= chart.box.left && px <= chart.box.right + 1);
    handle.style.left = `${px * scale}px`;
    handle.style.top = `${(chart.box.top + 16) * scale}px`;
    handle.setAttribute("aria-valuenow", String(alpha));
    handle.setAttribute("aria-valuetext", `α = ${fmt(alpha)}`);
    handle.setAttribute("aria-valuemax", String(fmt(chart.x.high)));
  }

  tables(lines) {
    const at = this.threshold, half = this.half;
    const rows = lines.map(([name, value]) => [name, fmt(value, 7)]);
    if (half) rows.find(([name]) => name === "α_½")[1] = `${fmt(half.alpha)} ± ${fmt(half.standard_error, 2)}`;
    rows.splice(1, 0, ["transition", at.transition], ["m² jump", fmt(at.m2_jump, 5)]);
    if (at.a_critical !== null) rows.push(["a_c", fmt(num(at.a_critical), 6)]);
    this.card.numbers.innerHTML = table("the transition", ["quantity", "value"], rows);
    const notes = [this.why && `No curve at finite N: ${this.why}`, this.weak?.why && `No threshold of weak recovery: ${this.weak.why}`];
    this.card.note.textContent = notes.filter(Boolean).join(" · ");
  }
}
