// The controls: a row of the table of parameters is a field, with a slider where it has one.

import { esc } from "./text.js";

const STEPS = 1000;
const TYPED = 350; // ms after the last key before a text counts

export class Controls {
  constructor(form, fields, state) {
    this.state = state;
    this.fields = new Map(fields.map((one) => [one.name, one]));
    const group = (name) => fields.filter((one) => one.group === name).map(field).join("");
    form.innerHTML = `${group("first")}
      <details id="more"><summary>Teacher, labels, layers</summary>${group("more")}</details>
      <details id="inputs"><summary>Law of the inputs</summary>${group("inputs")}</details>
      <button type="reset">As at the start</button>`;
    this.form = form;
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", (event) => {
      event.preventDefault();
      state.set(Object.fromEntries(fields.map((one) => [one.name, one.default])), true);
    });
    form.addEventListener("input", (event) => this.input(event.target));
    form.addEventListener("change", (event) => this.input(event.target, true));
    state.addEventListener("change", (event) => this.show(event.detail));
    this.show(new Set(this.fields.keys()));
    for (const box of form.querySelectorAll("details")) {
      box.open = fields.some((one) => one.group === box.id && state.texts.has(one.name));
    }
  }

  input(element, now = false) {
    const name = element.dataset.name, one = this.fields.get(name);
    if (!one) return;
    clearTimeout(this.timer);
    if (element.type === "range") this.state.set({ [name]: this.slid(one, Number(element.value)) });
    else if (element.type === "checkbox") this.state.set({ [name]: String(element.checked) });
    else if (now || element.tagName === "SELECT") this.state.set({ [name]: element.value.trim() });
    else this.timer = setTimeout(() => this.state.set({ [name]: element.value.trim() }), TYPED);
  }

  // From the place of a slider to the text, and back: only of equal ratios are they not the same.
  slid(one, place) {
    const [low, high, log] = one.slider;
    const value = log ? low * (high / low) ** (place / STEPS) : place;
    return one.whole ? String(Math.round(value)) : String(Number(value.toPrecision(log ? 3 : 4)));
  }

  place(one, text) {
    const [low, high, log] = one.slider, value = text === "inf" ? Infinity : Number(text) || low;
    return log ? Math.round(STEPS * Math.log(value / low) / Math.log(high / low)) : value;
  }

  show(names) {
    for (const name of names) {
      const one = this.fields.get(name), text = this.state.get(name);
      if (!one) continue;
      this.mistake(name, "");
      for (const element of this.form.querySelectorAll(`[data-name="${name}"]`)) {
        if (element.type === "checkbox") element.checked = text === "true";
        else if (element.type === "range") {
          if (document.activeElement !== element || this.slid(one, Number(element.value)) !== text) {
            element.value = this.place(one, text);
          }
          element.setAttribute("aria-valuetext", text);
        } else if (element.value.trim() !== text) element.value = text;
      }
    }
  }

  // One line beside a field; whether there is such a field.
  mistake(name, message) {
    const box = document.getElementById(`mistake-${name}`);
    if (!box) return false;
    box.textContent = message;
    const input = document.getElementById(`field-${name}`);
    if (message) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
    if (message) input.closest("details")?.setAttribute("open", "");
    return true;
  }

  clear() { for (const name of this.fields.keys()) this.mistake(name, ""); }
}

function field(one) {
  const id = `field-${one.name}`, tied = `id="${id}" data-name="${one.name}" aria-describedby="mistake-${one.name}"`;
  const told = `<label for="${id}" title="${esc(one.help)}">${esc(one.label)}` +
    (one.meaning === one.label ? "" : `<small>${esc(one.meaning)}</small>`) + "</label>";
  let input = `<input type="text" ${tied} spellcheck="false" list="list-${one.name}">`;
  if (one.kind === "flag") input = `<input type="checkbox" ${tied}>`;
  else if (one.kind === "choice") {
    input = `<select ${tied}>${one.allowed.map((text) => `<option>${esc(text)}</option>`).join("")}</select>`;
  } else if (one.allowed.length) {
    input += `<datalist id="list-${one.name}">${one.allowed.map((text) => `<option value="${esc(text)}">`).join("")}</datalist>`;
  } else input = input.replace(` list="list-${one.name}"`, "");
  let slider = "";
  if (one.slider) {
    const [low, high, log] = one.slider, step = log ? 1 : one.name === "N" ? 10 : one.whole ? 1 : 0.01;
    slider = `<input type="range" min="${log ? 0 : low}" max="${log ? STEPS : high}" step="${step}" data-name="${one.name}" aria-label="${esc(one.label)}, slider">`;
  }
  const wide = one.slider || one.kind !== "text" || one.name === "seed" ? "" : " wide";
  return `<div class="field${wide}">${told}${input}${slider}<p class="mistake" id="mistake-${one.name}" role="alert"></p></div>`;
}
