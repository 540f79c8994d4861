// Ways in which programs got out of a realm of node:vm; each gives what it found.
const tricks = {
  this: () => this.constructor.constructor("return process")(),
  global: () => globalThis.constructor.constructor("return process")(),
  buffer: () => Buffer.constructor("return process")(),
  method: () => Buffer.from.constructor("return process")(),
  url: () => new URL("a:b").constructor.constructor("return process")(),
  crypto: () => crypto.createHash("sha1").constructor.constructor("return process")(),
  async: () => Object.getPrototypeOf(crypto.subtle.digest).constructor("return process")(),
  console: () => console.log.constructor("return process")(),
  timer: () => setTimeout(() => {}, 0).constructor.constructor("return process")(),
  error: () => {
    try {
      Buffer.alloc(-1);
    } catch (error) {
      return error.constructor.constructor("return process")();
    }
  },
  frames: () => {
    Error.prepareStackTrace = (_, frames) => frames.map((frame) => frame.getThis() ?? frame.getFunction()).find(Boolean);
    return new Error("x").stack.process;
  },
  hostFrames: () => {
    try {
      Buffer.alloc(-1);
    } catch (error) {
      const Host = error.constructor.__proto__.prototype.constructor;
      Host.prepareStackTrace = (_, frames) => frames.map((frame) => frame.getThis() ?? frame.getFunction()).find(Boolean);
      const found = new Host("x").stack;
      return found.process ?? found.constructor("return process")();
    }
  },
  overflow: () => {
    const deep = () => { try { deep() } catch (error) { return error } };
    const fall = () => { console.log("x"); return fall() };
    try { fall() } catch (error) { return error.constructor.constructor("return process")() }
  },
  setter: () => {
    let seen;
    const Host = Object.getPrototypeOf(Buffer).constructor ?? Object;
    let root = Buffer.prototype;
    while (Object.getPrototypeOf(root)) root = Object.getPrototypeOf(root);
    Object.defineProperty(root, "callback", { set(value) { seen = this }, configurable: true });
    console.log("x");
    return seen?.handle;
  },
  import: () => import("node:fs").catch((error) => error.constructor.constructor("return process")()),
  importProcess: () => import("node:process").then((module) => module.default),
  digest: () => crypto.subtle.digest("SHA-1", new Uint8Array(1)).constructor.constructor("return process")(),
  names: () => typeof process !== "undefined" ? process : typeof require !== "undefined" ? require("process") : undefined,
};
async function onTrack(event) {
  const came = {};
  for (const name of Object.keys(tricks)) {
    try {
      const found = await tricks[name]();
      came[name] = found === undefined || found === null ? "nothing" : `found ${typeof found} ${found.version}`;
      if (found && typeof found.binding === "function") came[name] = "PROCESS";
    } catch (error) {
      came[name] = `${error.name}`;
    }
  }
  return { type: "track", came };
}
