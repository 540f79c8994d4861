"use strict";
// Preloaded into Bun by `segment-pendo run -- CMD`: requests for Segment's hosts go to SEGMENT_PENDO_URL instead,
// whether by fetch, http or https; every other request is left alone.
(() => {
  const home = process.env.SEGMENT_PENDO_URL;
  const hosts = new Set((process.env.SEGMENT_PENDO_HOSTS || "").toLowerCase().split(",").filter(Boolean));
  if (!home || hosts.size === 0) return;
  const base = new URL(home);
  const http = require("node:http");
  const https = require("node:https");
  const { urlToHttpOptions } = require("node:url");
  const isSegment = (name) => hosts.has(String(name).toLowerCase().replace(/\.$/, ""));

  const realFetch = globalThis.fetch;
  if (realFetch) {
    globalThis.fetch = function fetch(input, init) {
      let url;
      try {
        url = new URL(input instanceof Request ? input.url : String(input));
      } catch {
        return realFetch.call(this, input, init); // the real fetch says what is wrong with it
      }
      if (!/^https?:$/.test(url.protocol) || !isSegment(url.hostname)) return realFetch.call(this, input, init);
      const moved = new URL(url.pathname + url.search, base);
      return realFetch.call(this, input instanceof Request ? new Request(moved, input) : moved, init);
    };
  }

  // request(url[, options][, callback]) and request(options[, callback]) as options and callback, or null for other hosts.
  function repointed(args) {
    const rest = [...args];
    const callback = typeof rest.at(-1) === "function" ? rest.pop() : undefined;
    let options = {};
    try {
      if (typeof rest[0] === "string" || rest[0] instanceof URL) options = urlToHttpOptions(new URL(rest.shift()));
    } catch {
      return null;
    }
    options = { ...options, ...rest[0] };
    const name = options.hostname || String(options.host || "").replace(/:\d+$/, "");
    if (!isSegment(name)) return null;
    for (const key of ["agent", "socketPath", "servername", "lookup", "createConnection", "defaultPort", "_defaultAgent", "href", "origin"]) {
      delete options[key]; // they belong to the connection that is not made
    }
    const where = { protocol: base.protocol, hostname: base.hostname.replace(/^\[|\]$/g, ""), host: undefined, port: base.port };
    return [{ ...options, ...where }, callback];
  }

  const realRequest = http.request;
  for (const module of [http, https]) {
    const { request, get } = module;
    module.request = function (...args) {
      const to = repointed(args);
      return to ? realRequest(...to) : request.apply(this, args);
    };
    module.get = function (...args) {
      const to = repointed(args);
      if (!to) return get.apply(this, args);
      const request = realRequest(...to);
      request.end();
      return request;
    };
  }
  require("node:module").syncBuiltinESMExports?.();
})();
