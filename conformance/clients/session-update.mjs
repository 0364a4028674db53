// Watches the session as the official client shows it, in two tabs of one browser
// and on another device, while the session is updated by one tab, by the program,
// and for all devices. Usage: node session-update.mjs <origin>
//
// A tab is a worker with a window of its own; the browser, which has the cookies
// and tells tabs of localStorage, is this thread.
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";

const BASE = "/api/auth";

async function main(origin) {
  const laptop = new Browser(origin), phone = new Browser(origin);
  const first = laptop.open(), second = laptop.open(), other = phone.open();
  const who = { email: "ada@example.com", password: "correct horse battery" };

  await first.run("signUp", { ...who, name: "Ada" });
  await other.run("signIn", who);
  for (const t of [first, second, other]) await t.run("watch");
  for (const t of [first, second, other]) await t.sees("light");

  await first.run("update", { theme: "dark" });
  await first.sees("dark");
  await second.sees("dark"); // the client tells the other tabs
  await other.sees("light"); // another session, with fields of its own

  await first.run("app", "?session=sepia");
  await first.sees("sepia"); // by the header
  await second.run("focus");
  await second.sees("sepia");

  await first.run("app", "?user=light");
  await first.sees("light");
  await other.run("app", ""); // whatever the other device asks next
  await other.sees("light");
  await first.run("app", "?user=dark");
  await other.run("app", "");
  await other.sees("dark");
  await phone.quiet();

  console.log("the session was seen everywhere");
  process.exit(0);
}

class Browser {
  jar = new Map();
  tabs = [];
  requests = 0;
  constructor(origin) {
    this.origin = origin;
  }
  open() {
    const t = new Tab(this);
    this.tabs.push(t);
    return t;
  }
  /** Waits until no tab asks anything any more: a client that is told over and over never stops. */
  async quiet() {
    for (let round = 0, asked = -1; asked !== this.requests; round++) {
      if (round === 10) throw new Error("the browser goes on asking");
      asked = this.requests;
      await new Promise((done) => setTimeout(done, 300));
    }
  }
  async fetch({ url, method, headers, body }) {
    this.requests++;
    const cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(url, { method, body, headers: { ...headers, origin: this.origin, ...(cookie ? { cookie } : {}) } });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (/max-age=0/i.test(line)) this.jar.delete(name);
      else this.jar.set(name, value);
    }
    return { status: answer.status, headers: [...answer.headers].filter(([name]) => name !== "set-cookie"), body: await answer.text() };
  }
}

class Tab {
  waiting = new Map();
  last = 0;
  theme = undefined;
  wake = () => {};
  constructor(browser) {
    this.worker = new Worker(new URL(import.meta.url), { workerData: { origin: browser.origin } });
    this.worker.on("message", async (m) => {
      if (m.fetch) this.worker.postMessage({ fetched: m.id, answer: await browser.fetch(m.fetch) });
      else if (m.stored) for (const t of browser.tabs) t !== this && t.worker.postMessage({ storage: m.stored });
      else if (m.theme) (this.theme = m.theme), this.wake();
      else if (m.done) this.waiting.get(m.done)(m);
    });
    this.worker.on("error", (e) => {
      throw e;
    });
  }
  async run(command, argument) {
    const id = ++this.last;
    const m = await new Promise((done) => {
      this.waiting.set(id, done);
      this.worker.postMessage({ id, command, argument });
    });
    if (m.error) throw new Error(`${command}: ${m.error}`);
  }
  sees(theme) {
    return new Promise((done, fail) => {
      const late = setTimeout(() => fail(new Error(`the session shows ${this.theme}, want ${theme}`)), 5000);
      this.wake = () => {
        if (this.theme !== theme) return;
        clearTimeout(late);
        done();
      };
      this.wake();
    });
  }
}

async function tab() {
  const { origin } = workerData;
  const answers = new Map();
  let last = 0;
  const browserFetch = (input, init = {}) =>
    new Promise((done) => {
      const id = ++last;
      answers.set(id, ({ status, headers, body }) => done(new Response(body, { status, headers })));
      const headers = Object.fromEntries(new Headers(init.headers ?? {}));
      parentPort.postMessage({ id, fetch: { url: String(input), method: init.method ?? "GET", headers, body: init.body } });
    });

  globalThis.window = new EventTarget();
  globalThis.document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  globalThis.window.document = globalThis.document;
  globalThis.localStorage = { setItem: (key, newValue) => parentPort.postMessage({ stored: { key, newValue } }) };
  Object.defineProperty(globalThis, "navigator", { value: { onLine: true }, configurable: true });

  const { createAuthClient } = await import("better-auth/client");
  const client = createAuthClient({ baseURL: origin + BASE, fetchOptions: { customFetchImpl: browserFetch } });

  // What docs/session-update.md tells applications to do.
  let seen;
  async function appFetch(input, init) {
    const answer = await browserFetch(input, init);
    const revision = answer.headers.get("X-Session-Updated");
    if (revision && revision !== seen) {
      seen = revision;
      client.$store.notify("$sessionSignal");
    }
    return answer;
  }

  const must = ({ error }) => {
    if (error) throw new Error(JSON.stringify(error));
  };
  const commands = {
    signUp: async (who) => must(await client.signUp.email(who)),
    signIn: async (who) => must(await client.signIn.email(who)),
    watch: () => client.useSession.subscribe(({ data }) => data && parentPort.postMessage({ theme: data.session.theme })),
    update: async (fields) => must(await client.updateSession(fields)),
    app: async (query) => {
      const answer = await appFetch(`${origin}/app${query}`, { method: "POST" });
      if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    },
    focus: () => document.dispatchEvent(new Event("visibilitychange")),
  };
  parentPort.on("message", async (m) => {
    if (m.fetched) return answers.get(m.fetched)(m.answer);
    if (m.storage) return window.dispatchEvent(Object.assign(new Event("storage"), m.storage));
    try {
      await commands[m.command](m.argument);
      parentPort.postMessage({ done: m.id });
    } catch (e) {
      parentPort.postMessage({ done: m.id, error: String(e) });
    }
  });
}

if (isMainThread) await main(process.argv[2]);
else await tab();
