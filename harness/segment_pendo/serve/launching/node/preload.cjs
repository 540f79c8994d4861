"use strict";
// Preloaded into Node by `segment-pendo run -- CMD`: connections to Segment's hosts go to its tunnel, whichever client makes them
// (fetch, http, https, http2, undici, got), and TLS with them trusts our CA as well. Every other connection is left alone.
(() => {
  const { SEGMENT_PENDO_TUNNEL: tunnel, SEGMENT_PENDO_CA: authority } = process.env;
  const hosts = new Set((process.env.SEGMENT_PENDO_HOSTS || "").toLowerCase().split(",").filter(Boolean));
  if (!tunnel || hosts.size === 0) return;
  const [, host, port] = /^(.*):(\d+)$/.exec(tunnel);
  const net = require("node:net");
  const tls = require("node:tls");
  const isSegment = (name) => typeof name === "string" && hosts.has(name.toLowerCase().replace(/\.$/, ""));
  let certificate;
  const ours = () => (certificate ??= require("node:fs").readFileSync(authority, "utf8"));

  // Every client ends here: net.connect, tls.connect and what is built on them.
  const connect = net.Socket.prototype.connect;
  net.Socket.prototype.connect = function (...args) {
    const given = Array.isArray(args[0]) ? args[0] : net._normalizeArgs(args);
    if (!isSegment(given[0]?.host)) return connect.apply(this, args);
    const moved = { ...given[0], host, port: Number(port), path: undefined, lookup: undefined };
    Object.defineProperty(this, "remotePort", { value: Number(given[0].port), configurable: true }); // HTTP/2 makes the origin of it
    return Array.isArray(args[0]) ? (args[0][0] = moved, connect.apply(this, args)) : connect.call(this, moved, given[1]);
  };

  const realConnect = tls.connect;
  tls.connect = function (...args) {
    const [options, callback] = net._normalizeArgs(args);
    const more = typeof args[1] === "object" ? args[1] : typeof args[2] === "object" ? args[2] : {}; // tls.connect(port, host, options)
    const asked = { ...options, ...more };
    if (!isSegment(asked.servername || asked.host)) return realConnect.apply(this, args);
    asked.servername ||= asked.host; // by it the tunnel knows the host
    if (asked.secureContext) asked.secureContext.context.addCACert(ours());
    else asked.ca = [].concat(asked.ca ?? tls.rootCertificates, ours());
    return realConnect.call(this, asked, callback);
  };
  require("node:module").syncBuiltinESMExports();
})();
