// A mock server that a team with Node would pick: it answers locally, and keeps nothing that we ask it for.
import { getLocal } from 'mockttp';

const server = getLocal({ recordTraffic: false, maxBodySize: 2 ** 20 });
await server.start(Number(process.argv[2]));
const answer = JSON.stringify({ success: true });
const headers = { 'Content-Type': 'application/json', 'Content-Length': `${answer.length}` };
await server.forPost().thenReply(200, answer, headers);
process.on('SIGTERM', () => server.stop().then(() => process.exit(0)));
