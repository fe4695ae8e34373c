// A node:test reporter that writes one JSON line per finished test, so that the runner counts events and never guesses from text.
import { inspect } from 'node:util';

/** One finished test as the runner reads it. `suite` marks a describe block; `knockOn` a parent that failed only because a child did. */
export interface TestLine {
  readonly outcome: 'pass' | 'fail';
  readonly name: string;
  readonly suite: boolean;
  readonly knockOn: boolean;
  readonly skip?: string;
  readonly error?: string;
}

interface Finished {
  readonly name: string;
  readonly nesting: number;
  readonly details?: { readonly type?: string; readonly error?: Error & { readonly failureType?: string } };
  readonly skip?: string | boolean;
  readonly todo?: string | boolean;
}

interface TestEvent {
  readonly type: string;
  readonly data: Finished;
}

function reason({ skip, todo }: Finished): string | undefined {
  if (skip !== undefined && skip !== false) return typeof skip === 'string' && skip !== '' ? skip : 'no reason given';
  if (todo !== undefined && todo !== false) return `todo${typeof todo === 'string' && todo !== '' ? `: ${todo}` : ''}`;
  return undefined;
}

function line(event: TestEvent, above: readonly string[]): TestLine {
  const { data } = event;
  const error = data.details?.error;
  const skip = reason(data);
  return {
    outcome: event.type === 'test:pass' ? 'pass' : 'fail',
    name: [...above, data.name].join(' > '),
    suite: data.details?.type === 'suite',
    knockOn: error?.failureType === 'subtestsFailed',
    ...(skip !== undefined && { skip }),
    ...(error !== undefined && { error: inspect(error.cause ?? error, { depth: 4 }).slice(0, 8000) }),
  };
}

/** The last line: without it the process ended before its tests did, even with exit code 0. */
export const lastLine = 'end';

export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const names: string[] = [];
  for await (const event of source) {
    if (event.type === 'test:start') names[event.data.nesting] = event.data.name;
    if (event.type === 'test:pass' || event.type === 'test:fail') yield `${JSON.stringify(line(event, names.slice(0, event.data.nesting)))}\n`;
  }
  yield `${lastLine}\n`;
}
