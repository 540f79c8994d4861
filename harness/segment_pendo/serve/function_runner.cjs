"use strict";
// Runs a team's insert function for serve/functions.py. Lines come from stdin: first how to run it, as JSON, then a call each: NUMBER HANDLER EVENT.
// Each gets a line on stdout: what became of it as JSON and, behind a tab, the JSON text of the event that came back. At the end of stdin it ends.
// The function has a realm of its own and never meets an object of this file. What it is given of Node (Buffer, URL, crypto) is of this realm, so
// this realm compiles no text (--disallow-code-generation-from-strings), has no `process` any more, and cannot connect unless the network is allowed.
const vm = require("node:vm");
const { Worker } = require("node:worker_threads");

const HANDLERS = ["onIdentify", "onTrack", "onGroup", "onPage", "onScreen", "onAlias", "onDelete", "onBatch"];
const MODULES = ["net", "tls", "dns", "dgram", "http", "https", "http2", "child_process", "cluster", "inspector", "fs", "fs/promises", "module"];
const MOST_LINES = 100; // of a call's log
const WIDEST = 500; // characters of one of them
const FILE = "function.js"; // as stack traces name it

const { stdin, stdout } = process;
const exit = process.reallyExit.bind(process); // process.exit asks for it by name, which lock refuses
const write = stdout.write.bind(stdout);

// A loop in the function keeps this thread from seeing the end of stdin, and memory outside the heap has no limit: another thread looks after both.
const watch = (most) =>
  new Worker(
    `const { parent, most } = require("node:worker_threads").workerData;
    const looked = () => {
      if (process.ppid !== parent || process.memoryUsage.rss() > most) process.kill(process.pid, "SIGKILL");
    };
    setInterval(looked, 50);`,
    { eval: true, env: {}, workerData: { parent: process.ppid, most }, resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 } },
  );

function refuse(object, name, message) {
  const refused = () => {
    throw new Error(message);
  };
  Object.defineProperty(object, name, { value: refused, configurable: false, writable: false, enumerable: false });
}

// What a program could reach the network, files or other programs with, for who gets hold of an object of this realm all the same.
function lock(network, off) {
  if (!network) {
    const [net, dns, dgram] = [require("node:net"), require("node:dns"), require("node:dgram")];
    for (const name of ["connect", "bind", "send", "addMembership"]) refuse(dgram.Socket.prototype, name, off);
    for (const object of [dns, dns.promises, dns.Resolver.prototype, dns.promises.Resolver.prototype]) {
      for (const name of Object.getOwnPropertyNames(object)) {
        if (/^(?:lookup|resolve|reverse)/.test(name)) refuse(object, name, off);
      }
    }
    refuse(net.Socket.prototype, "connect", off);
    refuse(net.Server.prototype, "listen", off);
    for (const name of ["fetch", "WebSocket", "EventSource"]) delete globalThis[name];
  }
  for (const name of ["binding", "_linkedBinding", "dlopen", "kill", "getBuiltinModule", "reallyExit", "abort", "chdir", "mainModule"]) {
    refuse(process, name, `process.${name} is not for functions.`);
  }
  process.env = {};
  const Module = require("node:module");
  const load = Module._load;
  Module._load = (name, ...rest) => {
    if (MODULES.includes(String(name).replace(/^node:/, ""))) throw new Error(`the module ${name} is not for functions.`);
    return load(name, ...rest);
  };
  delete globalThis.process;
  for (const type of [Object, Array, Function, Promise, String, Number, Error, RegExp, Map, Set]) Object.preventExtensions(type.prototype);
}

// Evaluated in the function's realm, so nothing outside of it may be named here. Only texts and numbers cross.
function inside(host) {
  "use strict";
  const { parse, stringify } = JSON;
  const kinds = {};
  const define = (name, value) => Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  for (const name of ["EventNotSupported", "InvalidEventPayload", "ValidationError", "RetryError", "DropEvent"]) {
    const made = {
      [name]: class extends Error {
        constructor(...all) {
          super(...all);
          this.name = name;
        }
      },
    };
    kinds[name] = made[name];
    define(name, made[name]);
  }
  // Errors of the host must not come out: whatever it throws is said again here.
  const ask = (what, ...all) => {
    let said;
    try {
      return host[what](...all);
    } catch (error) {
      said = `${error.message}`;
    }
    throw new Error(said);
  };

  const text = (value) => {
    if (typeof value === "string") return value;
    try {
      if (value instanceof Error) return `${value.name}: ${value.message}`;
      return typeof value === "object" && value !== null ? `${stringify(value)}` : String(value);
    } catch {
      return `[${typeof value}]`;
    }
  };
  const told = (...all) => {
    let line = "";
    for (const value of all) line += `${line && " "}${text(value)}`;
    ask("log", `${line}`);
  };
  define("console", { log: told, info: told, warn: told, error: told, debug: told, trace: told, dir: told });

  const timer = (what) => (made, after, ...all) => {
    if (typeof made !== "function") throw new TypeError("a timer needs a function");
    return ask(what, () => void made(...all), Number(after) || 0);
  };
  for (const name of ["setTimeout", "setInterval"]) define(name, timer(name));
  define("setImmediate", (made, ...all) => globalThis.setTimeout(made, 0, ...all));
  for (const name of ["clearTimeout", "clearInterval", "clearImmediate"]) define(name, (id) => ask("clear", Number(id)));
  define("queueMicrotask", (made) => void Promise.resolve().then(made));

  const kept = new Map();
  define("cache", {
    async load(key, ttl, make) {
      const found = kept.get(key);
      if (found && (found.until === -1 || Date.now() < found.until)) return found.value;
      const value = await (typeof ttl === "function" ? ttl : make)();
      kept.set(key, { value, until: typeof ttl === "number" && ttl >= 0 ? Date.now() + ttl : -1 });
      return value;
    },
    delete: (key) => void kept.delete(key),
  });

  const given = host.given();
  for (const name of Object.keys(given)) define(name, given[name]);
  if (host.off !== "") {
    const off = () => {
      throw new Error(host.off);
    };
    define("fetch", async () => off());
    define("https", { request: off, get: off });
  }

  const line = (error) => {
    const found = /\bfunction\.js:(\d+)/.exec(`${error.stack}`);
    return found === null ? "" : `${found[1]}`;
  };
  // [which of Segment's errors, its name, its message, the line of the function]
  const described = (error) => {
    try {
      if (typeof error !== "object" || error === null) return ["", "", `${text(error)}`, ""];
      let kind = "";
      for (const name in kinds) if (error instanceof kinds[name] || error.name === name) kind = name;
      const message = error.message === undefined ? text(error) : error.message;
      return [kind, `${error.name}`, `${message}`, line(error)];
    } catch {
      return ["", "", "an error that cannot be read", ""];
    }
  };

  const handlers = Object.create(null);
  return {
    described,
    take: (name, handler) => void (handlers[name] = handler),
    async invoke(name, event) {
      let said;
      try {
        const handler = handlers[name];
        said = `${stringify(await handler(parse(event), parse(host.settings)))}`;
      } catch (error) {
        return host.threw(...described(error));
      }
      return host.returned(said);
    },
  };
}

function give(network) {
  const names = ["Buffer", "URL", "URLSearchParams", "TextEncoder", "TextDecoder", "AbortController", "AbortSignal", "atob", "btoa", "structuredClone"];
  const given = Object.fromEntries(names.map((name) => [name, globalThis[name]]));
  const crypto = require("node:crypto");
  const unfit = ["setEngine", "setFips", "fips", "DEFAULT_ENCODING", "getRandomValues", "webcrypto", "subtle"];
  const descriptors = Object.entries(Object.getOwnPropertyDescriptors(crypto)).filter(([name]) => !unfit.includes(name));
  given.crypto = Object.defineProperties({ webcrypto: crypto.webcrypto, subtle: crypto.webcrypto.subtle }, Object.fromEntries(descriptors));
  if (network) {
    for (const name of ["fetch", "Headers", "Request", "Response", "FormData", "Blob"]) given[name] = globalThis[name];
    given.https = require("node:https");
  }
  return given;
}

function start({ source, settings, milliseconds, network, off, largest, memory }) {
  watch(memory);
  let current = "";
  let logs = [];
  let more = 0;
  const timers = new Map();
  let timed = 0;

  const tell = (what, text) => {
    if (current === "") return; // it has been answered
    if (more) logs.push(`... and ${more} more`);
    write(`${JSON.stringify({ number: current, ...what, logs })}${text === undefined ? "" : `\t${text}`}\n`);
    current = "";
    [logs, more] = [[], 0];
    for (const one of timers.values()) clearTimeout(one);
    timers.clear();
  };
  const log = (line) => void (logs.length < MOST_LINES ? logs.push(String(line).slice(0, WIDEST)) : (more += 1));
  const timer = (repeated) => (made, after) => {
    const id = (timed += 1);
    const run = () => {
      if (!repeated) timers.delete(id);
      made();
    };
    timers.set(id, repeated ? setInterval(run, after) : setTimeout(run, after));
    return id;
  };
  const host = {
    settings,
    off: network ? "" : off,
    log,
    setTimeout: timer(false),
    setInterval: timer(true),
    clear(id) {
      clearTimeout(timers.get(id));
      timers.delete(id);
    },
    given: () => give(network),
    threw: (kind, name, message, line) => tell({ what: "threw", kind, name: name.slice(0, 200), message: message.slice(0, 2000), line }),
    returned(text) {
      if (!text.startsWith("{")) return tell({ what: "nothing", returned: text === "undefined" || text === "null" ? text : text.startsWith("[") ? "a list" : "no object" });
      return Buffer.byteLength(text) > largest ? tell({ what: "large" }) : tell({ what: "returned" }, text);
    },
  };

  const context = vm.createContext(Object.create(null), { codeGeneration: { strings: true, wasm: true } });
  const realm = vm.runInContext(`(${inside})`, context, { filename: "runner" })(host);
  process.on("uncaughtException", (error) => log(`outside of the handler: ${realm.described(error).slice(1, 3).join(": ")}`));
  lock(network, off);

  const handlers = [];
  try {
    new vm.Script(source, { filename: FILE }).runInContext(context, { timeout: milliseconds });
    const uses = HANDLERS.map((name) => `use("${name}", typeof ${name} === "function" ? ${name} : undefined)`);
    vm.runInContext(`((use) => { ${uses.join(";")} })`, context)((name, handler) => {
      if (typeof handler !== "function") return;
      realm.take(name, handler);
      handlers.push(name);
    });
  } catch (error) {
    const [, name, message, line] = realm.described(error);
    write(`${JSON.stringify({ failed: { name, message: message.slice(0, 2000), line } })}\n`);
    return () => exit(0);
  }
  [logs, more] = [[], 0];
  write(`${JSON.stringify({ handlers })}\n`);
  return (line) => {
    const [number, name] = line.split(" ", 2);
    current = number;
    if (handlers.includes(name)) realm.invoke(name, line.slice(number.length + name.length + 2));
    else tell({ what: "missing" });
  };
}

let take = (line) => {
  take = start(JSON.parse(line));
};
let held = [];
stdin.on("data", (chunk) => {
  for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10)) {
    const line = Buffer.concat([...held, chunk.subarray(0, end)]).toString();
    [held, chunk] = [[], chunk.subarray(end + 1)];
    take(line);
  }
  if (chunk.length) held.push(chunk);
});
stdin.on("end", () => exit(0));
stdin.on("error", () => exit(0));
stdout.on("error", () => exit(0));
