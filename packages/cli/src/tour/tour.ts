// The tour, from its first word to its last: six steps, each with the command that does the same.
import { readFile } from 'node:fs/promises';
import { exits, type ExitCode } from '../exit.ts';
import { row, type Line } from '../line.ts';
import { answerHardware, askForHardware, greedy, simulator } from './asks.ts';
import type { Circuit } from './circuit.ts';
import { farewell } from './farewell.ts';
import { Keepsakes } from './keepsakes.ts';
import { dewar, project, quoted, short } from './places.ts';
import { proof } from './proof.ts';
import type { Scene } from './scene.ts';
import { Stage } from './stage.ts';
import { rehearse, tamper } from './tamper.ts';
import type { Throwaway } from './throwaway.ts';

export interface Wishes {
  readonly circuit: Circuit;
  readonly yes: boolean;
  readonly step: boolean;
  /** The person's own environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export async function tour(throwaway: Throwaway, wishes: Wishes): Promise<ExitCode> {
  const { context } = throwaway;
  const stage = new Stage(context, { step: wishes.step, total: 6 });
  const keep = await Keepsakes.make(context.signal);
  try {
    opening(stage, throwaway, keep, wishes);
    const { scene, keyFile } = await begin(throwaway, stage, keep, wishes);
    const { circuit } = wishes;
    const file = await keep.circuit(circuit.name, circuit.source, circuit.own === undefined ? "the tour's circuit" : 'your circuit');
    await simulator(scene, file);
    const asked = await askForHardware(scene, file);
    // Simulating what step 5 needs takes no longer than reading the card.
    const rehearsal = await rehearse(scene, { file, fit: asked.job.status === 'waiting' });
    const saidNo = !(await answerHardware(scene, asked));
    await greedy(scene, file);
    await tamper(scene, rehearsal, saidNo);
    await proof(scene, keyFile);
    await farewell(scene, wishes.env);
    await stage.enter();
  } finally {
    await keep.close();
  }
  return exits.ok;
}

function opening(stage: Stage, { home }: Throwaway, keep: Keepsakes, { circuit, step, yes }: Wishes): void {
  const { columns } = stage;
  const bullet = (label: string, text: string): readonly Line[] => row(label, text, columns);
  stage.lines([[{ text: 'Dewar: an agent runs quantum experiments, you keep the keys and the money', tone: 'strong' }], '']);
  stage.lines([
    ...bullet('Does', 'six steps on this machine: no network, no real hardware or money'),
    ...bullet('Circuit', circuit.own === undefined ? short(`${project}/examples/circuits/bell.qasm`) : circuit.own),
    ...bullet('Home', `${home}, removed at the end; your own Dewar home is not touched`),
    ...bullet('Keeps', `receipts and circuits in ${short(keep.path)}/`),
    ...bullet('Stop', 'Ctrl-C at any time; nothing stays running'),
  ]);
  if (!stage.hasPerson && !yes) stage.lines(bullet('Approval', 'there is no terminal to ask at: the tour approves by itself'));
  if (yes) stage.lines(bullet('Approval', 'with --yes the tour approves by itself'));
  if (step && !stage.hasPerson) stage.lines(bullet('--step', 'needs a terminal: the steps follow without waiting'));
  stage.lines(['']);
  stage.say('Until containment lands, an agent runs as you: it could read your files and approve its own jobs. The approvals here stop mistakes, not a hostile agent.');
}

/** Step 1: the broker and the agent. */
async function begin(throwaway: Throwaway, stage: Stage, keep: Keepsakes, { circuit, yes }: Wishes): Promise<{ readonly scene: Scene; readonly keyFile: string }> {
  const { context, home } = throwaway;
  await stage.step('A broker starts, and an agent that holds no key');
  const { status, trust } = await throwaway.start();
  const keyFile = await keep.keys(trust);
  const session = await context.control.createSession({ name: 'tour' }, { signal: context.signal });
  const agent = throwaway.agent(session.socket);
  stage.lines([
    ...row('Broker', `process ${status.pid}; it alone holds keys, budgets and journal`, stage.columns),
    ...row('Agent', `process ${agent.pid}; it holds no key. Its whole environment is:`, stage.columns), ...row('', await environmentOf(agent.pid, session.socket), stage.columns),
  ]);
  stage.say('To try any command below yourself while the tour lasts, begin in another terminal with:');
  stage.command(`cd ${quoted(process.cwd())}`, `export DEWAR_HOME=${quoted(home)}`, dewar('status'));
  const approvesItself = yes ? '--yes was given' : stage.hasPerson ? null : 'there is no terminal to ask at';
  return { keyFile, scene: { context, stage, keep, agent, trust, circuit, approvesItself, receipts: [] } };
}

/** As the kernel has it, so that it is no mere claim. */
async function environmentOf(pid: number, socket: string): Promise<string> {
  const text = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => `DEWAR_SOCKET=${socket}`);
  return text.split('\0').filter((entry) => entry !== '').join(' ');
}
