// `dewar policy test`: whether a policy is right about the cases and the tests beside it.
import type { RegoTest } from '@dewar/policy';
import type { Context } from '../context.ts';
import { exits, type ExitCode } from '../exit.ts';
import { many } from '../job-text.ts';
import { row, type Line } from '../line.ts';
import { complaints, documentOf } from './check.ts';
import { block } from './fault-text.ts';
import { failures, inspect, type Tried } from './inspect.ts';
import { policyAt } from './named.ts';

/** Lines of a trace or of printed output. */
const mostLines = 30;

export async function test(context: Context, path: string | undefined): Promise<ExitCode> {
  const named = await policyAt(context, path);
  const found = await inspect(context, named.files, { tests: true });
  const { tried } = found;
  const ok = tried !== undefined && failures(tried) === 0;
  const { columns } = context.output;
  context.output.answer({
    ...documentOf(named, found), ok,
    cases: tried === undefined ? null : { total: tried.cases, failed: tried.failedCases },
    tests: tried === undefined ? null : { total: tried.tests, skipped: tried.skipped, failed: tried.failedTests },
  }, () => [
    ...complaints(named, found, columns),
    ...(tried === undefined ? [[{ text: `not tested: ${many(found.faults.length, 'fault')}`, tone: 'bad' } as const] satisfies Line] : [...failureLines(tried, columns), summary(tried)]),
  ]);
  if (tried !== undefined && tried.cases + tried.tests === 0) context.output.note('nothing shows that it does what you mean: put cases into cases.json, or rules that begin with test_ into a file *_test.rego');
  return ok ? exits.ok : exits.failure;
}

/** Each failing case with what was wanted and what came, each failing test with its trace. */
export function failureLines({ failedCases, failedTests }: Tried, columns: number): Line[] {
  return [
    ...failedCases.flatMap(({ name, wanted, got }) => [...row('case', name, columns, 'bad'), ...row('  wanted', wanted, columns), ...row('  got', got, columns)]),
    ...failedTests.flatMap((one) => [...row('test', titleOf(one), columns, 'bad'), ...about('  error', one.error, columns), ...about('  printed', one.output, columns), ...about('  trace', one.trace, columns)]),
  ];
}

function titleOf({ name, file, row: line }: RegoTest): string {
  return `${name}  ${file}:${line}`;
}

function about(label: string, text: string | undefined, columns: number): Line[] {
  return text === undefined || text.trim() === '' ? [] : [label, ...block(text.trimEnd(), columns, mostLines)];
}

/** `100 cases, 4 tests: all pass`. */
export function summary(tried: Tried): Line {
  const failed = failures(tried);
  const counts = `${many(tried.cases, 'case')}, ${many(tried.tests, 'test')}${tried.skipped > 0 ? ` (${tried.skipped} skipped)` : ''}: `;
  if (tried.cases + tried.tests === 0) return 'no cases and no tests';
  return [counts, failed === 0 ? { text: 'all pass', tone: 'good' } : { text: `${failed} ${failed === 1 ? 'fails' : 'fail'}`, tone: 'bad' }];
}
