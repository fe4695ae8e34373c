// From a parsed spec to everything a decision needs: artifacts verified, facts derived, price quoted, the resolved job named.
import {
  DewarError, digestOf, filePath, isDigest, jsonDigest, laneOf, limits, microsFrom, pointCount, programDigest, shown, specDefaults, specDigest, valuesOf,
  type Anomaly, type Digest, type EnvelopeTerms, type JobFacts, type JobSpec, type Json, type ParameterValue, type PolicyInput, type ProgramFormat, type Quote, type Sha256,
} from '@dewar/protocol';
import type { Resolved } from './job.ts';
import { remainingOf, type Exchange, type Standing } from './budget.ts';
import type { Analyser, Artifacts, Backends, Clock, DataFiles, Device, Prices, StoredSession, View } from './ports.ts';
import { lineOf, priceAge } from './price-line.ts';
import { amountOf, quoteFor } from './quote.ts';

export interface Assessment {
  readonly device: Device;
  readonly facts: JobFacts;
  readonly quote: Quote;
  /** Days since the price was that; null for a free run. */
  readonly price_age_days: number | null;
  readonly resolved: Resolved;
  readonly resolved_digest: Digest;
  readonly spec_digest: Digest;
  readonly program_digest: Digest;
}

export interface Assessor {
  readonly artifacts: Artifacts;
  readonly analyser: Analyser;
  readonly backends: Backends;
  readonly prices: Prices;
  readonly clock: Pick<Clock, 'now'>;
  readonly policy: { readonly digest: Digest };
  readonly sha256: Sha256;
}

export interface Sized {
  readonly digest: Digest;
  readonly size: number;
}

/** Resolves a spec's `data` once: files become artifacts here and are never read again. */
export async function resolveData(spec: JobSpec, session: StoredSession, artifacts: Artifacts, files: DataFiles): Promise<readonly Sized[]> {
  const found: Sized[] = [];
  for (const reference of spec.data ?? []) {
    if (isDigest(reference)) {
      found.push({ digest: reference, size: (await artifacts.get(reference)).length });
      continue;
    }
    const path = filePath(reference);
    if (path === undefined) throw new DewarError({ code: 'data_refused', message: 'not a data reference', path: '/data', got: shown(reference), allowed: 'sha256:<digest> or file:/path' });
    const bytes = await files.read(path, session.read);
    found.push({ digest: await artifacts.put(bytes), size: bytes.length });
  }
  return found;
}

/** What each input is given: every value of a sweep. */
export function givenBy(spec: JobSpec): Readonly<Record<string, readonly ParameterValue[]>> {
  return Object.fromEntries(Object.entries(spec.parameters ?? {}).map(([name, value]) => [name, valuesOf(value)]));
}

/**
 * The same at the submit and at the grant: what differs between the two refuses the grant.
 * @param given what the inputs get; for an envelope the ends of its ranges
 */
export async function assess(spec: JobSpec, data: readonly Sized[], by: Assessor, view: View, given = givenBy(spec)): Promise<Assessment> {
  const device = deviceFor(spec.backend, by.backends);
  const shots = spec.shots ?? specDefaults.shots;
  const timeLimit = spec.time_limit_s ?? specDefaults.time_limit_s;
  const code = await by.artifacts.get(spec.code_blob);
  const points = pointCount(spec.parameters);
  const program = by.analyser.analyse(programText(code), given);
  checkFormat(spec, program.language);
  for (const item of data) await by.artifacts.get(item.digest);

  const program_digest = programDigest(spec, by.sha256);
  const simulators = [...by.backends.devices.values()].filter((candidate) => candidate.view.kind === 'simulator');
  // Whether a QPU's program could be rehearsed is not for the agent's own shots and time to say.
  const rehearsal = device.view.kind === 'simulator' ? { shots, points, timeLimit } : { shots: 1, points: 1, timeLimit: 3600 };
  const simulatorLimits = simulators.map((candidate) => candidate.limit(program, rehearsal));
  // What a simulator could not compile when it tried, no static fact foretells.
  const refusal = device.view.kind === 'simulator' ? null : await view.simulatorRefusal(program_digest);
  const limit = simulatorLimits.includes(null) ? refusal : (simulatorLimits[0] ?? 'no simulator is installed');
  const facts: JobFacts = { ...program, simulated_before: await view.simulatedBefore(spec.code_blob), simulatable: limit === null, simulator_limit: limit };
  const now = by.clock.now();
  const quote = quoteFor(device.view, { facts, shots, points, timeLimit }, by.prices, now);
  const line = quote.kind === 'priced' ? lineOf(device.view.name, by.prices) : undefined;
  const resolved: Resolved = {
    version: 1, spec: specDigest(spec, by.sha256), program: { format: program.language, digest: program_digest },
    code: { digest: digestOf(code, by.sha256), size: code.length }, data, image: spec.image === undefined ? null : { reference: spec.image, verified: false },
    backend: spec.backend, device: { name: device.view.name, kind: device.view.kind, practice: device.view.practice }, account: device.account,
    points, shots, time_limit_s: timeLimit, policy: by.policy.digest, analyser: by.analyser.id, amount: amountOf(quote),
  };
  return {
    device, facts, quote, price_age_days: line ? priceAge(line, now) : null, resolved, program_digest, spec_digest: resolved.spec,
    resolved_digest: jsonDigest(resolved as unknown as Json, by.sha256),
  };
}

function deviceFor(backend: string, backends: Backends): Device {
  const device = backends.devices.get(backends.aliases.get(backend) ?? backend);
  if (device) return device;
  const names = [...backends.devices.keys(), ...backends.aliases.keys()];
  throw new DewarError({ code: 'backend_unknown', message: 'no such backend', path: '/backend', got: shown(backend), allowed: names.join(', '), fix: `use one of these: ${names.join(', ')}` });
}

export function programText(code: Uint8Array): string {
  if (code.length > limits.program_bytes) {
    throw new DewarError({ code: 'program_too_large', message: 'the program is too large', path: '/code_blob', got: `${code.length} bytes`, allowed: `at most ${limits.program_bytes} bytes` });
  }
  const refuse = (got: string): DewarError => new DewarError({ code: 'program_format', message: 'the program is not plain UTF-8 text', path: '/code_blob', got, allowed: 'OpenQASM 2 or 3 source text', fix: 'upload the .qasm file itself' });
  let source: string;
  try {
    source = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(code);
  } catch {
    throw refuse('bytes that are not UTF-8');
  }
  // Facts quote the program, receipts quote the facts, and I-JSON (RFC 7493 §2.1) has no noncharacters.
  if (/\p{Noncharacter_Code_Point}/u.test(source)) throw refuse('a Unicode noncharacter');
  return source;
}

function checkFormat(spec: JobSpec, found: ProgramFormat): void {
  if (spec.program === undefined || spec.program.format === found) return;
  throw new DewarError({ code: 'program_format', message: `the program says it is ${found}`, path: '/program/format', got: spec.program.format, allowed: found, fix: 'leave program out: the format is read from the OPENQASM line' });
}

export interface Circumstances {
  readonly session: PolicyInput['session'];
  readonly time: PolicyInput['time'];
  /** Of the envelope that is asked for with this job as its largest. */
  readonly terms: EnvelopeTerms | null;
  readonly anomalies: readonly Anomaly[];
  /** Of every budget that the job counts in. */
  readonly standings: readonly Standing[];
  readonly exchange: Exchange;
  readonly backends: Backends;
  readonly frozen: boolean;
}

/** The closed input of the policy: every field present. */
export function policyInput(spec: JobSpec, assessed: Assessment, around: Circumstances): PolicyInput {
  const { resolved, facts, quote, device } = assessed;
  const load = { shots: resolved.shots, points: resolved.points, timeLimit: resolved.time_limit_s };
  return {
    version: 2, backend: spec.backend, shots: resolved.shots * resolved.points, shots_per_point: resolved.shots, points: resolved.points, max_cost: spec.max_cost ?? null,
    max_cost_micros: spec.max_cost === undefined ? null : microsFrom(String(spec.max_cost)), time_limit_s: resolved.time_limit_s, lane: laneOf(spec),
    image: spec.image ?? null, packages: spec.packages ?? [],
    artifacts: [resolved.code, ...resolved.data].map(({ digest }) => ({ digest, stored: true })),
    program_digest: assessed.program_digest,
    device: { name: device.view.name, kind: device.view.kind, practice: device.view.practice, max_qubits: device.view.max_qubits, on_premises: device.onPremises, limit: device.limit(facts, load) },
    on_premises_qpus: [...around.backends.devices.values()].filter((other) => other !== device && other.onPremises && other.view.kind === 'qpu' && other.limit(facts, load) === null).map(({ view }) => view.name).toSorted(),
    facts,
    quote: quote.kind === 'priced' ? { kind: 'priced', amount_micros: quote.amount.micros, currency: quote.amount.currency, age_days: assessed.price_age_days } : { kind: 'free', amount_micros: 0, currency: null, age_days: null },
    session: around.session, time: around.time, envelope: around.terms && envelopeAsked(around.terms, around.time.at), anomalies: around.anomalies,
    budgets: quote.kind === 'free' ? [] : around.standings.map((standing) => {
      const { id, scope, name, per, currency, limit_micros, frozen } = standing.budget;
      return { id, scope, name, per, currency, limit_micros, remaining_micros: remainingOf(standing), needs_micros: around.exchange(quote.amount, currency)?.micros ?? null, frozen };
    }),
    frozen: around.frozen,
  };
}

function envelopeAsked({ max_jobs, max_shots, max_amount, until }: EnvelopeTerms, at: string): PolicyInput['envelope'] {
  return { max_jobs, max_shots, max_amount_micros: max_amount?.micros ?? null, seconds: Math.max(1, Math.ceil((Date.parse(until) - Date.parse(at)) / 1000)) };
}
