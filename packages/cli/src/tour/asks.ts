// Steps 2 to 4: the agent asks for the simulator, for a QPU, and for far too much.
import { DewarError, shown } from '@dewar/protocol';
import { reasonLines } from '../job-text.ts';
import { row } from '../line.ts';
import { dewar } from './places.ts';
import { cardAndAnswer, countLines, denialLines, grantLines, head, receiptRow, settled, submit, type Scene, type Submitted } from './scene.ts';

/** The name that the example spec asks for; the configuration sets it to the practice QPU. */
export const qpu = 'ibmq_qpu_1';
const shots = 1024;

export async function simulator(scene: Scene, file: string): Promise<void> {
  const { circuit, stage } = scene;
  await stage.step('The agent runs its circuit on the simulator');
  const wanted = { circuit, file, name: 'simulator', backend: 'simulator', shots, about: 'the circuit on the simulator' };
  const submitted = await submit(scene, wanted).catch((error: unknown) => {
    throw circuit.own === undefined ? error : notACircuit(circuit.own, error);
  });
  const { job, receipt } = await settled(scene, submitted, 'simulator', 'the circuit on the simulator');
  if (job.status === 'completed') stage.say('Simulators are free and need nobody. The agent sent the circuit and a job spec through its socket and read back the counts:');
  else stage.say('The simulator does not run this circuit. The agent reads why, and what would pass:');
  const counts = await countLines(scene, job);
  stage.lines([...(counts.length > 0 ? counts : ['']), head(job), ...(job.decision.effect === 'deny' ? [] : reasonLines(job.decision, stage.columns)), ...denialLines(job, stage.columns), ...receiptRow(receipt, stage.columns)]);
  stage.command(dewar('submit', '--spec', submitted.spec, '--wait'));
}

/** A file that holds no program is the person's to mend, so it is named as they named it. */
function notACircuit(path: string, error: unknown): unknown {
  if (!(error instanceof DewarError) || !error.code.startsWith('program_')) return error;
  return new DewarError({ ...error.toBody(), message: `${shown(path)} is no circuit that can be run: ${error.message}` });
}

/** The agent asks; whether anybody need answer is the policy's to say. */
export async function askForHardware(scene: Scene, file: string): Promise<Submitted> {
  const { circuit, stage } = scene;
  await stage.step('The agent asks for a QPU');
  stage.say(`It names ${qpu}. Here that is the practice QPU: a noisy simulation with a queue and prices, practice money, no hardware.`);
  const submitted = await submit(scene, { circuit, file, name: 'qpu', backend: qpu, shots, maxCost: '5.00', about: 'the circuit on the practice QPU' });
  stage.command(dewar('submit', '--spec', submitted.spec));
  return submitted;
}

/** Shows the refusal, or the card and what became of the answer. False when a person said no. */
export async function answerHardware(scene: Scene, submitted: Submitted): Promise<boolean> {
  const { approvesItself, stage } = scene;
  if (submitted.job.status !== 'waiting') {
    const { job, receipt } = await settled(scene, submitted, 'qpu-refused', 'the circuit on the practice QPU, refused');
    stage.say('Nobody is asked: the policy refuses it, and says what would pass.');
    stage.lines(['', head(job), ...denialLines(job, stage.columns), ...receiptRow(receipt, stage.columns)]);
    return true;
  }
  if (!(await cardAndAnswer(scene, submitted))) {
    const { job, receipt } = await settled(scene, submitted, 'qpu-refused', "the circuit on the practice QPU, refused by a person's no");
    stage.say('You said no. Nothing ran and nothing was spent; the agent reads your no, and there is a receipt of it.');
    stage.lines(['', head(job), ...denialLines(job, stage.columns), ...receiptRow(receipt, stage.columns)]);
    return false;
  }
  stage.say(approvesItself === null ? 'You said yes, to exactly this job.' : `Approved by the tour itself: ${approvesItself}.`);
  const { job, receipt } = await settled(scene, submitted, 'qpu', 'the circuit on the practice QPU, approved');
  stage.lines([...(await countLines(scene, job)), head(job), ...denialLines(job, stage.columns), ...grantLines(receipt, stage.columns), ...receiptRow(receipt, stage.columns)]);
  stage.command(dewar('show', job.job_id));
  return true;
}

const tooMany = 1_000_000;

export async function greedy(scene: Scene, file: string): Promise<void> {
  const { circuit, stage } = scene;
  await stage.step('The agent asks for 1,000,000 shots');
  const submitted = await submit(scene, { circuit, file, name: 'million-shots', backend: qpu, shots: tooMany, maxCost: '5.00', about: '1,000,000 shots on the practice QPU' });
  const { job, receipt } = await settled(scene, submitted, 'million-shots-denied', '1,000,000 shots, denied by policy');
  stage.say('Nobody is asked. The refusal names the rule and the narrowest change that would pass, so that the agent can mend its request by itself:');
  stage.lines(['', head(job), ...denialLines(job, stage.columns), ...row('Cost', 'nothing', stage.columns), ...receiptRow(receipt, stage.columns)]);
  stage.command(dewar('run', file, '--backend', qpu, '--shots', String(tooMany)));
}

