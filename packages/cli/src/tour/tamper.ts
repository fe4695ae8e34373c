// Step 5: an approved job waits in the device's line, its stored circuit is changed by one bit, and the grant refuses.
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { formatMoney, type Digest } from '@dewar/protocol';
import { shortDigest } from '../job-text.ts';
import { row } from '../line.ts';
import { qpu } from './asks.ts';
import { flipOf, tourCircuit, type Circuit, type Flip, copyOf } from './circuit.ts';
import { dewar } from './places.ts';
import { approveByTour, denialLines, head, receiptRow, settled, submit, unexpected, type Receipt, type Scene, type Submitted } from './scene.ts';

/** Few, for they are of no interest. */
const shots = 100;

/** What the step needs beforehand: two circuits that were simulated, for hardware wants that first. */
export interface Rehearsal {
  readonly first: { readonly circuit: Circuit; readonly file: string };
  readonly second: { readonly circuit: Circuit; readonly file: string };
  readonly simulations: readonly { readonly submitted: Submitted; readonly name: string }[];
}

/** Lets the agent simulate what step 5 needs while other things go on. Where the person's circuit cannot go to the device, the Bell pair does. */
export async function rehearse(scene: Scene, own: { readonly file: string; readonly fit: boolean }): Promise<Rehearsal> {
  const { keep } = scene;
  const ownCopy = own.fit ? copyOf(scene.circuit) : undefined;
  const original = ownCopy === undefined ? await tourCircuit() : scene.circuit;
  const copy = ownCopy ?? copyOf(original);
  if (copy === undefined) throw unexpected('a small circuit', `${original.source.length} bytes`);
  const file = ownCopy === undefined ? await keep.circuit('tour-bell.qasm', original.source, "the tour's own circuit, for step 5") : own.file;
  const copyFile = await keep.circuit(copy.name, copy.source, 'the same with one comment more, as approved in step 5');
  const simulations: { submitted: Submitted; name: string }[] = [];
  for (const each of [...(ownCopy === undefined ? [{ circuit: original, file, name: 'bell-simulated' }] : []), { circuit: copy, file: copyFile, name: 'copy-simulated' }]) {
    simulations.push({ name: each.name, submitted: await submit(scene, { ...each, backend: 'simulator', shots, about: `${each.circuit.name} on the simulator, before step 5` }) });
  }
  return { first: { circuit: original, file }, second: { circuit: copy, file: copyFile }, simulations };
}

/** @param saidNo a person said no to hardware before: then the tour approves nothing without one */
export async function tamper(scene: Scene, rehearsal: Rehearsal, saidNo: boolean): Promise<void> {
  const { context: { control, signal }, stage } = scene;
  await stage.step('An approved circuit is changed by one bit');
  for (const { submitted, name } of rehearsal.simulations) await settled(scene, submitted, name, 'a circuit of step 5 on the simulator');
  if (rehearsal.first.circuit !== scene.circuit) stage.say("Your circuit did not come to an approval, so this step takes the tour's own.");
  stage.say(`The practice QPU takes one job at a time. The agent asks for two: ${rehearsal.first.circuit.name}, and a copy with one comment more, which it has simulated meanwhile. The first will hold the device, the second wait in line.`);
  stage.command(...[rehearsal.first, rehearsal.second].map(({ file }) => dewar('run', file, '--backend', qpu, '--shots', String(shots), '--no-wait')));
  const [first, second] = [await ask(scene, rehearsal, 'first'), await ask(scene, rehearsal, 'second')];
  if (saidNo && !(await mayApprove(scene, [first, second]))) return;
  if (!saidNo) {
    stage.lines(['']);
    stage.say('The tour approves both by itself.');
  }
  stage.command(dewar('approve', first.id, '--yes'), dewar('approve', second.id, '--yes'));
  await approveByTour(scene, first);
  await approveByTour(scene, second);
  const flip = await flipStored(scene, rehearsal.second.circuit);
  const waiting = await control.job(second.id, { signal });
  if (waiting.status !== 'queued') throw unexpected('the second job to wait in line', waiting.status);
  stage.lines(['', head(waiting)]);
  showFlip(scene, rehearsal.second.circuit, flip);
  stage.lines(['']);
  stage.say('The tour cancels the first, so that the turn of the second comes at once:');
  await control.cancel(first.id, { signal });
  stage.command(dewar('cancel', first.id));
  await settled(scene, first, 'first-cancelled', 'the job that held the device, cancelled');
  const { job, receipt } = await settled(scene, second, 'changed-circuit-refused', 'the approved job whose circuit was changed, refused at the grant');
  const rule = ruleOf(receipt);
  stage.lines([
    '', head(job), ...row('Rules', rule, stage.columns, 'bad'), ...denialLines(job, stage.columns),
    ...row('Cost', 'nothing: what was reserved is released', stage.columns), ...receiptRow(receipt, stage.columns),
  ]);
  stage.command(dewar('logs', job.job_id));
  if (rule !== 'grant.artifact_digest_mismatch') throw unexpected('grant.artifact_digest_mismatch', rule);
}

/** Asks the person who said no before; another no is one to both jobs. */
async function mayApprove(scene: Scene, jobs: readonly Submitted[]): Promise<boolean> {
  const { context: { control, signal }, stage } = scene;
  const prices = jobs.map(({ job: { quote } }) => (quote.kind === 'priced' ? formatMoney(quote.amount) : 'free'));
  stage.say(`Both need an approval, at most ${prices.join(' and ')} of practice money. After your no the tour approves nothing by itself.`);
  if (await stage.saysYes('Approve both? Type yes or no: ')) return true;
  for (const [index, submitted] of jobs.entries()) {
    await control.deny(submitted.id, 'the person at the terminal said no', { signal });
    await settled(scene, submitted, `${index === 0 ? 'first' : 'second'}-refused`, "a job of step 5, refused by a person's no");
  }
  stage.say('Both are refused, with receipts. No approved job waits, so there is nothing to change.');
  return false;
}

async function ask(scene: Scene, rehearsal: Rehearsal, which: 'first' | 'second'): Promise<Submitted> {
  const submitted = await submit(scene, { ...rehearsal[which], name: `${which}-in-line`, backend: qpu, shots, about: `the ${which} job of step 5` });
  if (submitted.job.status !== 'waiting') throw unexpected('a job that waits for a person', submitted.job.status);
  return submitted;
}

function ruleOf({ verified: { predicate: { outcome } } }: Receipt): string {
  return outcome.kind === 'denied' ? (outcome.reasons[0]?.rule ?? 'none') : outcome.kind;
}

function storedAt({ context }: Scene, digest: Digest): string {
  const name = digest.slice('sha256:'.length);
  return join(context.home.state, 'artifacts', name.slice(0, 2), name);
}

/** Writes straight into the store's file, as whoever has your files could. */
async function flipStored(scene: Scene, circuit: Circuit): Promise<Flip> {
  const flip = flipOf(circuit.source);
  const file = await open(storedAt(scene, circuit.digest), 'r+');
  try {
    await file.write(Buffer.from(flip.after, 'latin1'), 0, 1, flip.offset);
  } finally {
    await file.close();
  }
  return flip;
}

function showFlip(scene: Scene, circuit: Circuit, { offset, line, lineBefore, lineAfter, after }: Flip): void {
  const { stage } = scene;
  stage.say(`One bit of its stored circuit is flipped, in line ${line}:`);
  stage.lines([[{ text: `  - ${lineBefore.slice(0, 60)}`, tone: 'bad' }], [{ text: `  + ${lineAfter.slice(0, 60)}`, tone: 'good' }]]);
  const start = shortDigest(circuit.digest);
  const octal = after.charCodeAt(0).toString(8).padStart(3, '0');
  stage.command(`printf '\\${octal}' | dd conv=notrunc bs=1 seek=${offset} of="$(ls $DEWAR_HOME/state/artifacts/${start.slice(0, 2)}/${start}*)"`);
}
