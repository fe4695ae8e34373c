// A job in words: the device, facts, price and reasons as every verb says them.
import { formatMoney, placeText, practiceCurrency, specDefaults, valuesOf, type Anomaly, type Decision, type DeviceView, type Digest, type JobFacts, type JobStatus, type JobView, type Money, type Parameters, type Quote } from '@dewar/protocol';
import { escape } from './escape.ts';
import { labelColumns, row, type Line, type Tone } from './line.ts';

/** What kind of thing would run it, in words that cannot be mistaken. */
export function deviceWord(device: DeviceView): 'SIMULATOR' | 'PRACTICE hardware' | 'HARDWARE' {
  if (device.kind === 'simulator') return 'SIMULATOR';
  return device.practice ? 'PRACTICE hardware' : 'HARDWARE';
}

/** The same in one word, for tables. */
export function deviceKind(device: DeviceView): 'SIMULATOR' | 'PRACTICE' | 'HARDWARE' {
  return device.kind === 'simulator' ? 'SIMULATOR' : device.practice ? 'PRACTICE' : 'HARDWARE';
}

/** `1024 shots`; of a sweep `20 points × 1024 shots`. */
export function shotsText({ spec, points }: Pick<JobView, 'spec' | 'points'>): string {
  const shots = many(spec.shots ?? specDefaults.shots, 'shot');
  return points === undefined ? shots : `${many(points, 'point')} × ${shots}`;
}

/** `11-23 07:34` of an RFC 3339 time, UTC as the broker writes it. */
export function minute(time: string): string {
  return time.slice(5, 16).replace('T', ' ');
}

export function many(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

export function moneyText(money: Money): string {
  return money.currency === practiceCurrency ? `${formatMoney(money)} (practice money)` : formatMoney(money);
}

export function quoteText(quote: Quote): string {
  if (quote.kind === 'free') return `free (${quote.basis})`;
  return `at most ${moneyText(quote.amount)}: ${escape(quote.basis, 140)}; prices of ${quote.prices_dated}`;
}

export function shortDigest(digest: Digest): string {
  return digest.slice('sha256:'.length, 'sha256:'.length + 12);
}

export function factLines(facts: JobFacts, columns: number): Line[] {
  const size = `${many(facts.qubits, 'qubit')} · depth ${facts.depth} · ${many(facts.two_qubit_gates, 'two-qubit gate')} · ${many(facts.measurements, 'measurement')}`;
  const yes = (flag: boolean): string => (flag ? 'yes' : 'no');
  const flow = `mid-circuit measurement: ${yes(facts.mid_circuit_measurement)} · classical control: ${yes(facts.dynamic)}`;
  const sure = { exact: 'counts are exact', 'upper-bound': 'counts are upper bounds', unknown: 'counts are NOT to be relied on' }[facts.confidence];
  const warnings = [
    facts.confidence === 'unknown' && sure, facts.unbounded_loop && 'has a loop without a bound', facts.pulse && 'has pulse-level or calibration blocks',
    facts.multi_qubit_gates > 0 && many(facts.multi_qubit_gates, 'gate') + ' on three qubits or more', facts.externs.length > 0 && `calls extern ${facts.externs.join(', ')}`,
    facts.pragmas.length > 0 && `pragmas: ${facts.pragmas.join(', ')}`,
  ].filter((warning) => warning !== false);
  return [
    ...row('Facts', size, columns), ...row('', flow, columns), ...row('', `${sure} · simulated before: ${yes(facts.simulated_before)}`, columns),
    ...warnings.flatMap((warning) => row('', escape(`! ${warning}`, columns - labelColumns), columns, 'warn')),
    ...facts.notes.slice(0, 3).flatMap((note) => row('', escape(`line ${note.line}: ${note.text}`, columns - labelColumns), columns)),
  ];
}

const unusualTexts: Readonly<Record<Anomaly, string>> = {
  first_time: 'this program has not run on hardware before', new_backend: 'the session is new to this device', ten_times: 'ten times its usual price here or more', burst: '30 jobs or more in ten minutes', night: 'at night',
};

/** What the broker finds unlike the session's jobs so far; nothing where that is nothing. */
export function unusualLines(anomalies: readonly Anomaly[], columns: number): Line[] {
  return anomalies.length === 0 ? [] : row('Unusual', anomalies.map((anomaly) => unusualTexts[anomaly]).join(' · '), columns, 'warn');
}

/** @param lines most lines of one message; the card has little room */
export function reasonLines(decision: Decision, columns: number, lines = 8): Line[] {
  // Beside a denial, what a person would have been asked reads as if a yes could still help.
  const reasons = decision.effect === 'deny' ? decision.reasons.filter(({ effect }) => effect === 'deny') : decision.reasons;
  const shown = reasons.slice(0, 5);
  return [
    ...shown.flatMap((reason, index) => [
      ...row(index === 0 ? 'Rules' : '', escape(`${reason.rule}: ${reason.message}`, lines * (columns - labelColumns)), columns, toneOf(reason.effect)),
      ...(reason.fix === null ? [] : row('', escape(`would pass: ${reason.fix}`, lines * (columns - labelColumns)), columns)),
    ]),
    ...moreLine(reasons.length - shown.length, columns),
  ];
}

function moreLine(count: number, columns: number): Line[] {
  return count > 0 ? row('', `… ${count} more: dewar show JOB --json`, columns) : [];
}

function toneOf(effect: Decision['effect']): Tone {
  return effect === 'allow' ? 'good' : effect === 'ask' ? 'warn' : 'bad';
}

export const statusTone: Readonly<Record<JobStatus, Tone>> = {
  waiting: 'warn', queued: 'strong', running: 'strong', completed: 'good', failed: 'bad', cancelled: 'warn', denied: 'bad',
};

export function headLine(job: JobView): Line {
  return [`${job.job_id}  `, { text: job.status, tone: statusTone[job.status] }, `  ${escape(job.device.name, 40)} (${deviceWord(job.device)}) · ${shotsText(job)}`];
}

/** What the program's inputs are set to; names and values are the agent's, checked by the broker. */
export function parameterLines(parameters: Parameters | undefined, columns: number): Line[] {
  const all = Object.entries(parameters ?? {});
  const shown = all.slice(0, 6).map(([name, value]) => `${name} = ${valuesText(value)}`);
  if (all.length > shown.length) shown.push(`${all.length - shown.length} more`);
  return all.length === 0 ? [] : row('Sets', escape(shown.join(' · '), 4 * (columns - labelColumns)), columns);
}

function valuesText(value: Parameters[string]): string {
  const values = valuesOf(value);
  if (values.length <= 4) return values.map(String).join(', ');
  const numbers = values.filter((each) => typeof each === 'number');
  const span = numbers.length === values.length ? `, from ${numbers.reduce((low, each) => Math.min(low, each), Infinity)} to ${numbers.reduce((high, each) => Math.max(high, each), -Infinity)}` : '';
  return `${values.slice(0, 2).map(String).join(', ')}, … (${values.length} values${span})`;
}

/** Where it stands in its device's line, while it does. */
export function queueLines({ queue }: JobView, columns: number): Line[] {
  return queue === undefined ? [] : [...row('Queue', escape(placeText(queue), 400), columns), ...(queue.estimate.start_after_s === null ? [] : row('', escape(queue.estimate.basis, 400), columns))];
}

/** Everything about one job. */
export function jobLines(job: JobView, columns: number): Line[] {
  const approved = job.approval !== undefined ? row('Approved', `${job.approval.at} (${job.approval.id})`, columns) : job.envelope !== undefined ? row('Approved', `by envelope ${job.envelope.id}`, columns) : [];
  return [
    headLine(job),
    ...row('Session', job.session, columns),
    ...row('Created', `${job.created}${job.ended === undefined ? '' : ` · ended ${job.ended}`}`, columns),
    ...factLines(job.facts, columns),
    ...parameterLines(job.spec.parameters, columns),
    ...row('Price', quoteText(job.quote), columns),
    ...(job.cost === undefined ? [] : row('Cost', moneyText(job.cost), columns)),
    ...row('Decision', job.decision.effect, columns, toneOf(job.decision.effect)),
    ...reasonLines(job.decision, columns),
    ...approved,
    ...queueLines(job, columns),
    ...(job.expires === undefined ? [] : row('Expires', job.expires, columns)),
    ...(job.provider_job_id === undefined ? [] : row('Taken as', job.provider_job_id, columns)),
    ...endLines(job, columns),
    ...row('Digests', digestsText(job), columns),
    ...agentLines(saidBy(job), columns),
  ];
}

/** Why a job ended badly, but for the policy's rules; nothing when it did not. */
export function endLines(job: JobView, columns: number): Line[] {
  if (job.denied !== undefined) {
    // The policy's reasons are told as rules, with their ids.
    if (job.denied.by === 'policy') return row('Denied', 'by policy', columns, 'bad');
    return [
      ...row('Denied', `by ${job.denied.by}: ${escape(job.denied.message, 400)}`, columns, 'bad'),
      ...(job.denied.fix === null ? [] : row('', `would pass: ${escape(job.denied.fix, 400)}`, columns)),
    ];
  }
  if (job.failure === undefined) return [];
  return [
    ...row('Failed', `${escape(job.failure.message, 400)} (${job.failure.code})`, columns, 'bad'),
    ...(job.failure.fix === undefined ? [] : row('', `fix: ${escape(job.failure.fix, 400)}`, columns)),
  ];
}

export function digestsText(job: JobView): string {
  return `resolved ${shortDigest(job.resolved_digest)} · program ${shortDigest(job.program_digest)} · spec ${shortDigest(job.spec_digest)}`;
}

/** What an agent calls its job or envelope, and says of itself. */
export interface Said {
  readonly name: string;
  readonly tags?: readonly string[];
  readonly agent?: Readonly<Record<string, string>>;
}

export function saidBy({ spec }: JobView): Said {
  return { name: spec.job_name, ...(spec.tags !== undefined && { tags: spec.tags }), ...(spec.agent !== undefined && { agent: spec.agent }) };
}

/** The agent's own words, labelled so that nobody takes them for the broker's. */
export function agentLines({ name, tags = [], agent = {} }: Said, columns: number): Line[] {
  const about = Object.entries(agent);
  const shown = about.slice(0, 4);
  const line = (key: string, text: string, lines: number): Line[] => row(`  ${escape(key, 7)}`, escape(text, lines * (columns - labelColumns) - lines), columns);
  return [
    [{ text: 'The agent says (unverified)', tone: 'faint' }],
    ...line('name', name, 2),
    ...(tags.length === 0 ? [] : line('tags', tags.join(', '), 2)),
    ...shown.flatMap(([key, text]) => line(key, text, 1)),
    ...moreLine(about.length - shown.length, columns),
  ];
}
