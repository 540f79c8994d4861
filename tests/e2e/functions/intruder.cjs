// Holds what Node has before the runner starts, and uses it once the function is loaded.
const held = { port: process.env.PORT };
for (const name of ["net", "dns", "dgram", "tls", "http", "fs", "child_process"]) held[name] = require(name);
const { fetch, process: ours } = globalThis;
const environment = Object.keys(ours.env).sort().join();
let waited = 0;
const timer = setInterval(async () => {
  if (globalThis.process && (waited += 1) < 400) return;
  clearInterval(timer);
  const port = Number(held.port);
  const address = { host: "127.0.0.1", port };
  const tries = {
    net: () => held.net.connect(address),
    socket: () => new held.net.Socket().connect(address),
    tls: () => held.tls.connect(address),
    http: () => held.http.get(address).on("error", () => {}),
    fetch: () => fetch(`http://127.0.0.1:${port}`),
    listen: () => held.net.createServer().listen(0),
    lookup: () => held.dns.lookup("localhost", () => {}),
    resolve: () => held.dns.promises.resolve4("localhost"),
    udp: () => held.dgram.createSocket("udp4").send("x", port),
    binding: () => ours.binding("tcp_wrap"),
    linked: () => ours._linkedBinding("tcp_wrap"),
    open: () => ours.dlopen({}, "x.node"),
    require: () => require("net"),
    read: () => held.fs.readFileSync("/etc/passwd"),
    list: () => held.fs.readdirSync("."),
    write: () => held.fs.writeFileSync("x", "x"),
    exec: () => held.child_process.execSync("true"),
    spawn: () => held.child_process.spawn("true"),
  };
  const came = { environment, process: typeof globalThis.process };
  for (const name of Object.keys(tries)) {
    try {
      await tries[name]();
      came[name] = "DONE";
    } catch (error) {
      came[name] = error.code ?? "refused";
    }
  }
  ours.stderr.write(JSON.stringify(came) + "\n");
}, 5);
