// What the steps of the tour share: who is there, and the few acts that every step is made of.
import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalJson, DewarError, formatMoney, type JobId, type JobView, type Json } from '@dewar/protocol';
import { verifyReceipt, type VerifiedReceipt } from '@dewar/receipt';
import type { Context } from '../context.ts';
import { card } from '../card.ts';
import { histogram } from '../histogram.ts';
import { deviceWord, endLines, moneyText, reasonLines, statusTone } from '../job-text.ts';
import { row, type Line } from '../line.ts';
import type { Trust } from '../trust.ts';
import type { AgentProcess } from './agent-process.ts';
import type { Circuit } from './circuit.ts';
import type { Keepsakes } from './keepsakes.ts';
import { dewar } from './places.ts';
import type { Stage } from './stage.ts';

export interface Scene {
  readonly context: Context;
  readonly stage: Stage;
  readonly keep: Keepsakes;
  readonly agent: AgentProcess;
  readonly trust: Trust;
  readonly circuit: Circuit;
  /** Why the tour says yes in a person's place; null: the person at the terminal is asked. */
  readonly approvesItself: '--yes was given' | 'there is no terminal to ask at' | null;
  /** Every receipt so far. */
  readonly receipts: Receipt[];
}

export interface Receipt {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly verified: VerifiedReceipt;
}

export interface Wanted {
  readonly circuit: Circuit;
  /** The circuit's file. */
  readonly file: string;
  readonly name: string;
  readonly backend: string;
  readonly shots: number;
  readonly maxCost?: string;
  readonly about: string;
}

export interface Submitted {
  readonly id: JobId;
  readonly job: JobView;
  /** Resolves when the agent knows of the end too. */
  readonly ended: Promise<void>;
  readonly spec: string;
}

/** The agent submits; what is known of the job then comes from the broker. */
export async function submit({ agent, context, keep, stage }: Scene, wanted: Wanted): Promise<Submitted> {
  const { circuit, name, backend, shots, maxCost } = wanted;
  const fields = [['job_name', JSON.stringify(`${circuit.name.replace(/\.qasm$/, '')}-${name}`)], ['code_blob', JSON.stringify(circuit.digest)], ['backend', JSON.stringify(backend)], ['shots', String(shots)], ...(maxCost === undefined ? [] : [['max_cost', maxCost]])];
  const spec = await keep.spec(name, `{\n${fields.map(([field, text]) => `  "${field}": ${text}`).join(',\n')}\n}\n`, wanted.about);
  const { id, ended } = await stage.during(() => 'the agent submits', agent.submit(`${process.cwd()}/${wanted.file}`, `${process.cwd()}/${spec}`));
  return { id, ended, spec, job: await context.control.job(id, { signal: context.signal }) };
}

/** Follows a job until its receipt is signed, and keeps that. */
export async function settled(scene: Scene, { id, ended }: Submitted, name: string, about: string): Promise<{ readonly job: JobView; readonly receipt: Receipt }> {
  const { context: { control, signal }, keep, receipts, stage, trust } = scene;
  let latest: JobView | undefined;
  const wait = async (): Promise<JobView> => {
    let job = await control.wait(id, { signal, pollS: 2, onJob: (seen) => { latest = seen; } });
    for (; !job.receipt; job = await control.job(id, { signal })) await sleep(20, undefined, { signal });
    await ended;
    return job;
  };
  const job = await stage.during(() => progressText(latest), wait());
  const bytes = await control.receipt(id, { signal });
  const file = await keep.receipt(`${receipts.length + 1}-${name}`, bytes, about);
  const results = job.status === 'completed' ? new TextEncoder().encode(canonicalJson((await control.results(id, { signal })).results as unknown as Json)) : undefined;
  const receipt = { file, bytes, verified: verifyReceipt(bytes, { receiptKeys: [trust.receipt_pem] }, results) };
  receipts.push(receipt);
  return { job, receipt };
}

function progressText(job: JobView | undefined): string {
  if (job === undefined) return 'waiting';
  if (job.status === 'running') return job.device.kind === 'qpu' ? `in the queue of ${job.device.name}, then running` : `running on ${job.device.name}`;
  return job.status;
}

/** Why the policy said no, and what would pass. What it would have asked besides is of no use to anybody. */
export function denialLines(job: JobView, columns: number): Line[] {
  const denials = job.decision.reasons.filter(({ effect }) => effect === 'deny');
  return [...endLines(job, columns), ...(job.decision.effect === 'deny' ? reasonLines({ ...job.decision, reasons: denials }, columns) : [])];
}

/** How a job stands, on one line. */
export function head(job: JobView): Line {
  return [`${job.job_id}  `, { text: job.status, tone: statusTone[job.status] }, `  ${deviceWord(job.device)} ${job.device.name}`];
}

/** The counts as a small histogram; nothing unless the job completed. */
export async function countLines({ context: { control, signal }, stage }: Scene, job: JobView): Promise<Line[]> {
  if (job.status !== 'completed') return [];
  const { results } = await control.results(job.job_id, { signal });
  if (results.format !== 'dewar.results/v1') return [];
  return ['', ...histogram(results.counts, Math.min(56, stage.columns), 8), ''];
}

/** The card, and then the answer, true for yes: a person's, or the tour's own where nobody is asked. */
export async function cardAndAnswer(scene: Scene, { id }: Submitted): Promise<boolean> {
  const { context: { control, signal }, stage } = scene;
  const pending = await control.pending(id, { signal });
  stage.lines(['', ...card(pending, { now: new Date(), columns: stage.columns }), '']);
  stage.command(dewar('approve', id), dewar('deny', id, '--reason', 'not today'));
  if (scene.approvesItself === null && !(await stage.saysYes('Approve? Type yes or no: '))) {
    await control.deny(id, 'the person at the terminal said no', { signal });
    return false;
  }
  await control.approve(id, { resolved_digest: pending.job.resolved_digest, nonce: pending.nonce }, { signal });
  return true;
}

/** The tour's own yes to a job of its own making. */
export async function approveByTour({ context: { control, signal } }: Scene, { id }: Submitted): Promise<JobView> {
  const { job, nonce } = await control.pending(id, { signal });
  return control.approve(id, { resolved_digest: job.resolved_digest, nonce }, { signal });
}

/** What the run was allowed and what it cost, from its receipt. */
export function grantLines({ verified: { predicate } }: Receipt, columns: number): Line[] {
  const { cost, grant, provider_job_id } = predicate;
  if (grant === null) return [];
  const most = grant.amount === null ? '' : `, at most ${formatMoney(grant.amount)}`;
  return [
    ...row('Grant', `${grant.id}: this one job, ${grant.shots} shots${most}`, columns),
    ...row('Device', `took it as ${provider_job_id ?? 'nothing'}`, columns),
    ...row('Cost', cost === 'unknown' ? 'not known yet; the reservation stands' : cost === null ? 'free' : `${moneyText(cost)}, settled`, columns),
  ];
}

export function receiptRow({ file }: Receipt, columns: number): Line[] {
  return row('Receipt', file, columns);
}

/** A promise of the tour that did not come true. */
export function unexpected(what: string, got: string): DewarError {
  return new DewarError({ code: 'internal', message: `the tour expected ${what}`, got, fix: 'run the tour again; if it happens again, report it with what it printed' });
}
