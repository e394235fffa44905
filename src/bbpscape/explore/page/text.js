// Numbers and texts as they are shown.

export const esc = (text) => String(text).replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);

// What Python writes of numbers that JSON lacks.
export const num = (value) => (value === "inf" ? Infinity : value === "-inf" ? -Infinity : value ?? NaN);

export function fmt(value, digits = 4) {
  const x = num(value);
  if (Number.isNaN(x)) return "–";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  const size = Math.abs(x);
  const text = size && (size >= 1e6 || size < 1e-4) ? x.toExponential(digits - 1).replace("e+", "e")
    : String(Number(x.toPrecision(digits)));
  return text.replace("-", "−");
}

export const signed = (value) => (value === null ? "" : (num(value) >= 0 ? "+" : "−") + Math.abs(num(value)).toFixed(1));

// A table of texts; the first column names the row.
export function table(caption, heads, rows) {
  if (!rows.length) return "";
  const head = heads.map((one) => `<th scope="col">${esc(one)}</th>`).join("");
  const body = rows.map(([name, ...cells]) =>
    `<tr><th scope="row">${esc(name)}</th>${cells.map((one) => `<td>${esc(one)}</td>`).join("")}</tr>`).join("");
  return `<div class="scroll"><table><caption>${esc(caption)}</caption><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}
