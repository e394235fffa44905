// What is shown: texts of fields that are not at their default, kept in the address.

const LATER = 300; // browsers refuse an address that changes all the time

export class State extends EventTarget {
  constructor(defaults) {
    super();
    this.defaults = defaults;
    this.timer = 0;
    this.load();
    addEventListener("popstate", () => { this.load(); this.tell([...Object.keys(defaults), "view"]); });
  }

  load() {
    this.texts = new Map([...new URLSearchParams(location.search)].filter(([name]) => Object.hasOwn(this.defaults, name)));
  }

  get(name) { return this.texts.get(name) ?? this.defaults[name]; }

  number(name) { return Number(this.get(name)); }

  // Several values at once; a step that can be taken back where `step`.
  set(values, step = false) {
    const changed = Object.entries(values).filter(([name, text]) => this.get(name) !== String(text));
    for (const [name, text] of changed) {
      if (String(text) === this.defaults[name]) this.texts.delete(name);
      else this.texts.set(name, String(text));
    }
    if (!changed.length) return;
    clearTimeout(this.timer);
    if (step) history.pushState(null, "", this.address);
    else this.timer = setTimeout(() => history.replaceState(null, "", this.address), LATER);
    this.tell(changed.map(([name]) => name));
  }

  tell(names) { this.dispatchEvent(new CustomEvent("change", { detail: new Set(names) })); }

  get address() { return location.pathname + (this.texts.size ? "?" + this.query() : ""); }

  // The part of the state that an answer depends on: all but `without`.
  query(without = []) {
    const kept = [...this.texts].filter(([name]) => !without.includes(name));
    return new URLSearchParams(kept.sort()).toString();
  }
}
