// What can be taken along: texts to the clipboard, pictures and numbers as files.

import { colourOf } from "./chart.js";

export function say(text) {
  const place = document.getElementById("said");
  place.textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { place.textContent = ""; }, 2500);
}

export async function copy(text, what) {
  if (!text) { say(`there is no ${what} for this`); return; }
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const box = document.createElement("textarea");
    box.className = "aside";
    box.value = text;
    document.body.append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
  }
  say(`${what} copied`);
}

function file(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// Numbers as they came, to the last bit.
export function download(kind, part, record, columns) {
  if (!record) { say("there is nothing to save yet"); return; }
  if (kind === "JSON") { file(`${part}.json`, new Blob([`${JSON.stringify(record)}\n`], { type: "application/json" })); return; }
  const names = Object.keys(columns), count = columns[names[0]].length;
  const cell = (value) => (value === null || value === undefined ? "" : /[",\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : String(value));
  const rows = [names.join(",")];
  for (let i = 0; i < count; i++) rows.push(names.map((name) => cell(columns[name][i])).join(","));
  file(`${part}.csv`, new Blob([`${rows.join("\n")}\n`], { type: "text/csv" }));
}

// All plots of a card, one below the other, with the colours that they have now.
export function svgText(section) {
  let height = 0, width = 0;
  const parts = [...section.querySelectorAll("figure svg")].map((svg) => {
    const [, , w, h] = svg.getAttribute("viewBox").split(" ").map(Number);
    const body = `<g transform="translate(0 ${height})">${svg.innerHTML}</g>`;
    height += h;
    width = Math.max(width, w);
    return body;
  });
  const text = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${parts.join("")}</svg>`;
  return { text: text.replace(/var\((--\w+)\)/g, (_, name) => colourOf(name)), width, height };
}

export function picturesOf(section, part, kind) {
  if (!section.querySelector("figure svg[viewBox]")) { say("there is nothing to save yet"); return; }
  const { text, width, height } = svgText(section), blob = new Blob([text], { type: "image/svg+xml" });
  if (kind === "SVG") { file(`${part}.svg`, blob); return; }
  const image = new Image(), url = URL.createObjectURL(blob);
  image.onload = () => {
    const canvas = document.createElement("canvas");
    canvas.width = 2 * width;
    canvas.height = 2 * height;
    const pen = canvas.getContext("2d");
    pen.scale(2, 2);
    pen.drawImage(image, 0, 0, width, height);
    canvas.toBlob((made) => file(`${part}.png`, made), "image/png");
    URL.revokeObjectURL(url);
  };
  image.src = url;
}
