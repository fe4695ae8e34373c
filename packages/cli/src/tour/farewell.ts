// The last lines of the tour: what this person can do next, as commands that work as they stand.
import { readFile } from 'node:fs/promises';
import { sessionSocket } from '@dewar/protocol';
import { homeFrom } from '../context.ts';
import type { Scene } from './scene.ts';
import { dewar, project, quoted, short } from './places.ts';

export async function farewell({ circuit, keep, receipts, stage }: Scene, env: Readonly<Record<string, string | undefined>>): Promise<void> {
  stage.lines(['', [{ text: 'What stays', tone: 'strong' }]]);
  stage.say(`${short(keep.path)} holds the circuits, specs, receipts and public keys; README.md in it says what is what. This works without the tour:`);
  const last = receipts.at(-1);
  if (last !== undefined) stage.command(keep.verifyCommand(last.file));

  stage.lines(['', [{ text: circuit.own === undefined ? 'Your own circuit' : 'Your circuit, with a broker that stays', tone: 'strong' }]]);
  if (circuit.own === undefined) stage.command('npm start -- path/to/your.qasm');
  else stage.command(dewar('up'), dewar('run', short(`${keep.path}/circuits/${circuit.name}`), '--backend', 'simulator'));

  stage.lines(['', [{ text: 'Your own agent', tone: 'strong' }]]);
  stage.say('Start a broker and give the agent the socket of a session, nothing else:');
  const socket = sessionSocket(homeFrom(env), 'default');
  const script = short(`${project}/examples/agent_create_job.py`);
  const example = (path: string): string => quoted(short(`${project}/examples/${path}`));
  stage.command(
    ...(circuit.own === undefined ? [dewar('up')] : []), `export DEWAR_SOCKET=${quoted(socket)}`, 'export IBM_QISKIT_BROKER_URL=unix://$DEWAR_SOCKET',
    `python3 ${quoted(script)} --spec ${example('specs/simulator.json')} --circuit ${example('circuits/bell.qasm')} --wait`,
  );

  stage.lines(['', [{ text: 'Your own policy', tone: 'strong' }]]);
  const line = await shotsLine();
  const own = `${homeFrom(env).config}/policy`;
  stage.say(`The rules and their limits are files. This puts those of the default policy into ${own}, where line ${line} of data.json sets the shots a QPU job may have. A save there is checked, and some seconds later in force or refused; diff says first what another policy would have decided:`);
  stage.command(dewar('policy', 'use', 'default'), `sed -n ${line}p ${quoted(`${own}/data.json`)}`, dewar('policy', 'diff', 'lab'), dewar('policy', 'show'));
}

const policyLimits = 'policies/default/data.json';

async function shotsLine(): Promise<number> {
  const text = await readFile(`${project}/${policyLimits}`, 'utf8');
  return text.split('\n').findIndex((line) => line.includes('"qpu_shots":')) + 1;
}
