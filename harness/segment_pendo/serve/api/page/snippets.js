// How each SDK is pointed at this instance, with its own addresses.

const CA = "$(segment-pendo ca path)";

// Return [name, note, snippet][]; `tls` and `ca` are the address of the TLS port and the file of the CA, where there are.
export function snippets(origin, { tls, ca } = {}) {
  const { hostname: host, port } = new URL(origin);
  const secure = new URL(tls || "https://127.0.0.1:4172");
  const needsTls = tls ? `over TLS, at ${secure.host}` : "insists on TLS: start with `segment-pendo run --tls-port 4172`";
  const trust = ca || CA;
  return [
    ["Python", "segment-analytics-python 2", `import segment.analytics as analytics

analytics.write_key = "WRITE_KEY"
analytics.host = "${origin}"
analytics.identify("ann", {"firstName": "Ann", "plan": "pro"})
analytics.flush()`],
    ["Node", "@segment/analytics-node", `import { Analytics } from "@segment/analytics-node";

const analytics = new Analytics({ writeKey: "WRITE_KEY", host: "${origin}" });
analytics.identify({ userId: "ann", traits: { firstName: "Ann", plan: "pro" } });
await analytics.closeAndFlush();`],
    ["Browser", "@segment/analytics-next; cdnURL is where its settings come from, apiHost where calls go", `import { AnalyticsBrowser } from "@segment/analytics-next";

const analytics = AnalyticsBrowser.load(
  { writeKey: "WRITE_KEY", cdnURL: "${origin}" },
  { integrations: { "Segment.io": { apiHost: "${host}:${port}/v1", protocol: "http" } } },
);
analytics.identify("ann", { firstName: "Ann", plan: "pro" });`],
    ["Ruby", `analytics-ruby ${needsTls}`, `# SSL_CERT_FILE=${trust} ruby app.rb
analytics = Segment::Analytics.new(write_key: "WRITE_KEY", host: "${secure.hostname}", port: ${secure.port})
analytics.identify(user_id: "ann", traits: { firstName: "Ann", plan: "pro" })
analytics.flush`],
    ["Go", "analytics-go 3; no slash at the end of the address", `client, _ := analytics.NewWithConfig("WRITE_KEY", analytics.Config{Endpoint: "${origin}"})
defer client.Close()
client.Enqueue(analytics.Identify{
\tUserId: "ann",
\tTraits: analytics.NewTraits().Set("firstName", "Ann").Set("plan", "pro"),
})`],
    ["PHP", `analytics-php ${needsTls}`, `// php -d curl.cainfo=${trust} app.php
Segment\\Segment::init("WRITE_KEY", ["host" => "${secure.host}", "consumer" => "lib_curl"]);
Segment\\Segment::identify(["userId" => "ann", "traits" => ["firstName" => "Ann", "plan" => "pro"]]);
Segment\\Segment::flush();`],
    ["Java", "analytics-java", `Analytics analytics = Analytics.builder("WRITE_KEY").endpoint("${origin}").build();
analytics.enqueue(IdentifyMessage.builder().userId("ann").traits(Map.of("firstName", "Ann", "plan", "pro")));
analytics.flush();`],
    ["iOS", `analytics-swift ${needsTls}; the simulator shares this machine's loopback`, `// xcrun simctl keychain booted add-root-cert ${trust}
let analytics = Analytics(configuration: Configuration(writeKey: "WRITE_KEY")
  .apiHost("${secure.host}/v1")
  .cdnHost("${secure.host}/v1"))
analytics.identify(userId: "ann", traits: ["firstName": "Ann", "plan": "pro"])
analytics.flush()`],
    ["Android", "analytics-kotlin; the emulator reaches this machine at 10.0.2.2, and must allow cleartext traffic to it", `val analytics = Analytics("WRITE_KEY", applicationContext) {
  requestFactory = object : RequestFactory() {
    override fun settings(cdnHost: String, writeKey: String) =
      openConnection("http://10.0.2.2:${port}/v1/projects/$writeKey/settings")
    override fun upload(apiHost: String) =
      openConnection("http://10.0.2.2:${port}/v1/b").apply { doOutput = true }
  }
}
analytics.identify("ann", buildJsonObject { put("firstName", "Ann"); put("plan", "pro") })
analytics.flush()`],
    ["React Native", "@segment/analytics-react-native; without allowInsecureProxy it sends to the real Segment", `const client = createClient({
  writeKey: "WRITE_KEY",
  proxy: "${origin}/v1", // Android's emulator: http://10.0.2.2:${port}/v1
  cdnProxy: "${origin}/v1",
  useSegmentEndpoints: true,
  allowInsecureProxy: true,
});
await client.identify("ann", { firstName: "Ann", plan: "pro" });`],
    ["Docker", "SEGMENT_HOST stands for however your app takes the SDK's host", `# Docker Desktop reaches this machine's loopback:
docker run -e SEGMENT_HOST=http://host.docker.internal:${port} your-app
# Linux: share the machine's network.
docker run --network host -e SEGMENT_HOST=${origin} your-app`],
    ["Any program", "proxy and CA variables are set for it, nothing else changes", `segment-pendo run -- npm start
segment-pendo run -- python app.py`],
    ["curl", "Segment's HTTP API", `curl -u WRITE_KEY: ${origin}/v1/identify -H 'Content-Type: application/json' \\
  -d '{"userId": "ann", "traits": {"firstName": "Ann", "plan": "pro"}}'`],
  ];
}
