// How each SDK is pointed at this instance, with its own addresses. `segment-pendo init` reads the same sdks.json.

const SDKS = await (await fetch("/_/page/sdks.json")).json();

// Return [name, note, snippet][]; `tls` and `ca` are the address of the TLS port and the file of the CA, where there are.
export function snippets(origin, { tls, ca } = {}) {
  const { hostname: host, port } = new URL(origin);
  const secure = new URL(tls || "https://127.0.0.1:4172");
  const values = {
    origin, host, port, secure: secure.host, secure_host: secure.hostname, secure_port: secure.port,
    needs_tls: tls ? `over TLS, at ${secure.host}` : "insists on TLS: start with `segment-pendo run --tls-port 4172`",
    ca: ca || "$(segment-pendo ca path)",
  };
  const filled = (text) => text.replace(/\{\{(\w+)\}\}/g, (_, name) => values[name]);
  return SDKS.map(({ name, note, snippet }) => [name, filled(note), filled(snippet.join("\n"))]);
}
