// Node's HTTP clients that know no proxy: each sends an identify call. A line for each; OTHER is the URL of another host, over TLS.
import { fork } from "node:child_process";
import { createRequire } from "node:module";
import http2, { connect as http2Connect } from "node:http2";
import { request as httpRequest } from "node:http";
import https from "node:https";
import net from "node:net";
import { rootCertificates, connect as tlsConnect } from "node:tls";
import { fileURLToPath } from "node:url";
import { Worker, isMainThread, workerData } from "node:worker_threads";
import { EdgeRuntime } from "edge-runtime";
import got from "got";
import * as undici from "undici";

const host = "api.segment.io", path = "/v1/identify", url = `https://${host}${path}`;
const headers = { "content-type": "application/json" };
const body = (way) => JSON.stringify({ userId: way, traits: { way } });
const post = (way) => ({ method: "POST", headers, body: body(way) });
const ofRequest = (request, way) => new Promise((done, fail) => {
  request.on("response", (answer) => answer.resume().on("end", () => done(answer.statusCode))).on("error", fail);
  request.end(body(way));
});
const ofSession = (session, way) => new Promise((done, fail) => {
  session.on("error", fail);
  const stream = session.request({ ":method": "POST", ":path": path, ...headers });
  stream.on("response", (answer) => { session.close(); done(answer[":status"]); }).on("error", fail);
  stream.end(body(way));
});
const ofSocket = (socket, way) => new Promise((done, fail) => {
  socket.on("error", fail).once("data", (data) => { socket.destroy(); done(Number(String(data).split(" ")[1])); });
  socket.write(`POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${Buffer.byteLength(body(way))}\r\n\r\n${body(way)}`);
});
const edge = (way) => new EdgeRuntime().evaluate(`fetch(${JSON.stringify(url)}, ${JSON.stringify(post(way))}).then((a) => a.status)`);

const ways = {
  fetch: async (way) => (await fetch(url, post(way))).status,
  "https.request": (way) => ofRequest(https.request(url, { method: "POST", headers }), way),
  "https.request with a ca": (way) => ofRequest(https.request(url, { method: "POST", headers, agent: new https.Agent({ ca: rootCertificates }) }), way),
  "http.request": (way) => ofRequest(httpRequest({ host, path, method: "POST", headers }), way),
  "undici.fetch": async (way) => (await undici.fetch(url, post(way))).status,
  "undici.request": async (way) => (await undici.request(url, post(way))).statusCode,
  "undici Agent": async (way) => (await undici.request(url, { ...post(way), dispatcher: new undici.Agent({ connect: { ca: [...rootCertificates] } }) })).statusCode,
  "undici Pool": async (way) => (await new undici.Pool(`https://${host}`).request({ path, ...post(way) })).statusCode,
  "undici Client h2": async (way) => (await new undici.Client(`https://${host}`, { allowH2: true }).request({ path, ...post(way) })).statusCode,
  "undici required": async (way) => (await createRequire(import.meta.url)("undici").request(url, post(way))).statusCode,
  http2: (way) => ofSession(http2.connect(`https://${host}`), way),
  "http2 imported by name": (way) => ofSession(http2Connect(new URL(url)), way),
  got: async (way) => (await got.post(url, { headers, body: body(way), retry: { limit: 0 } })).statusCode,
  "got http2": async (way) => (await got.post(url, { http2: true, headers, body: body(way), retry: { limit: 0 } })).statusCode,
  "tls.connect": (way) => ofSocket(tlsConnect({ host, port: 443, servername: host }), way),
  "tls.connect without servername": (way) => ofSocket(tlsConnect(443, host), way),
  "net.connect": (way) => ofSocket(net.connect(80, host), way),
  "edge runtime": edge,
};

async function here(prefix) {
  for (const [way, send] of Object.entries(ways)) {
    const late = new Promise((_, fail) => setTimeout(fail, 10000, new Error("no answer within 10 s")).unref());
    const status = await Promise.race([send(prefix + way), late]).catch((error) => `${error.name}: ${error.message} ${error.cause ?? ""}`);
    console.log(prefix + way, status);
  }
}

if (!isMainThread) {
  await here(workerData);
} else if (process.argv[2]) {
  await here(process.argv[2]);
} else {
  await here("");
  await new Promise((done) => new Worker(fileURLToPath(import.meta.url), { workerData: "worker " }).on("exit", done));
  await new Promise((done) => fork(fileURLToPath(import.meta.url), ["child "]).on("exit", done));
  const to = new URL(process.env.OTHER);
  const other = tlsConnect({ host: to.hostname, port: to.port, rejectUnauthorized: false }, () => {
    console.log("other", other.getPeerX509Certificate().fingerprint256.replaceAll(":", "").toLowerCase());
    other.end();
  });
}
process.exitCode = 0;
setTimeout(process.exit, 300).unref();
