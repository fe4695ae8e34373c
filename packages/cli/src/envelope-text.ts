// An envelope in words: its card, and the lines that tell how it stands.
import { formatMicros, formatMoney, practiceCurrency, rangeText, type EnvelopeView, type Money, type PendingEnvelopeView } from '@dewar/protocol';
import { envelopeBudgetLines } from './budget-text.ts';
import { circuit, untilText, type CardOptions } from './card.ts';
import { escape, width } from './escape.ts';
import { agentLines, deviceWord, factLines, many, minute, moneyText, reasonLines, shortDigest, unusualLines } from './job-text.ts';
import { labelColumns, row, table, wrap, type Line } from './line.ts';

/** Everything that a yes to an envelope binds, on one screen, from what the broker derived itself. */
export function envelopeCard(pending: PendingEnvelopeView, { now, columns: wanted = 80 }: CardOptions): Line[] {
  const columns = Math.min(80, wanted);
  const { envelope, budgets, anomalies } = pending;
  const { terms } = envelope;
  const word = deviceWord({ ...terms.device, max_qubits: 0 });
  const text = `Agent session ${escape(envelope.session, 32)} wants an ENVELOPE, many jobs under one yes, on ${word}: ${escape(terms.device.name, 64)} · up to ${many(terms.max_jobs, 'job')}`;
  return [
    ...wrap(text, columns).map((piece): Line => [{ text: piece, tone: 'strong' }]),
    [{ text: '─'.repeat(columns), tone: 'faint' }],
    ...circuit(pending, columns),
    ...factLines(envelope.facts, columns),
    ...termLines(envelope, columns, 3),
    ...envelopeBudgetLines(budgets, terms, columns),
    ...unusualLines(anomalies, columns),
    ...reasonLines(envelope.decision, columns, 2),
    ...(envelope.expires === undefined ? [] : row('Answer', `until ${envelope.expires} (${untilText(envelope.expires, now)})`, columns)),
    ...row('Envelope', envelope.envelope_id, columns),
    ...row('Digests', `terms ${shortDigest(envelope.terms_digest)} · code ${shortDigest(terms.code.digest)}`, columns),
    ...agentLines(envelope, columns),
  ];
}

/** The terms, line by line. @param lines most lines of one term */
function termLines({ envelope_id: id, status, terms }: EnvelopeView, columns: number, lines: number): Line[] {
  const { parameters, shots, max_jobs: jobs, max_shots: all, time_limit_s: seconds, job_amount: each, max_amount: most, prices_dated: dated } = terms;
  const text = (label: string, value: string): Line[] => row(label, escape(value, lines * (columns - labelColumns)), columns);
  return [
    ...(terms.backend === terms.device.name ? [] : row('Backend', `${escape(terms.backend, 64)}, which the configuration sets to ${escape(terms.device.name, 64)}`, columns)),
    ...rangeLines(parameters, id, columns, lines),
    ...text('At most', `${many(jobs, 'job')}, ${shots} shots a job, ${all} shots in all; ${seconds} s each`),
    ...row('Price', each === null || most === null ? 'free' : `at most ${formatMoney(each)} a job, ${moneyText(most)} in all${dated === null ? '' : `; prices of ${dated}`}`, columns, 'strong'),
    ...row('Until', status === 'waiting' || status === 'live' ? `${terms.until}: until then a yes holds for all of it` : terms.until, columns, status === 'waiting' || status === 'live' ? 'warn' : undefined),
    ...(terms.data.length === 0 ? [] : text('Data', `${many(terms.data.length, 'item')}: ${terms.data.map(({ digest }) => shortDigest(digest)).join(', ')}`)),
    ...(terms.image === null ? [] : text('Image', `(unverified) ${terms.image}`)),
    ...(terms.packages.length === 0 ? [] : text('Packages', `not installed: ${terms.packages.join(', ')}`)),
  ];
}

/** What varies first; an input that there is no room for is never left out in silence. */
function rangeLines(parameters: EnvelopeView['terms']['parameters'], id: string, columns: number, lines: number): Line[] {
  const all = Object.entries(parameters).toSorted(([, a], [, b]) => Number(typeof b === 'object') - Number(typeof a === 'object'));
  const shown: string[] = [];
  let room = lines * (columns - labelColumns);
  for (const [name, range] of all) {
    const piece = escape(`${name} ${rangeText(range)}`);
    room -= width(piece) + 3;
    if (room < 0) break;
    shown.push(piece);
  }
  const hidden = all.slice(shown.length);
  const varying = hidden.filter(([, range]) => typeof range === 'object').length;
  return [
    ...(shown.length === 0 && hidden.length > 0 ? [] : row('May vary', all.length === 0 ? 'nothing: the same circuit each time' : shown.join(' · '), columns)),
    ...(hidden.length === 0 ? [] : row(shown.length === 0 ? 'May vary' : '', `! ${many(hidden.length, 'more input')} not shown, of which ${varying} may vary: dewar envelope show ${id}`, columns, 'warn')),
  ];
}

export function envelopeLines(envelope: EnvelopeView, columns: number): Line[] {
  const { used, terms, denied } = envelope;
  return [
    envelopeHead(envelope),
    ...termLines(envelope, columns, Infinity),
    ...row('Used', `${used.jobs} of ${many(terms.max_jobs, 'job')} · ${used.shots} of ${terms.max_shots} shots${moneyUsed(used.amount, terms.max_amount)}`, columns),
    ...(denied === undefined ? reasonLines(envelope.decision, columns) : row('Denied', `by ${denied.by}: ${escape(denied.message, 400)}`, columns, 'bad')),
    ...(denied === undefined || denied.fix === null ? [] : row('', `would pass: ${escape(denied.fix, 400)}`, columns)),
    ...(envelope.approval === undefined ? [] : row('Approved', `${envelope.approval.at} (${envelope.approval.id})`, columns)),
    ...row('Digests', `terms ${shortDigest(envelope.terms_digest)} · code ${shortDigest(terms.code.digest)}`, columns),
    ...agentLines(envelope, columns),
  ];
}

export function envelopeHead({ envelope_id: id, status, terms }: EnvelopeView): Line {
  const tone = status === 'live' ? 'good' : status === 'waiting' ? 'warn' : 'bad';
  return [`${id}  `, { text: status, tone }, `  ${escape(terms.device.name, 40)} (${deviceWord({ ...terms.device, max_qubits: 0 })}) · up to ${many(terms.max_jobs, 'job')}`];
}

export function envelopeTable(envelopes: readonly EnvelopeView[], columns: number): Line[] {
  const rows = envelopes.map(({ envelope_id: id, status, terms, used, session, name }) => [
    id, status, terms.device.name, `${used.jobs}/${terms.max_jobs}`, terms.max_amount === null ? 'free' : `${formatMicros(used.amount?.micros ?? 0)}/${formatMoney(terms.max_amount)}`, minute(terms.until), session, name,
  ]);
  return table(['envelope', 'status', 'device', 'jobs', 'money', 'until', 'session', 'name'], rows, columns);
}

function moneyUsed(used: Money | null, most: Money | null): string {
  if (most === null) return '';
  return ` · ${formatMicros(used?.micros ?? 0)} of ${formatMoney(most)}${most.currency === practiceCurrency ? ' (practice money)' : ''}`;
}
