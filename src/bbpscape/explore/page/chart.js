// Plots in SVG: axes, marks and a legend, as wide as their place and readable without colours.

import { esc, fmt } from "./text.js";

const LEFT = 66, RIGHT = 14, TOP = 12, BELOW = 42, ROW = 19;
export const DASH = { solid: "", dashed: "8 5", dotted: "2 4", mixed: "9 4 2 4", long: "14 5" };

export class Axis {
  constructor(low, high, log = false) {
    if (!(high > low)) [low, high] = log ? [low / 2, low * 2] : [low - 0.5, low + 0.5];
    Object.assign(this, { low, high, log });
  }

  share(value) {
    const { low, high, log } = this;
    return log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  }

  value(share) {
    const { low, high, log } = this;
    return log ? low * (high / low) ** share : low + (high - low) * share;
  }

  ticks(count) {
    const { low, high, log } = this;
    if (log) {
      const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9);
      const stride = Math.max(1, Math.ceil((last - first + 1) / count)), found = [];
      for (let k = first; k <= last; k += stride) found.push(10 ** k);
      if (found.length > 1) return found;
    }
    const raw = (high - low) / count, unit = 10 ** Math.floor(Math.log10(raw));
    const step = unit * ([1, 2, 5, 10].find((one) => one * unit >= raw) ?? 10), found = [];
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(k * step);
    return found;
  }
}

export class Chart {
  // `name` is what a screen reader calls the picture.
  constructor(figure, name, ratio = 0.62) {
    Object.assign(this, { figure, name, ratio, last: null });
    figure.innerHTML = `<svg role="img" class="empty" aria-label="${esc(name)}"></svg>`;
    this.svg = figure.firstChild;
    new ResizeObserver(() => { if (this.last && figure.clientWidth !== this.width) this.draw(this.last); }).observe(figure);
  }

  // { x, y: Axis; xLabel, yLabel; marks: functions of this; legend: [[mark, text]]; told: text }
  draw(plot) {
    this.last = plot;
    this.svg.classList.remove("empty");
    this.width = this.figure.clientWidth || 480;
    const rows = legendRows(plot.legend ?? [], this.width - LEFT);
    const inner = Math.round(Math.min(Math.max(210, this.width * this.ratio), 420));
    this.box = { left: LEFT, right: this.width - RIGHT, top: TOP, bottom: TOP + inner };
    this.height = this.box.bottom + BELOW + rows.length * ROW;
    this.x = plot.x;
    this.y = plot.y;
    const marks = plot.marks.map((mark) => mark(this)).join("");
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
    this.svg.setAttribute("aria-label", `${this.name}. ${plot.told ?? ""}`);
    const { left, right, top, bottom } = this.box;
    this.svg.innerHTML = `<defs><clipPath id="clip-${this.id}"><rect x="${left}" y="${top}" width="${right - left}" height="${bottom - top}"/></clipPath>
      <pattern id="hatch-${this.id}" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0V7" stroke="var(--faint)" stroke-width="1"/></pattern></defs>
      <rect width="${this.width}" height="${this.height}" fill="var(--paper)"/>
      <g clip-path="url(#clip-${this.id})">${marks}</g>${this.axes(plot)}${this.legend(rows)}`;
  }

  get id() { return (this.own ??= `c${Math.random().toString(36).slice(2)}`); }

  px(x) { return this.box.left + this.x.share(x) * (this.box.right - this.box.left); }

  py(y) { return this.box.bottom - this.y.share(y) * (this.box.bottom - this.box.top); }

  // The values below a place on the screen.
  at(event) {
    const area = this.svg.getBoundingClientRect(), scale = this.width / area.width;
    const x = (event.clientX - area.left) * scale, y = (event.clientY - area.top) * scale;
    const { left, right, top, bottom } = this.box;
    const inside = x >= left && x <= right && y >= top && y <= bottom;
    const clamp = (share) => Math.min(1, Math.max(0, share));
    return { inside, x: this.x.value(clamp((x - left) / (right - left))), y: this.y.value(clamp((bottom - y) / (bottom - top))) };
  }

  axes({ xLabel, yLabel, xTicks, yTicks }) {
    const { left, right, top, bottom } = this.box;
    const xs = xTicks ?? this.x.ticks(Math.max(3, Math.floor((right - left) / 85)));
    const ys = yTicks ?? this.y.ticks(5);
    const text = (x, y, what, anchor = "middle") => `<text x="${x}" y="${y}" text-anchor="${anchor}">${esc(what)}</text>`;
    const along = xs.map((one) => `<path d="M${this.px(one)} ${bottom}v5" stroke="var(--ink)"/>` + text(this.px(one), bottom + 18, fmt(one)));
    const up = ys.map((one) => `<path d="M${left} ${this.py(one)}h-5" stroke="var(--ink)"/>` + text(left - 8, this.py(one) + 4, fmt(one), "end"));
    const middle = (top + bottom) / 2;
    return `<g font-size="12" font-family="system-ui, sans-serif" fill="var(--ink)"><path d="M${left} ${top}V${bottom}H${right}" fill="none" stroke="var(--ink)"/>
      ${along.join("")}${up.join("")}${text((left + right) / 2, bottom + 36, xLabel)}
      <text transform="translate(14 ${middle}) rotate(-90)" text-anchor="middle">${esc(yLabel)}</text></g>`;
  }

  legend(rows) {
    const y0 = this.box.bottom + BELOW + 12;
    return `<g font-size="12" font-family="system-ui, sans-serif" fill="var(--ink)">` + rows.map((row, i) => row.map(({ at, mark, text }) => {
      const x = LEFT + at, y = y0 + i * ROW;
      return sample(mark, x, y - 4, this.id) + `<text x="${x + 34}" y="${y}">${esc(text)}</text>`;
    }).join("")).join("") + "</g>";
  }
}

function legendRows(entries, width) {
  const rows = [];
  let at = Infinity;
  for (const [mark, text] of entries) {
    const need = 34 + 6.6 * text.length + 18;
    if (at + need > width) { rows.push([]); at = 0; }
    rows.at(-1).push({ at, mark, text });
    at += need;
  }
  return rows;
}

function sample(mark, x, y, id) {
  const colour = `var(--${mark.colour ?? "theory"})`;
  if (mark.fill) return `<rect x="${x}" y="${y - 6}" width="28" height="11" fill="${mark.fill === "hatch" ? `url(#hatch-${id})` : colour}" stroke="${mark.fill === "hatch" ? "var(--faint)" : "none"}" opacity="${mark.opacity ?? 1}"/>`;
  if (mark.point) return point(x + 14, y, mark.point, colour);
  return `<path d="M${x} ${y}h28" stroke="${colour}" stroke-width="${mark.width ?? 2}" stroke-dasharray="${DASH[mark.dash ?? "solid"]}"/>`;
}

function point(x, y, kind, colour) {
  const shapes = {
    dot: `<circle cx="${x}" cy="${y}" r="4" fill="${colour}"/>`,
    ring: `<circle cx="${x}" cy="${y}" r="4.5" fill="var(--paper)" stroke="${colour}" stroke-width="2"/>`,
    cross: `<path d="M${x - 6} ${y}h12M${x} ${y - 6}v12" stroke="${colour}" stroke-width="3"/>`,
    diamond: `<path d="M${x} ${y - 6}l6 6l-6 6l-6 -6z" fill="${colour}"/>`,
    triangle: `<path d="M${x} ${y - 6}l6 10h-12z" fill="${colour}"/>`,
  };
  return shapes[kind];
}

const two = (value) => Math.round(value * 100) / 100;

// Marks: each a function of the chart.
export const line = (xs, ys, mark = {}) => (chart) => {
  let path = "", pen = "M";
  xs.forEach((x, i) => {
    const px = chart.px(x), py = chart.py(ys[i]);
    if (!Number.isFinite(px) || !Number.isFinite(py)) { pen = "M"; return; }
    path += `${pen}${two(px)} ${two(py)}`;
    pen = "L";
  });
  return `<path d="${path}" fill="none" stroke="var(--${mark.colour ?? "theory"})" stroke-width="${mark.width ?? 2}" stroke-dasharray="${DASH[mark.dash ?? "solid"]}" stroke-linejoin="round" opacity="${mark.opacity ?? 1}"/>`;
};

export const band = (xs, lows, highs, colour, hatch = false) => (chart) => {
  const up = xs.map((x, i) => `${two(chart.px(x))} ${two(chart.py(highs[i]))}`);
  const down = xs.map((x, i) => `${two(chart.px(x))} ${two(chart.py(lows[i]))}`).reverse();
  return xs.length ? `<path d="M${[...up, ...down].join("L")}Z" fill="${hatch ? `url(#hatch-${chart.id})` : `var(--${colour})`}" opacity="${hatch ? 1 : 0.6}"/>` : "";
};

export const bars = (edges, heights, colour) => (chart) => heights.map((height, i) => {
  const x = chart.px(edges[i]), y = chart.py(height);
  return height > 0 ? `<rect x="${two(x)}" y="${two(y)}" width="${two(chart.px(edges[i + 1]) - x)}" height="${two(chart.box.bottom - y)}" fill="var(--${colour})" stroke="var(--paper)" stroke-width="0.5"/>` : "";
}).join("");

export const upright = (x, mark) => (chart) => {
  const px = chart.px(x);
  return px >= chart.box.left - 1 && px <= chart.box.right + 1
    ? `<path d="M${two(px)} ${chart.box.top}V${chart.box.bottom}" stroke="var(--${mark.colour})" stroke-width="${mark.width ?? 2}" stroke-dasharray="${DASH[mark.dash ?? "solid"]}"/>` : "";
};

export const points = (xs, ys, mark, errors = []) => (chart) => xs.map((x, i) => {
  const px = chart.px(x), py = chart.py(ys[i]);
  if (!Number.isFinite(px) || !Number.isFinite(py)) return "";
  const e = errors[i], colour = `var(--${mark.colour})`;
  const bar = e ? `<path d="M${two(chart.px(x - e))} ${two(py)}H${two(chart.px(x + e))}" stroke="${colour}" stroke-width="2"/>` : "";
  return bar + point(two(px), two(py), mark.point, colour);
}).join("");

// Centred at a place, and within the picture.
export const words = (x, y, text) => (chart) => {
  const half = 3.9 * text.length, { left, right } = chart.box, px = Math.max(left + half, Math.min(right - half, chart.px(x)));
  return `<text x="${two(px)}" y="${two(chart.py(y))}" text-anchor="middle" font-size="12.5" font-weight="600" font-family="system-ui, sans-serif" fill="var(--ink)" stroke="var(--paper)" stroke-width="4" paint-order="stroke">${esc(text)}</text>`;
};

// A smaller plot inside, at shares of the picture: its own axes, one line.
export const inset = ([l, t, r, b], { x, y, xs, ys, title }) => (chart) => {
  const { left, right, top, bottom } = chart.box;
  const own = Object.create(chart, { x: { value: x }, y: { value: y }, box: { value: {
    left: left + l * (right - left) + 34, right: left + r * (right - left), top: top + t * (bottom - top) + 18, bottom: top + b * (bottom - top) - 20,
  } } });
  const { left: a, right: c, top: u, bottom: d } = own.box, small = (px, py, what, anchor = "middle") => `<text x="${two(px)}" y="${two(py)}" text-anchor="${anchor}">${esc(what)}</text>`;
  return `<g font-size="10.5" font-family="system-ui, sans-serif" fill="var(--ink)"><rect x="${a - 36}" y="${u - 18}" width="${c - a + 44}" height="${d - u + 40}" fill="var(--paper)" stroke="var(--rule)"/>
    <path d="M${a} ${u}V${d}H${c}" fill="none" stroke="var(--ink)"/>${small((a + c) / 2, u - 5, title)}
    ${x.ticks(3).map((one) => small(own.px(one), d + 13, fmt(one, 3))).join("")}${y.ticks(3).map((one) => small(a - 3, own.py(one) + 3, `1e${Math.round(Math.log10(one))}`, "end")).join("")}
    ${line(xs, ys)(own)}</g>`;
};

// A picture of pixels: rows of values from 0 to 1, the first at the top; shades of the paper to `colour`.
export function pixels(rows, colour, gray = false) {
  const canvas = document.createElement("canvas");
  canvas.width = rows[0].length;
  canvas.height = rows.length;
  const pen = canvas.getContext("2d"), data = pen.createImageData(canvas.width, canvas.height);
  const paper = gray ? [0, 0, 0] : rgb("--paper"), ink = gray ? [255, 255, 255] : rgb(`--${colour}`);
  rows.flat().forEach((value, i) => {
    const share = Math.min(1, Math.max(0, Number.isFinite(value) ? value : 0));
    for (let k = 0; k < 3; k++) data.data[4 * i + k] = paper[k] + share * (ink[k] - paper[k]);
    data.data[4 * i + 3] = 255;
  });
  pen.putImageData(data, 0, 0);
  return canvas.toDataURL();
}

export const colourOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function rgb(name) {
  const hex = colourOf(name).slice(1);
  return [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16));
}
