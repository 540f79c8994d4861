// Pendo's own browser agent (npm @pendo/agent) in jsdom, as something to ask: what it makes of ids and metadata.
// A line is a JSON array of texts, each {"visitor": {id, ...}, "account": {id, ...}}; the answer is an array of verdicts.
// It reaches no network: fetch and XMLHttpRequest are stubs. The agent bears no licence, so it is installed for tests only.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const { JSDOM, VirtualConsole } = require('jsdom');

const MODULE = path.join(__dirname, 'node_modules/@pendo/agent/dist/pendo.module.js');
const KEY = '00000000-0000-0000-0000-000000000000';

async function start() {
  const options = { url: 'https://app.example.com/', runScripts: 'outside-only', virtualConsole: new VirtualConsole() };
  const { window } = new JSDOM('<!doctype html><title>test</title>', options);
  window.fetch = () => new Promise(() => {});
  window.XMLHttpRequest = class {
    open() {}
    setRequestHeader() {}
    addEventListener() {}
    abort() {}
    send() {}
  };
  const source = fs.readFileSync(MODULE, 'utf8').replace(/^export \{[^}]*\};?\s*$/m, '');
  window.eval(`${source}\n;window.__loadAgent = loadAgent;`);
  const settings = { apiKey: KEY, env: 'io', loadAsModule: true, dataHost: 'data.pendo.io', assetHost: 'cdn.pendo.io' };
  const agent = await window.__loadAgent(settings);
  agent.initialize({ apiKey: KEY, visitor: { id: 'first' } });
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return { window, agent };
}

// The id as the agent took it, or null where it made one of its own or none.
const taken = (given, id) => (['string', 'number'].includes(typeof given) && id === `${given}` ? id : null);

function verdict({ window, agent }, text) {
  // Parsed inside the window: an object of another realm is none to the agent.
  const { visitor, account } = window.JSON.parse(text);
  const [visitorId, accountId] = [visitor.id, account.id];
  agent.clearSession();
  agent.updateOptions({ visitor, account });
  const said = agent.validateInstall(true);
  const keys = (type, ending) =>
    said.filter((one) => one.type === type && one.message.endsWith(ending)).map((one) => one.message.slice(0, -ending.length));
  const about = (kind) => ({
    conflicts: said.filter((one) => one.type === `${kind}MetadataConflict`).map((one) => one.value),
    ignored: keys(`${kind}Metadata`, ' is an object and will be ignored.'),
    holding: keys(`${kind}Metadata`, ' contains object values. The objects will be ignored.'),
  });
  return {
    visitorId: taken(visitorId, agent.getVisitorId()),
    accountId: taken(accountId, agent.getAccountId()),
    exampleAccount: said.some((one) => one.type === 'exampleAccountId'),
    anonymous: said.some((one) => one.type === 'isAnonymousVisitor'),
    visitor: about('visitor'),
    account: about('account'),
  };
}

start().then((running) => {
  const lines = readline.createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    const answers = JSON.parse(line).map((text) => {
      try {
        return verdict(running, text);
      } catch (error) {
        return { error: String(error) };
      }
    });
    process.stdout.write(`${JSON.stringify(answers)}\n`);
  });
  lines.on('close', () => process.exit(0));
});
