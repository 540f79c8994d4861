// The ways in which Node programs make requests, each to a host of Segment and one to another host.
import { fork } from "node:child_process";
import { get as httpGet, request as httpRequest } from "node:http";
import https, { request as httpsRequest } from "node:https";
import { fileURLToPath } from "node:url";
import { Worker, isMainThread, workerData } from "node:worker_threads";
import axios from "axios";

const url = "https://api.segment.io/v1/identify";
const body = (way) => JSON.stringify({ userId: way, traits: { way } });
const ended = (request, way) => new Promise((done, fail) => {
  request.on("response", (answer) => answer.resume().on("end", () => (answer.statusCode === 200 ? done() : fail(new Error(`${way} ${answer.statusCode}`)))));
  request.on("error", fail);
  request.end(body(way));
});
const post = { method: "POST", headers: { "Content-Type": "application/json" } };

const ways = {
  fetch: (way) => fetch(url, { ...post, body: body(way) }),
  "fetch URL": (way) => fetch(new URL(url), { ...post, body: body(way) }),
  "fetch Request": (way) => fetch(new Request(url, { ...post, body: body(way) })),
  "https.request url": (way) => ended(https.request(url, post), way),
  "https.request options": (way) => ended(httpsRequest({ hostname: "api.segment.io", path: "/v1/identify", agent: new https.Agent(), ...post }), way),
  "http.request host": (way) => ended(httpRequest({ host: "api.segment.io", path: "/v1/identify", ...post }), way),
  axios: (way) => axios.post(url, body(way), { headers: post.headers }),
};

async function here(prefix) {
  for (const [way, send] of Object.entries(ways)) await send(prefix + way);
}

if (!isMainThread) {
  await here(workerData);
} else if (process.argv[2]) {
  await here(process.argv[2]);
} else {
  await here("");
  await new Promise((done, fail) => new Worker(fileURLToPath(import.meta.url), { workerData: "worker " }).on("exit", (code) => (code ? fail(code) : done())));
  await new Promise((done, fail) => fork(fileURLToPath(import.meta.url), ["child "]).on("exit", (code) => (code ? fail(code) : done())));
  await new Promise((done, fail) => httpGet(process.env.OTHER, (answer) => answer.resume().on("end", done)).on("error", fail));
  if (!(await fetch(process.env.OTHER)).ok) throw new Error("another host was not reached");
}
