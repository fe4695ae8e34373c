// The approval card: everything that a person decides on, on one screen, from what the broker derived itself.
import { isDigest, type PendingView } from '@dewar/protocol';
import { budgetLines } from './budget-text.ts';
import { escape } from './escape.ts';
import { agentLines, deviceWord, digestsText, factLines, many, parameterLines, quoteText, reasonLines, saidBy, shortDigest, shotsText, unusualLines } from './job-text.ts';
import { labelColumns, row, wrap, type Line } from './line.ts';

export interface CardOptions {
  /** The time it is shown at, for "in 12 min". */
  readonly now: Date;
  /** Width to keep to; at most 80. */
  readonly columns?: number;
}

/** The program as a card gets it. */
type Program = Pick<PendingView, 'source' | 'source_error' | 'drawing'>;

const circuitLines = 16;

export function card(pending: PendingView, { now, columns: wanted = 80 }: CardOptions): Line[] {
  const columns = Math.min(80, wanted);
  const { job } = pending;
  return [
    ...headline(pending, columns),
    [{ text: '─'.repeat(columns), tone: 'faint' }],
    ...(job.spec.backend === job.device.name ? [] : row('Backend', `${job.spec.backend}, which the configuration sets to ${escape(job.device.name, 64)}`, columns)),
    ...circuit(pending, columns),
    ...factLines(job.facts, columns),
    ...parameterLines(job.spec.parameters, columns),
    ...bound(pending, columns),
    ...row('Price', quoteText(job.quote), columns, 'strong'),
    ...budgetLines(pending.budgets, job.quote.kind === 'free' ? null : job.quote.amount, columns),
    ...unusualLines(pending.anomalies, columns),
    ...reasonLines(job.decision, columns, 2),
    ...(job.expires === undefined ? [] : row('Expires', `${job.expires} (${untilText(job.expires, now)})`, columns)),
    ...row('Job', job.job_id, columns),
    ...row('Digests', digestsText(job), columns),
    ...agentLines(saidBy(job), columns),
  ];
}

/** What else the spec asks for, and a yes binds. */
function bound({ job: { spec, quote } }: PendingView, columns: number): Line[] {
  const { data = [], image, packages = [], time_limit_s: seconds, max_cost: most } = spec;
  const text = (label: string, value: string): Line[] => row(label, escape(value, 2 * (columns - labelColumns) - 2), columns);
  return [
    ...(data.length === 0 ? [] : text('Data', `${many(data.length, 'item')}: ${data.map((item) => (isDigest(item) ? shortDigest(item) : item)).join(', ')}`)),
    ...(image === undefined ? [] : text('Image', `(unverified) ${image}`)),
    ...(packages.length === 0 ? [] : text('Packages', `${packages.length}, not installed: ${packages.join(', ')}`)),
    ...(seconds === undefined && most === undefined ? [] : text('Limits', [seconds !== undefined && `stopped after ${seconds} s`, most !== undefined && `refused above ${most}${quote.kind === 'priced' ? ` ${quote.amount.currency}` : ''}`].filter((limit) => limit !== false).join(' · '))),
  ];
}

function headline({ job }: PendingView, columns: number): Line[] {
  const word = deviceWord(job.device);
  const text = `Agent session ${escape(job.session, 32)} wants ${word}: ${escape(job.device.name, 64)} · ${shotsText(job)}`;
  return wrap(text, columns).map((piece) => [{ text: piece, tone: 'strong' }]);
}

/** The whole program with line numbers, each line as long as it is. */
export function sourceLines({ source, source_error: why }: Program, columns: number): Line[] {
  if (why !== null) return unreadable(why, columns);
  return linesOf(source).map((line, index): Line => [{ text: `${String(index + 1).padStart(4)}  `, tone: 'faint' }, line.replaceAll('\t', '  ')]);
}

function unreadable(why: string, columns: number): Line[] {
  return wrap(`The stored program cannot be read: ${escape(why, 3 * columns)}`, columns).map((text) => [{ text, tone: 'bad' }]);
}

function linesOf(text: string): string[] {
  return text.replace(/\r\n?/g, '\n').replace(/\n+$/, '').split('\n');
}

/** The drawing where there is one, else the source with line numbers. */
export function circuit({ source, source_error: why, drawing }: Program, columns: number): Line[] {
  if (why !== null) return unreadable(why, columns);
  const lines = linesOf(drawing ?? source);
  const shown = lines.slice(0, circuitLines);
  const number = (index: number): string => (drawing === null ? `${String(index + 1).padStart(4)}  ` : '  ');
  return [
    [{ text: drawing === null ? 'Circuit, as the agent wrote it' : 'Circuit', tone: 'faint' }],
    ...shown.map((line, index): Line => [{ text: number(index), tone: 'faint' }, escape(line.replaceAll('\t', '  '), columns - number(index).length)]),
    ...(lines.length > shown.length ? [[{ text: `      … ${many(lines.length - shown.length, 'more line')}`, tone: 'warn' }] satisfies Line] : []),
  ];
}

export function untilText(expires: string, now: Date): string {
  const seconds = Math.floor((Date.parse(expires) - now.getTime()) / 1000);
  if (!(seconds > 0)) return 'expired';
  if (seconds < 90) return `in ${seconds} s`;
  return seconds < 5400 ? `in ${Math.round(seconds / 60)} min` : `in ${Math.round(seconds / 3600)} h`;
}
