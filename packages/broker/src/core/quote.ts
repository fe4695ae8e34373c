// The price before running, from dated price lines, as an upper bound; what has no price is refused, never guessed.
import { DewarError, formatMicros, type DeviceView, type Money, type ProgramFacts, type Quote } from '@dewar/protocol';
import { formatPicos, microsUp } from './picos.ts';
import type { Load } from './ports.ts';
import { hasLapsed, lineOf, lineText, secondsText, type Charge, type PerGateShot, type PerSecond, type PriceLine, type Prices } from './price-line.ts';

/** What a price depends on. */
export interface Work extends Load {
  readonly facts: ProgramFacts;
}

const listIt = (device: string): string => `write a dated, sourced line for ${device} into prices.json, then start the broker again`;

/** Throws `cannot_price`. */
export function quoteFor(device: DeviceView, work: Work, prices: Prices, now: number): Quote {
  if (prices.free.includes(device.name)) {
    if (device.kind !== 'simulator') throw unpriced(device.name, { message: `no price is known for ${device.name}`, allowed: 'only simulators may be listed as free' });
    return { kind: 'free', basis: `${device.name} runs on this machine and is on the list as free` };
  }
  const line = lineOf(device.name, prices);
  if (!line) throw unpriced(device.name, { message: `no price is known for ${device.name}`, allowed: `a line for ${device.name} in prices.json` });
  return priceOf(line, work, now);
}

/** The most that this line lets the work cost. Throws `cannot_price`. */
export function priceOf(line: PriceLine, work: Work, now: number): Extract<Quote, { readonly kind: 'priced' }> {
  const { device } = line;
  if (line.program === 'analog') throw unpriced(device, { message: `${device} runs analog programs, not OpenQASM`, allowed: 'a device for gates', fix: 'choose another backend' });
  if (line.kind === 'plan') throw unpriced(device, { message: `${device} is not priced per job: ${line.plan}`, allowed: 'a line with a price', fix: `choose another backend; or, if you know what a job costs you at most, ${listIt(device)}` });
  if (hasLapsed(line, now)) throw unpriced(device, { message: `the price of ${device} was valid until ${line.valid_until ?? ''}`, allowed: 'a price of today', fix: `look it up (${line.source}), and ${listIt(device)}` });
  const { task, minimum } = line.charge;
  const tasks = task === 'point' ? work.points : 1;
  // Points that are tasks each are charged alike: the facts and the time bound every one of them.
  const each = partsOf(device, line.charge, { ...work, shots: task === 'point' ? work.shots : work.shots * work.points });
  const sum = each.reduce((total, part) => total + part.picos, 0n);
  const micros = microsUp(BigInt(tasks) * (sum > minimum ? sum : minimum));
  if (micros <= 0n || micros > BigInt(Number.MAX_SAFE_INTEGER)) throw unpriced(device, { message: `no price is known for ${device}`, allowed: `a price above zero and below ${formatMicros(Number.MAX_SAFE_INTEGER)}` });
  const text = minimum > sum ? `the least charge of ${formatPicos(minimum)}` : each.map((part) => part.text).join(' + ');
  return {
    kind: 'priced', amount: { currency: line.currency, micros: Number(micros) }, prices_dated: line.dated,
    basis: tasks === 1 ? text : `${tasks} points × ${each.length > 1 && minimum <= sum ? `(${text})` : text}`,
  };
}

interface Part {
  readonly picos: bigint;
  readonly text: string;
}

/** Of one task; what is not charged is left out. */
function partsOf(device: string, { per_task, per_shot, per_second, per_gate_shot }: Charge, work: Work): readonly Part[] {
  const shots = BigInt(work.shots);
  return [
    ...(per_task > 0n ? [{ picos: per_task, text: `${formatPicos(per_task)} a task` }] : []),
    ...(per_shot > 0n ? [{ picos: per_shot * shots, text: `${shots} shots × ${formatPicos(per_shot)}` }] : []),
    ...(per_second ? [secondsPart(per_second, work.timeLimit)] : []),
    ...(per_gate_shot ? [gatesPart(device, per_gate_shot, work.facts, shots)] : []),
  ];
}

/** Charged for as long as the job may run. */
function secondsPart({ rate, least, most }: PerSecond, timeLimit: number): Part {
  const allowed = BigInt(Math.ceil(timeLimit * 1000));
  const clamped = most !== null && allowed > most ? most : allowed;
  const ms = clamped > least ? clamped : least;
  return { picos: (rate * ms + 999n) / 1000n, text: `${secondsText(ms)} × ${formatPicos(rate)}` };
}

/** Throws where the facts do not bound the gates, or hold gates without a rate. */
function gatesPart(device: string, { one_qubit, two_qubit, multi_qubit }: PerGateShot, facts: ProgramFacts, shots: bigint): Part {
  if (facts.confidence === 'unknown' || facts.unbounded_loop) {
    const [note] = facts.notes;
    throw unpriced(device, {
      message: `${device} charges by the gate, and the gates of this program cannot be counted${note === undefined ? '' : ` (line ${note.line}: ${note.text})`}`,
      allowed: 'a program whose gates are bounded', fix: 'give loops constant bounds and leave out what the facts note as not understood, or choose a backend that does not charge by the gate',
    });
  }
  if (multi_qubit === null && facts.multi_qubit_gates > 0) {
    throw unpriced(device, {
      message: `${device} has no price for gates on three qubits or more, and the program has ${facts.multi_qubit_gates}`, allowed: 'gates on one or two qubits',
      fix: 'decompose them into gates on one or two qubits, or choose a backend that does not charge by the gate',
    });
  }
  const kinds: readonly (readonly [string, number, bigint])[] = [['one-qubit', facts.one_qubit_gates, one_qubit], ['two-qubit', facts.two_qubit_gates, two_qubit], ['larger', facts.multi_qubit_gates, multi_qubit ?? 0n]];
  const charged = kinds.filter(([, count]) => count > 0);
  return {
    picos: shots * charged.reduce((sum, [, count, rate]) => sum + BigInt(count) * rate, 0n),
    text: `${shots} shots × (${charged.map(([name, count, rate]) => `${count} ${name} × ${formatPicos(rate)}`).join(' + ') || 'no gates'})`,
  };
}

/** Null for a free run: there is nothing to reserve. */
export function amountOf(quote: Quote): Money | null {
  return quote.kind === 'priced' ? quote.amount : null;
}

export function priceText(device: DeviceView, prices: Prices): string {
  if (prices.free.includes(device.name)) return 'free';
  const line = lineOf(device.name, prices);
  return line ? lineText(line) : 'no price: jobs are refused';
}

function unpriced(device: string, { message, allowed, fix = listIt(device) }: { readonly message: string; readonly allowed: string; readonly fix?: string }): DewarError {
  return new DewarError({ code: 'cannot_price', message, path: '/backend', got: device, allowed, fix });
}
