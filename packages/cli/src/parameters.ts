// Parameters as people type them: NAME=VALUE, NAME=A,B,C, NAME=START:STOP:COUNT, and for envelopes NAME=MIN..MAX.
import { mostPoints, parameterName, shown, type Parameters, type ParameterValue, type Range, type Ranges } from '@dewar/protocol';
import { usage } from './exit.ts';

const forms = 'NAME=0.5, NAME=0,0.5,1, or NAME=START:STOP:COUNT';

/** The spec's `parameters`. Throws `usage_invalid`. */
export function parametersFrom(given: readonly string[]): Parameters {
  return named(given, forms, (text) => {
    const range = /^([^:]+):([^:]+):(\d{1,4})$/.exec(text);
    if (range !== null) return evenly(numberOf(range[1] ?? ''), numberOf(range[2] ?? ''), Number(range[3]));
    return text.includes(',') ? text.split(',').map(valueOf) : valueOf(text);
  });
}

/** An envelope's ranges. Throws `usage_invalid`. */
export function rangesFrom(given: readonly string[]): Ranges {
  return named<Range>(given, 'NAME=0.5 or NAME=MIN..MAX', (text) => {
    const [min, max, ...more] = text.split('..');
    return max === undefined ? valueOf(text) : more.length > 0 ? bad(text) : { min: numberOf(min ?? ''), max: numberOf(max) };
  });
}

function named<T>(given: readonly string[], allowed: string, read: (text: string) => T): Record<string, T> {
  const found = new Map<string, T>();
  for (const each of given) {
    const at = each.indexOf('=');
    const name = each.slice(0, at);
    if (at < 1 || !parameterName.test(name) || name === '__proto__' || found.has(name)) throw usage('not a parameter', { got: shown(each), allowed, fix: 'each name once' });
    found.set(name, read(each.slice(at + 1)));
  }
  return Object.fromEntries(found);
}

/** `count` values from the first to the last, both among them. */
function evenly(start: number, stop: number, count: number): ParameterValue[] {
  if (count < 1 || count > mostPoints) throw usage('not a number of points', { got: String(count), allowed: `1 to ${mostPoints}` });
  return Array.from({ length: count }, (_, at) => (count === 1 ? start : Number((start + ((stop - start) * at) / (count - 1)).toPrecision(15))));
}

function valueOf(text: string): ParameterValue {
  return text === 'true' || text === 'false' ? text === 'true' : numberOf(text);
}

function numberOf(text: string): number {
  const value = Number(text);
  return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(text) && Number.isFinite(value) ? value + 0 : bad(text);
}

function bad(text: string): never {
  throw usage('not a value', { got: shown(text), allowed: 'a decimal number, true or false' });
}
