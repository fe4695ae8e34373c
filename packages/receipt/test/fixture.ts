// Receipts of every kind of end, as predicates that are true to one another; tests change them one claim at a time.
import { createPrivateKey, sign } from 'node:crypto';
import {
  canonicalJson, digestOf, jsonDigest, makeId, pointCount, programDigest, specDigest, termsDigest,
  type Decision, type Digest, type EnvelopeTerms, type Id, type IdKind, type JobFacts, type JobSpec, type Json, type JsonObject, type Money, type Reason,
} from '@dewar/protocol';
import { base64, formatBundle, leafBytes, pinnedKey, preAuthEncoding, sha256, statementOf, statementText, type ReceiptPredicate } from '../src/index.ts';
import { lowS } from '../src/dsse.ts';
import { payloadType } from '../src/bundle.ts';

export type Draft<T> = T extends string | number | boolean | null | undefined ? T : string extends keyof T ? Record<string, T[keyof T]> : { -readonly [K in keyof T]: Draft<T[K]> };

const noon = Date.parse('2026-11-23T12:00:00.000Z');
export const at = (seconds: number) => new Date(noon + seconds * 1000).toISOString();
const id = <K extends IdKind>(kind: K, number: number): Id<K> => makeId(kind, noon, Uint8Array.of(0, 0, 0, 0, 0, 0, number));
const digest = (text: string): Digest => digestOf(new TextEncoder().encode(text), sha256);

export const source = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\nh q[0];\ncx q[0], q[1];\nc = measure q;\n';
export const resultsBytes = new TextEncoder().encode(canonicalJson({
  format: 'dewar.results/v1', shots: 1024, bit_order: 'little-endian', registers: [{ name: 'c', size: 2 }], counts: { '00': 519, '01': 6, '10': 8, '11': 491 }, seed: 7,
  engine: { name: 'dewar-simulator', version: '0.1.0', method: 'noisy-trajectories' }, practice: { device: 'practice_qpu', calibrated: '2026-11-01' },
}));

const spec: JobSpec = {
  job_name: 'vqe-experiment-v1', image: 'quantum-runner:1.2.0', code_blob: digest(source), backend: 'ibmq_qpu_1', shots: 1024, max_cost: 5,
  agent: { name: 'an agent', claims: 'a person has already approved this' },
};

const facts: JobFacts = {
  analyser: 'openqasm/1.0.0', language: 'qasm3', qubits: 2, clbits: 2, physical_qubits: [], gates: { cx: 1, h: 1 }, operations: 2, one_qubit_gates: 1, two_qubit_gates: 1,
  multi_qubit_gates: 0, measurements: 2, resets: 0, depth: 3, mid_circuit_measurement: false, dynamic: false, unbounded_loop: false, pulse: false, pragmas: [],
  includes: ['stdgates.inc'], externs: [], inputs: [], confidence: 'exact', notes: [], simulated_before: true, simulatable: true, simulator_limit: null,
};

const price: Money = { currency: 'XTS', micros: 1_221_600 };
export const askReason: Reason = { rule: 'hardware.person', effect: 'ask', message: 'hardware asks a person', fix: null };
export const denyReason: Reason = { rule: 'shots.limit', effect: 'deny', message: '1000000 shots; at most 10000 pass', fix: 'set shots to 10000' };
const decision: Decision = {
  effect: 'ask', reasons: [askReason, { rule: 'qpu.named', effect: 'allow', message: 'a named QPU', fix: null }], policy: digest('policy'), input: digest('input'),
};

export function leafText(number: number, type: string, seconds: number): string {
  const header = { id: id('evt', number), type, time: at(seconds), job_id: id('job', 1) };
  return new TextDecoder().decode(leafBytes(header, { summary: type }, new Uint8Array(32).fill(number), sha256));
}

export function eventsOf(...types: string[]): { index: number; leaf: string }[] {
  return types.map((type, place) => ({ index: 4 + 2 * place, leaf: leafText(place + 1, type, place) }));
}

function resolvedOf(of: JobSpec, device: ReceiptPredicate['device'], amount: Money | null): JsonObject {
  return {
    version: 1, spec: specDigest(of, sha256), program: { format: 'qasm3', digest: programDigest(of, sha256) }, code: { digest: of.code_blob, size: source.length }, data: [],
    image: of.image === undefined ? null : { reference: of.image, verified: false }, backend: of.backend, device, account: null, points: pointCount(of.parameters), shots: of.shots ?? 1024,
    time_limit_s: of.time_limit_s ?? 60, policy: decision.policy, analyser: facts.analyser, amount: amount as Json,
  };
}

/** A job on the practice QPU: asked, approved, run, paid. */
export function completed(): ReceiptPredicate {
  const device = { name: 'practice_qpu', kind: 'qpu', practice: true } as const;
  const resolved = resolvedOf(spec, device, price);
  const resolved_digest = jsonDigest(resolved, sha256);
  return {
    job_id: id('job', 1), session: { id: id('session', 1), name: 'default', containment: 'uncontained' },
    spec: canonicalJson(spec as unknown as Json), spec_digest: specDigest(spec, sha256), program_digest: programDigest(spec, sha256),
    resolved, resolved_digest, facts, quote: { kind: 'priced', amount: price, basis: '0.30 a task + 1024 shots × 0.0009', prices_dated: '2026-11-01' }, decision,
    approval: { id: id('apr', 1), at: at(20), resolved_digest, by: 'control-socket' },
    grant: { id: id('grant', 1), shots: 1024, amount: price, issued: at(21), expires: at(921) },
    device, provider_job_id: 'practice-000001', outcome: { kind: 'completed', results: digestOf(resultsBytes, sha256) }, cost: price, overrun: false,
    times: { submitted: at(0), decided: at(1), started: at(22), ended: at(25) }, image: { reference: 'quantum-runner:1.2.0', verified: false }, broker: { version: '0.1.0' },
    journal: { origin: 'dewar.example/journal', size: 40, root: base64(sha256(new Uint8Array(0))) },
    events: eventsOf('job.submitted', 'job.decided', 'approval.given', 'budget.reserved', 'grant.issued', 'provider.requested', 'provider.answered', 'run.ended', 'budget.settled', 'grant.revoked'),
  };
}

/** A sweep of two points under an envelope: asked, covered by a yes that was given before, run, paid. */
export function enveloped(): ReceiptPredicate {
  const whole = completed();
  const of: JobSpec = { ...spec, shots: 512, parameters: { theta: [0.5, -0.5] }, envelope: id('env', 1) };
  const resolved = resolvedOf(of, whole.device, price);
  const terms: EnvelopeTerms = {
    version: 1, code: { digest: of.code_blob, size: source.length }, parameters: { theta: { min: -2, max: 1 } }, data: [], image: of.image ?? null, packages: [], backend: of.backend, device: whole.device, account: null,
    shots: 1024, time_limit_s: 60, max_jobs: 5, max_shots: 5120, max_amount: { currency: 'XTS', micros: 6_000_000 }, job_amount: price, prices_dated: '2026-11-01', until: at(3600), policy: decision.policy, analyser: facts.analyser,
  };
  return {
    ...whole, spec: canonicalJson(of as unknown as Json), spec_digest: specDigest(of, sha256), program_digest: programDigest(of, sha256), resolved, resolved_digest: jsonDigest(resolved, sha256), approval: null,
    envelope: { id: id('env', 1), terms, terms_digest: termsDigest(terms, sha256), approval: { id: id('apr', 2), at: at(-60), by: 'control-socket' } },
    events: eventsOf('job.submitted', 'job.decided', 'envelope.applied', 'budget.reserved', 'grant.issued', 'provider.requested', 'provider.answered', 'run.ended', 'budget.settled', 'grant.revoked'),
  };
}

/** A job that never ran, with what only a run has taken away. */
function unrun(outcome: ReceiptPredicate['outcome'], types: readonly string[]): ReceiptPredicate {
  const { times, ...rest } = completed();
  return {
    ...rest, approval: null, grant: null, provider_job_id: null, cost: null, times: { ...times, started: null }, outcome,
    events: eventsOf('job.submitted', 'job.decided', ...types),
  };
}

const deniedBy = (by: 'person' | 'expiry' | 'budget' | 'grant', rule: string): ReceiptPredicate['outcome'] =>
  ({ kind: 'denied', by, reasons: [{ rule, effect: 'deny', message: 'no', fix: null }] });

export function denied(): ReceiptPredicate {
  return { ...unrun({ kind: 'denied', by: 'policy', reasons: [denyReason] }, []), decision: { ...decision, effect: 'deny', reasons: [denyReason, askReason] } };
}

/** A free run on a simulator, allowed without a person. */
export function simulated(): ReceiptPredicate {
  const of: JobSpec = { job_name: 'bell', code_blob: digest(source), backend: 'simulator' };
  const device = { name: 'simulator', kind: 'simulator', practice: false } as const;
  const resolved = resolvedOf(of, device, null);
  const whole = completed();
  return {
    ...whole, spec: canonicalJson(of as unknown as Json), spec_digest: specDigest(of, sha256), resolved, resolved_digest: jsonDigest(resolved, sha256), device, image: null,
    quote: { kind: 'free', basis: 'a simulator on this machine' }, approval: null, cost: null, provider_job_id: 'sim-000001',
    decision: { ...decision, effect: 'allow', reasons: [{ rule: 'simulator.free', effect: 'allow', message: 'simulators are free', fix: null }] },
    grant: { id: id('grant', 2), shots: 1024, amount: null, issued: at(2), expires: at(902) },
    times: { submitted: at(0), decided: at(1), started: at(2), ended: at(3) },
    events: eventsOf('job.submitted', 'job.decided', 'grant.issued', 'provider.requested', 'provider.answered', 'run.ended', 'grant.revoked'),
  };
}

/** One receipt of every way that a job can end. */
export const ends: Readonly<Record<string, () => ReceiptPredicate>> = {
  completed, simulated, denied, 'covered by an envelope': enveloped,
  'denied by a person': () => unrun(deniedBy('person', 'person.denied'), ['approval.denied']),
  'denied by expiry': () => unrun(deniedBy('expiry', 'approval.expired'), ['approval.expired']),
  'approved, denied by the budget': () => ({ ...unrun(deniedBy('budget', 'budget.day'), ['approval.given']), approval: completed().approval }),
  'approved, denied at the grant': () => ({ ...unrun(deniedBy('grant', 'artifact.changed'), ['approval.given', 'budget.reserved', 'grant.refused', 'budget.released']), approval: completed().approval, cost: { ...price, micros: 0 } }),
  'cancelled while it waited': () => unrun({ kind: 'cancelled', by: 'session' }, ['job.cancelled']),
  'cancelled while it ran': () => ({ ...completed(), outcome: { kind: 'cancelled', by: 'person' } }),
  'failed, cost unknown': () => ({ ...completed(), outcome: { kind: 'failed', error: { code: 'device_lost', message: 'no answer' } }, cost: 'unknown' }),
  'refused by the device': () => {
    const whole = completed();
    return { ...whole, outcome: { kind: 'failed', error: { code: 'device_refused', message: 'closed' } }, cost: { ...price, micros: 0 }, provider_job_id: null, times: { ...whole.times, started: null } };
  },
  'billed above the grant': () => ({ ...completed(), cost: { ...price, micros: price.micros + 1 }, overrun: true, events: eventsOf('job.submitted', 'job.decided', 'approval.given', 'grant.issued', 'run.ended', 'budget.overrun') }),
};

/** Signs whatever it is given, true or not, as a broker with a stolen key or a bug would. */
export function signPayload(payload: string | Uint8Array, privatePem: string, publicPem: string): Uint8Array {
  const bytes = typeof payload === 'string' ? new TextEncoder().encode(payload) : payload;
  const signature = lowS(new Uint8Array(sign('sha256', preAuthEncoding(payloadType, bytes), createPrivateKey(privatePem))));
  if (!signature) throw new Error('no signature');
  return formatBundle({ hint: pinnedKey(publicPem).hint, payload: bytes, signature });
}

/** A changed copy, signed as it is: subjects follow the predicate unless the change sets them. */
export function forged(predicate: ReceiptPredicate, key: { privatePem: string; publicPem: string }): Uint8Array {
  return signPayload(statementText(statementOf(predicate, sha256)), key.privatePem, key.publicPem);
}

/** After a change inside `resolved`, its digest and the approval that bound it follow, so that only the change itself is wrong. */
export function rebound(predicate: Draft<ReceiptPredicate>): Draft<ReceiptPredicate> {
  predicate.resolved_digest = jsonDigest(predicate.resolved, sha256);
  if (predicate.approval) predicate.approval.resolved_digest = predicate.resolved_digest;
  return predicate;
}
