// What happens, as it happens: server-sent events, or a question every second where there are none.

const SLOWLY = 1000;

// Tell `heard` each event, and `changed` whether this is live; `ask` is called where there is no stream.
export function listen({ heard, changed, ask }) {
  let timer = 0;
  let failures = 0;
  const poll = async () => {
    const isThere = await ask().then(() => true, () => false);
    changed(isThere);
    timer = setTimeout(poll, SLOWLY);
  };
  const source = new EventSource("/_/stream");
  const take = (event) => {
    for (const line of String(event.data).split("\n")) {
      if (!line.trim()) continue;
      try {
        heard(JSON.parse(line));
      } catch {
        // a line that is no JSON says nothing
      }
    }
  };
  for (const kind of ["message", "ready", "call", "delivery", "refused"]) source.addEventListener(kind, take);
  source.addEventListener("open", () => {
    failures = 0;
    clearTimeout(timer);
    timer = 0;
    changed(true);
    heard({ event: "open" });
  });
  source.addEventListener("error", () => {
    failures += 1;
    changed(false);
    // A closed source does not come back: this server has no stream.
    if (source.readyState === EventSource.CLOSED && !timer) poll();
  });
}
