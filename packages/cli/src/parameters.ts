// Parameters as people type them: NAME=VALUE, NAME=A,B,C, NAME=START:STOP:COUNT, and for envelopes NAME=MIN..MAX.
import { mostPoints, parameterName, shown, type Parameters, type ParameterValue, type Range, type Ranges } from '@dewar/protocol';
import { usage } from './exit.ts';

const forms = 'NAME=0.5, NAME=0,0.5,1 or NAME=START:STOP:COUNT, in decimal numbers, true or false';
const rangeForms = 'NAME=0.5 or NAME=MIN..MAX, in decimal numbers';

/** The spec's `parameters`. Throws `usage_invalid`. */
export function parametersFrom(given: readonly string[]): Parameters {
  return named(given, forms, (text) => {
    const range = /^([^:]+):([^:]+):(\d{1,4})$/.exec(text);
    if (range !== null) return evenly(numberOf(range[1] ?? '', forms), numberOf(range[2] ?? '', forms), Number(range[3]));
    return text.includes(',') ? text.split(',').map((each) => valueOf(each, forms)) : valueOf(text, forms);
  });
}

/** An envelope's ranges. Throws `usage_invalid`. */
export function rangesFrom(given: readonly string[]): Ranges {
  return named<Range>(given, rangeForms, (text) => {
    const [min, max, ...more] = text.split('..');
    if (max === undefined) return valueOf(text, rangeForms);
    const range = { min: numberOf(min ?? '', rangeForms), max: numberOf(max, rangeForms) };
    return more.length > 0 || range.min > range.max ? bad(text, rangeForms) : range;
  });
}

function named<T>(given: readonly string[], allowed: string, read: (text: string) => T): Record<string, T> {
  const found = new Map<string, T>();
  for (const each of given) {
    const at = each.indexOf('=');
    const name = each.slice(0, at);
    if (at < 1 || !parameterName.test(name) || name === '__proto__' || found.has(name)) throw usage(found.has(name) ? 'a parameter twice' : 'not a parameter', { got: shown(each), allowed });
    found.set(name, read(each.slice(at + 1)));
  }
  return Object.fromEntries(found);
}

/** `count` values from the first to the last, both among them. */
function evenly(start: number, stop: number, count: number): ParameterValue[] {
  if (count < 1 || count > mostPoints) throw usage('not a number of points', { got: String(count), allowed: `1 to ${mostPoints}` });
  return Array.from({ length: count }, (_, at) => (count === 1 ? start : Number((start + ((stop - start) * at) / (count - 1)).toPrecision(15))));
}

function valueOf(text: string, allowed: string): ParameterValue {
  return text === 'true' || text === 'false' ? text === 'true' : numberOf(text, allowed);
}

function numberOf(text: string, allowed: string): number {
  const value = Number(text);
  return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(text) && Number.isFinite(value) ? value + 0 : bad(text, allowed);
}

function bad(text: string, allowed: string): never {
  throw usage('not the value of a parameter', { got: shown(text), allowed });
}
