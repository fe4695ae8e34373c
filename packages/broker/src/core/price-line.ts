// A price line: what a device charges, since when, by which source; how old it is, and how it reads.
import type { JsonObject, PriceView } from '@dewar/protocol';
import { formatPicos } from './picos.ts';
import type { Rate } from './rates.ts';

/** What one task costs is the sum of the parts, or `minimum` where that is more. Money is in picos (`picos.ts`); 0 is not charged. */
export interface Charge {
  /** What a sweep is charged as: one task in all, or one a point. */
  readonly task: 'job' | 'point';
  readonly per_task: bigint;
  readonly per_shot: bigint;
  readonly per_second: PerSecond | null;
  readonly per_gate_shot: PerGateShot | null;
  readonly minimum: bigint;
}

export interface PerSecond {
  readonly rate: bigint;
  /** Milliseconds that are charged at the least, and at the most; null where there is no most. */
  readonly least: bigint;
  readonly most: bigint | null;
}

/** For each gate of each shot, by the number of qubits it acts on. */
export interface PerGateShot {
  readonly one_qubit: bigint;
  readonly two_qubit: bigint;
  /** Null where none is known: a program with such gates then has no price. */
  readonly multi_qubit: bigint | null;
}

interface Listed {
  readonly device: string;
  readonly provider: string | null;
  /** When the price was that, YYYY-MM-DD; and the last day on which it still counts. */
  readonly dated: string;
  readonly valid_until: string | null;
  /** Where to look it up. */
  readonly source: string;
  readonly note: string | null;
  readonly program: 'openqasm' | 'analog';
  /** From the catalogue that comes with the broker, not from prices.json. */
  readonly shipped: boolean;
}

export type PricedLine = Listed & { readonly kind: 'priced'; readonly currency: string; readonly charge: Charge };
/** A subscription, credits, a price that only says where it begins: nothing that bounds a job. */
export type PlanLine = Listed & { readonly kind: 'plan'; readonly plan: string };
export type PriceLine = PricedLine | PlanLine;

export interface Prices {
  /** Simulators on this machine. */
  readonly free: readonly string[];
  /** One a device: its own of prices.json, else that of the catalogue. */
  readonly lines: readonly PriceLine[];
  readonly rates: readonly Rate[];
}

/** Days after which a line is to be looked up again. */
const outdatedAfter = 90;
const dayMs = 86_400_000;

export function lineOf(device: string, prices: Prices): PriceLine | undefined {
  return prices.lines.find((line) => line.device === device);
}

export function dayAt(now: number): string {
  return new Date(now).toISOString().slice(0, 10);
}

/** Days: policies tell a person of a price so old. */
const slip = 36_500;

/** Whole days since the date began, UTC; negative for a day to come. */
function daysSince(dated: string, now: number): number {
  return Math.floor((now - Date.parse(dated)) / dayMs);
}

/** Days; none for a line that is dated a day ahead. One dated further ahead is a slip, as old as a price may be. */
export function priceAge(line: Pick<PriceLine, 'dated'>, now: number): number {
  const days = daysSince(line.dated, now);
  return days < -1 ? slip : Math.max(0, days);
}

/** Its last day is over: it is a price no more. */
export function hasLapsed({ valid_until }: Pick<PriceLine, 'valid_until'>, now: number): boolean {
  return valid_until !== null && dayAt(now) > valid_until;
}

export function isOutdated(line: PriceLine, now: number): boolean {
  // A day ahead is a time zone's; more is a slip, and says nothing of today.
  return priceAge(line, now) > outdatedAfter || daysSince(line.dated, now) < -1 || hasLapsed(line, now);
}

/** `0.30 a task + 0.0009 a shot XTS (2026-11-01)`. */
export function lineText(line: PriceLine): string {
  return `${rateText(line)} (${line.dated})`;
}

function rateText(line: PriceLine): string {
  return line.kind === 'plan' ? `not priced per job: ${line.plan}` : chargeText(line.charge, line.currency);
}

function chargeText({ task, per_task, per_shot, per_second, per_gate_shot, minimum }: Charge, currency: string): string {
  const parts = [
    per_task > 0n && `${formatPicos(per_task)} a task`, per_shot > 0n && `${formatPicos(per_shot)} a shot`,
    per_second && `${formatPicos(per_second.rate)} a second${boundsText(per_second)}`,
    per_gate_shot && `${formatPicos(per_gate_shot.one_qubit)} a one-qubit and ${formatPicos(per_gate_shot.two_qubit)} a two-qubit gate and shot`,
    per_gate_shot && per_gate_shot.multi_qubit !== null && `${formatPicos(per_gate_shot.multi_qubit)} a larger one`,
  ].filter((part) => typeof part === 'string');
  const least = minimum > 0n && `at least ${formatPicos(minimum)}${parts.length > 0 ? '' : ` ${currency}`} a task`;
  // Shots and gates come to the same either way.
  const points = task === 'point' && (per_task > 0n || minimum > 0n || per_second !== null) && 'each point a task';
  return [parts.length > 0 && `${parts.join(' + ')} ${currency}`, least, points].filter((part) => typeof part === 'string').join(', ');
}

function boundsText({ least, most }: PerSecond): string {
  const bounds = [least > 0n && `at least ${secondsText(least)}`, most !== null && `at most ${secondsText(most)}`].filter((part) => typeof part === 'string');
  return bounds.length > 0 ? ` (${bounds.join(', ')})` : '';
}

/** `0.2 s` of 200 milliseconds. */
export function secondsText(ms: bigint): string {
  const text = ms.toString().padStart(4, '0');
  return `${`${text.slice(0, -3)}.${text.slice(-3)}`.replace(/\.?0+$/, '')} s`;
}

export function priceView(line: PriceLine, backends: readonly string[], now: number): PriceView {
  const { device, provider, program, dated, valid_until, source, note, shipped } = line;
  return {
    device, provider, program, price: rateText(line), currency: line.kind === 'priced' ? line.currency : null, dated, valid_until, source, note, shipped, backends,
    age_days: priceAge(line, now), outdated: isOutdated(line, now), lapsed: hasLapsed(line, now),
  };
}

/** As the journal keeps them: decimals in quotes. */
export function pricesJson({ free, lines, rates }: Prices): JsonObject {
  return {
    free: [...free],
    lines: lines.map((line) => ({ device: line.device, price: rateText(line), dated: line.dated, valid_until: line.valid_until, source: line.source, program: line.program, shipped: line.shipped })),
    rates: rates.map(({ rate, ...rest }) => ({ ...rest, rate: formatPicos(rate) })),
  };
}
