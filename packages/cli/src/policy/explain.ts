// `dewar policy explain`: one job's decision, the rules that gave its reasons, what they saw, and whether it comes out the same today.
import { fitsInput, isEnvelopes } from '@dewar/policy';
import type { Decision, ExplainAnswer, Json, Reason } from '@dewar/protocol';
import type { Context } from '../context.ts';
import { escape } from '../escape.ts';
import { exits, type ExitCode } from '../exit.ts';
import { resolveJob } from '../job-ref.ts';
import { digestRow, row, type Line, type Tone } from '../line.ts';
import { block } from './fault-text.ts';
import { fieldsReadBy, placeOf, type Place } from './rule-source.ts';

/** Lines of the whole input, and of one field. */
const mostLines = 400;
const fieldColumns = 400;

export async function explain({ control, output, signal }: Context, ref: string, { input: whole = false }: { readonly input?: boolean }): Promise<ExitCode> {
  const id = await resolveJob(ref, (limit) => control.jobs(limit, { signal }));
  const told = await control.explain(id, { signal });
  const verdict = againOf(told);
  const places = told.decision.reasons.map(({ rule }) => (told.policy === null ? undefined : placeOf(told.policy.modules, rule)));
  output.answer({ ...told, same: verdict.same, places: places.map((place) => place ?? null) }, () => [
    ...row('Decision', `${told.decision.effect}, at ${told.at}`, output.columns, tones[told.decision.effect]),
    digestRow('Policy', told.decision.policy), ...(told.policy === null ? row('', 'it was not kept', output.columns) : []),
    ...told.decision.reasons.flatMap((reason, index) => reasonLines(reason, told.policy !== null, places[index], output.columns)),
    ...inputLines(told, whole, output.columns),
    ...row('Again', verdict.text, output.columns, verdict.same === false ? 'bad' : verdict.same === true ? 'good' : undefined),
  ]);
  return verdict.same === false ? exits.failure : exits.ok;
}

const tones: Readonly<Record<Decision['effect'], Tone>> = { allow: 'good', ask: 'warn', deny: 'bad' };

function reasonLines({ rule, effect, message, fix }: Reason, kept: boolean, place: Place | undefined, columns: number): Line[] {
  const own = isEnvelopes({ rule, effect, message, fix }) || /^(?:policy|envelope|grant)\./.test(rule);
  const where = place !== undefined ? `${place.file}:${place.line}` : own ? "the broker's own, in no policy" : kept ? 'not found word for word in its files: the policy makes this name' : 'the policy was not kept';
  return [
    ...row('Reason', escape(`${rule} (${effect}): ${message}`, 8 * columns), columns, tones[effect]),
    ...(fix === null ? [] : row('', escape(`would pass: ${fix}`, 8 * columns), columns)),
    ...row('', where, columns),
  ];
}

function inputLines({ input, policy, decision }: ExplainAnswer, whole: boolean, columns: number): Line[] {
  if (input === null) return row('Input', 'it was not kept', columns);
  const paths = whole || policy === null ? [] : fieldsReadBy(policy.modules, decision.reasons.map(({ rule }) => rule));
  // Two paths may end at the same null.
  const fields = new Map(paths.flatMap((path) => valueAt(input, path)));
  if (fields.size === 0) return [[{ text: 'Input', tone: 'faint' }], ...block(JSON.stringify(input, null, 2), columns, mostLines)];
  return [
    ...row('Input', 'what these rules read; all of it with --input:', columns),
    ...[...fields].map(([path, value]) => `    ${escape(`input.${path}: ${JSON.stringify(value)}`, Math.min(fieldColumns, columns - 4))}`),
  ];
}

function valueAt(input: Json, path: readonly string[]): [string, Json][] {
  let value: Json = input;
  const gone: string[] = [];
  for (const key of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, key)) break;
    value = (value as Readonly<Record<string, Json>>)[key] ?? null;
    gone.push(key);
  }
  return gone.length === 0 ? [] : [[gone.join('.'), value]];
}

/** `same` is null where nothing can be said. */
function againOf({ decision, input, again }: ExplainAnswer): { readonly same: boolean | null; readonly text: string } {
  if (again === null) return { same: null, text: 'not decided again: its input or its policy was not kept' };
  if (input !== null && !fitsInput(input)) return { same: null, text: 'not decided again: its input is of another release' };
  const plain = ({ effect, reasons }: Decision): string => JSON.stringify([effect, reasons.filter((reason) => !isEnvelopes(reason)).map(({ rule, effect: own, message, fix }) => [rule, own, message, fix])]);
  if (again.policy === decision.policy && again.input === decision.input && plain(again) === plain(decision)) return { same: true, text: 'decided again just now: the same' };
  const [first] = again.reasons;
  return { same: false, text: `decided again just now by the same policy on the same input: NOT the same, but ${again.effect}${first === undefined ? '' : ` (${first.rule}: ${first.message})`}. The record, the policy or the input is not what it was: dewar journal verify` };
}
