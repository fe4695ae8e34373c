// A broker with its TCP door open, a token of a session, and a bell circuit that is uploaded: what a client is handed.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { at, call, textAt, type TestHome } from '../e2e/broker-process.ts';

export const bellFile = new URL('../../examples/circuits/bell.qasm', import.meta.url);

export interface OpenDoor {
  readonly home: TestHome;
  readonly url: string;
  readonly port: number;
  readonly certificateFile: string;
  readonly token: string;
  readonly digest: string;
}

export async function openDoorOf(home: TestHome): Promise<OpenDoor> {
  await home.start();
  const opened = await call(home.control, 'POST', '/v1/tcp', { port: 0 });
  assert.equal(opened.status, 200, opened.text);
  const token = textAt((await call(home.control, 'POST', '/v1/sessions/default/tokens')).json, 'token');
  const digest = textAt((await call(home.session(), 'PUT', '/v1/artifacts', readFileSync(bellFile))).json, 'digest');
  return { home, url: textAt(opened.json, 'tcp', 'url'), port: Number(at(opened.json, 'tcp', 'port')), certificateFile: textAt(opened.json, 'tcp', 'certificate_file'), token, digest };
}
