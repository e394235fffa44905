// Questions to the server: an answer is lines of JSON, and the newest question wins.

const tab = crypto.getRandomValues(new Uint32Array(2)).join("-");
const AGAIN = 1000; // ms
const SLOW = 350; // ms after which an answer is dropped for a newer question
const PATIENT = 1500; // the same where it has shown nothing yet: a first look may be near
// One that has shown a first look is dropped at once.
const QUIET = 150; // ms without a newer question before the next slow one is asked

export async function ask(view, query, heard, signal) {
  // Where others ask slow questions too, again and again; what waits holds no connection.
  while (await asked(view, query, heard, signal)) {
    await new Promise((next) => setTimeout(next, AGAIN));
    signal?.throwIfAborted();
  }
}

// Whether it is to be asked again.
async function asked(view, query, heard, signal) {
  const reply = await fetch(`ask/${view}?${query}`, { signal, headers: { "X-Tab": tab } });
  if (!reply.ok) {
    const said = reply.status === 404 ? "the address is too long" : (await reply.text()).trim();
    heard({ error: { message: said, field: "" } });
    return false;
  }
  const lines = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "", busy = false;
  for (;;) {
    const { value, done } = await lines.read();
    if (done) break;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    for (const part of parts) {
      const message = JSON.parse(part);
      busy ||= "busy" in message;
      heard(message);
    }
  }
  return busy;
}

// One question at a time. `hooks`: start(query), heard(message, query), end(query, failed).
export class Latest {
  constructor(view, hooks) {
    Object.assign(this, { view, hooks, running: null, wish: null, timer: 0 });
  }

  get busy() { return Boolean(this.running || this.wish !== null); }

  request(query) {
    this.wish = query;
    clearTimeout(this.timer);
    if (!this.running) this.next();
    else if (performance.now() - this.running.since > this.patience) {
      const { drop, sketched } = this.running;
      drop.abort();
      this.running = null;
      this.timer = setTimeout(() => this.next(), sketched ? 0 : QUIET);
    }
  }

  get patience() { return this.running.sketched ? 0 : this.running.heard ? SLOW : PATIENT; }

  cancel() {
    this.wish = null;
    clearTimeout(this.timer);
    if (this.running) { this.running.drop.abort(); this.running = null; }
  }

  async next() {
    if (this.wish === null || this.running) return;
    const query = this.wish, me = { drop: new AbortController(), since: performance.now() };
    this.wish = null;
    this.running = me;
    this.hooks.start?.(query);
    let failed = false;
    const heard = (message) => {
      if (this.running !== me) return;
      me.heard = true;
      me.sketched ||= message.sketch;
      failed ||= "error" in message;
      // A mistake of values that have changed since is none any more.
      if (message.error && this.wish !== null) return;
      this.hooks.heard(message, query);
    };
    try {
      await ask(this.view, query, heard, me.drop.signal);
    } catch (error) {
      if (this.running !== me) return;
      failed = true;
      dispatchEvent(new CustomEvent("silence"));
    }
    if (this.running !== me) return;
    this.running = null;
    this.hooks.end?.(query, failed);
    this.next();
  }
}
