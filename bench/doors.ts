// How long one small question takes at each door, one after another, with the broker's process and the caller's on one machine. `--count N` asks N times.
import { readFileSync } from 'node:fs';
import { Agent as HttpsAgent, request as https, type RequestOptions } from 'node:https';
import { Agent, request as http } from 'node:http';
import { parseArgs } from 'node:util';
import { call, TestHome, textAt, at } from '../test/e2e/broker-process.ts';
import { agentOn } from '../test/e2e/mcp-process.ts';

const { values } = parseArgs({ options: { count: { type: 'string', default: '1000' } } });
const count = Math.max(1, Number(values.count) || 1);

function ask(send: typeof http | typeof https, options: RequestOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    send(options, (answer) => answer.resume().on('end', resolve)).on('error', reject).end();
  });
}

async function median(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < count + 5; index += 1) {
    const began = performance.now();
    await work();
    // The first few open connections and warm code.
    if (index >= 5) times.push(performance.now() - began);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
}

const home = new TestHome();
try {
  await home.start();
  const opened = (await call(home.control, 'POST', '/v1/tcp', { port: 0 })).json;
  const token = textAt((await call(home.control, 'POST', '/v1/sessions/default/tokens')).json, 'token');
  const ca = readFileSync(textAt(opened, 'tcp', 'certificate_file'));
  const port = Number(at(opened, 'tcp', 'port'));
  const kept = new Agent({ keepAlive: true, maxSockets: 1 });
  const keptTls = new HttpsAgent({ keepAlive: true, maxSockets: 1, ca });
  const path = '/v1/backends';
  const tls = { host: 'localhost', port, path, ca, headers: { authorization: `Bearer ${token}` } };
  const agent = await agentOn(home);
  const rows: readonly (readonly [string, number])[] = [
    ['UNIX socket, connection kept', await median(() => ask(http, { socketPath: home.session(), path, agent: kept, headers: { host: 'dewar' } }))],
    ['UNIX socket, a connection each', await median(() => ask(http, { socketPath: home.session(), path, agent: false, headers: { host: 'dewar' } }))],
    ['TCP door, connection kept', await median(() => ask(https, { ...tls, agent: keptTls }))],
    ['TCP door, a connection each', await median(() => ask(https, { ...tls, agent: false }))],
    ['MCP, list_backends', await median(() => agent.call('list_backends'))],
  ];
  await agent.close();
  kept.destroy();
  keptTls.destroy();
  const base = rows[0]?.[1] ?? 1;
  console.log(`${'door'.padEnd(32)}median ms     ratio`);
  for (const [name, ms] of rows) console.log(`${name.padEnd(32)}${ms.toFixed(2).padStart(9)}${(ms / base).toFixed(1).padStart(10)}`);
} finally {
  await home.close();
}
