// `dewar policy diff`: what another policy would have said of the jobs that were decided.
import { decideAgain, PolicyRefused, withDeciders, type AgainParts, type ChangedDecision, type Compared, type Fault } from '@dewar/policy';
import { DewarError, type Effect } from '@dewar/protocol';
import type { Context } from '../context.ts';
import { escape } from '../escape.ts';
import { exits, type ExitCode } from '../exit.ts';
import { many } from '../job-text.ts';
import { row, type Line, type Span } from '../line.ts';
import { complaints } from './check.ts';
import { failures, inspect, type Inspected } from './inspect.ts';
import { policyCalled, type NamedPolicy } from './named.ts';
import { failureLines, summary } from './test.ts';

export interface DiffOptions {
  readonly last: number;
  readonly show: number;
  readonly exitCode?: boolean;
}

const redrawMs = 120;

export async function diff(context: Context, text: string, { last, show, exitCode = false }: DiffOptions): Promise<ExitCode> {
  const { control, output, signal } = context;
  const named = await policyCalled(text);
  // Asked first: without a broker there is nothing to compare with, and OPA need not start.
  const inForce = await control.policy({ signal });
  const { bundle, wasm, digest } = compiledOf(context, named, await inspect(context, named.files, { tests: true }));
  const compared = await withDeciders(bundle, wasm, ({ decide, threads }) => decideAgain({
    page: pagesOf(context), decide, atOnce: threads, most: last, keep: show, signal, ...(output.live && { onProgress: progress(context, last) }),
  }));
  output.status('');
  output.answer({ policy: digest, in_force: inForce.digest, ...compared }, () => comparedLines(compared, output.columns));
  if (digest === inForce.digest) output.note(`${named.title} is the policy in force; older jobs may have been decided by others`);
  if (compared.interrupted) {
    output.note(`interrupted: the newest ${many(compared.seen, 'decision')} only`);
    return exits.interrupted;
  }
  return exitCode && compared.effects.length + compared.reasons > 0 ? exits.failure : exits.ok;
}

/** Programs may make inputs so large that a page of them is not read: then smaller pages are asked for. */
function pagesOf({ control, signal }: Context): AgainParts['page'] {
  let most = Infinity;
  const page: AgainParts['page'] = async (limit, before) => {
    const asked = Math.min(limit, most);
    try {
      return await control.pastDecisions(asked, before, { signal });
    } catch (error) {
      if (asked === 1 || !(error instanceof DewarError) || (error.code !== 'body_too_large' && error.code !== 'internal')) throw error;
      most = Math.floor(asked / 2);
      return page(limit, before);
    }
  };
  return page;
}

/** Throws `policy_invalid` or `policy_cases_failed`, with all that is wrong shown before. */
function compiledOf({ output }: Context, named: NamedPolicy, found: Inspected): NonNullable<Inspected['compiled']> {
  const { compiled, tried, faults } = found;
  if (compiled !== undefined && tried !== undefined && failures(tried) === 0) return compiled;
  const failed: Fault[] = [
    ...(tried?.failedCases ?? []).map(({ name, wanted, got }) => ({ code: 'case_failed', message: `case ${JSON.stringify(name)}: wanted ${wanted}, got ${got}`, file: 'cases.json', row: 0, col: 0 })),
    ...(tried?.failedTests ?? []).map(({ name, file, row: line }) => ({ code: 'test_failed', message: `${name} failed`, file, row: line, col: 1 })),
  ];
  output.note(...complaints(named, found, output.columns), ...(tried === undefined ? [] : [...failureLines(tried, output.columns), summary(tried)]));
  const [first, ...more] = [...faults, ...failed];
  if (first === undefined) throw new TypeError('a policy without faults that is not compiled');
  throw new PolicyRefused([first, ...more], faults.length > 0 ? 'policy_invalid' : 'policy_cases_failed');
}

function progress({ output }: Context, most: number): (seen: number) => void {
  const began = performance.now();
  let drawn = 0;
  return (seen) => {
    const now = performance.now();
    if (now - drawn < redrawMs) return;
    drawn = now;
    output.status(`deciding again · ${seen} of at most ${most} · ${Math.round(seen / ((now - began) / 1000))} a second`);
  };
}

const strictness: Readonly<Record<Effect, number>> = { allow: 0, ask: 1, deny: 2 };

/** Milder is what a person must not overlook. */
function arrow(before: Effect, after: Effect): Span {
  return { text: `${before} → ${after}`, tone: strictness[after] < strictness[before] ? 'bad' : strictness[after] > strictness[before] ? 'warn' : 'strong' };
}

export function comparedLines({ seen, same, effects, reasons, undecided, changed }: Compared, columns: number): Line[] {
  const { not_kept, other_release, other_input } = undecided;
  const none = ([[not_kept, 'its input was not kept'], [other_release, 'its input is of another release'], [other_input, 'its input is not the one that was decided on']] as const).filter(([count]) => count > 0);
  const counted = (count: number): string => String(count).padStart(9);
  const listed = effects.reduce((sum, { count }) => sum + count, reasons);
  return [
    `${many(seen, 'decision')}, the newest first:`,
    `${counted(same)}  the same`,
    ...effects.map(({ before, after, count }): Line => [`${counted(count)}  `, arrow(before, after)]),
    ...(reasons > 0 ? [`${counted(reasons)}  the same effect, by other rules`] : []),
    ...none.map(([count, why]) => `${counted(count)}  cannot be decided again: ${why}`),
    ...changed.flatMap((one) => changedLines(one, columns)),
    ...(listed > changed.length ? [`… ${listed - changed.length} more: --show N`] : []),
  ];
}

function changedLines({ job_id, before, after, gone, added, reason }: ChangedDecision, columns: number): Line[] {
  const rules = [...gone.map((rule) => `-${rule}`), ...added.map((rule) => `+${rule}`)].join(' ');
  return [
    [`${job_id}  `, arrow(before, after), before === after && rules !== '' ? `  ${escape(rules, columns)}` : ''],
    ...(reason === null ? [] : row('', escape(`${reason.rule}: ${reason.message}`, 3 * columns), columns)),
  ];
}
