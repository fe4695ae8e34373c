// Runs every check and test of the project, two at a time, counts each test once, and ends with `N passed, N failed, N skipped`.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { runPrivately, stopAll } from './private-run.ts';
import { lastLine, type TestLine } from './test-reporter.ts';

const root = dirname(import.meta.dirname);
const kinds = ['types', 'lint', 'walls', 'invariants', 'licences', 'unit', 'crash', 'e2e', 'escape', 'python', 'bench'] as const;
type Kind = (typeof kinds)[number];
const isKind = (text: string): text is Kind => kinds.some((kind) => kind === text);

/** The second lane starts with what takes longest; a lane that is done takes from the other. */
const heavy: ReadonlySet<Kind> = new Set(['escape', 'python', 'bench']);
const timeoutSeconds: Readonly<Record<Kind, number>> = { types: 180, lint: 120, walls: 60, invariants: 60, licences: 60, unit: 180, crash: 600, e2e: 600, escape: 600, python: 900, bench: 300 };

interface Task {
  readonly kind: Kind;
  readonly name: string;
  readonly argv: readonly string[];
  /** A file of node:test tests, counted by test; anything else counts as one. */
  readonly isTestFile: boolean;
}

interface Failure {
  readonly name: string;
  readonly detail: string;
}

interface Skip {
  readonly name: string;
  readonly reason: string;
}

interface Tally {
  readonly passed: number;
  readonly failures: readonly Failure[];
  readonly skips: readonly Skip[];
}

const check = (kind: Kind, name: string, ...argv: string[]): Task => ({ kind, name, argv: [process.execPath, ...argv], isTestFile: false });

function checks(): Task[] {
  return [
    check('types', 'types', 'node_modules/typescript/bin/tsc', '-p', '.'),
    check('types', 'types without Node', 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.pure.json'),
    check('lint', 'lint', 'node_modules/oxlint/bin/oxlint', '--deny-warnings'),
    check('walls', 'walls', 'scripts/walls.ts'),
    check('invariants', 'invariants', 'scripts/invariants.ts'),
    check('licences', 'licences', 'scripts/third-party.ts', '--check'),
  ];
}

/** By the folder it is in: `test/e2e/start.test.ts`, `packages/broker/test/crash/restart.test.ts`. */
function kindOf(path: string): Kind {
  const named = dirname(path).split('/').find((word) => ['crash', 'e2e', 'escape', 'python'].includes(word));
  return named !== undefined && isKind(named) ? named : 'unit';
}

function testFiles(): Task[] {
  const paths = globSync(['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'], { cwd: root }).filter((path) => !/(^|\/)(node_modules|fixtures)\//.test(path));
  return paths.toSorted().map((path) => ({ kind: kindOf(path), name: path, argv: [process.execPath, path], isTestFile: true }));
}

/** A benchmark is run once only to see that it still runs. */
function benches(): Task[] {
  return globSync('bench/*.ts', { cwd: root }).toSorted().map((path) => check('bench', path, path, '--count', '1'));
}

/** Counts a file's finished tests, and adds what no test event can say: a hang, a crash, something left running, nothing run. */
function tallyOfFile(task: Task, lines: readonly TestLine[], trouble: readonly string[], output: string): Tally {
  const skips = lines.filter((line) => line.skip !== undefined).map((line) => ({ name: `${task.name} :: ${line.name}`, reason: line.skip ?? '' }));
  const ran = lines.filter((line) => line.skip === undefined);
  const failures = ran
    .filter((line) => line.outcome === 'fail' && !(line.suite && line.knockOn))
    .map((line) => ({ name: `${task.name} :: ${line.name}`, detail: line.knockOn ? 'a test inside it failed' : (line.error ?? '') }));
  const whole = [...trouble, ...(lines.length === 0 ? ['no test ran'] : [])];
  const passed = ran.filter((line) => line.outcome === 'pass' && !line.suite).length;
  return { passed, skips, failures: whole.length === 0 ? failures : [...failures, { name: task.name, detail: `${whole.join('\n')}\n${output}` }] };
}

interface Events {
  readonly lines: readonly TestLine[];
  readonly ended: boolean;
}

function eventsIn(folder: string): Events {
  const file = join(folder, 'events');
  // What follows the last line break was cut off where the process was killed.
  const whole = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  const lines = whole.filter((text) => text !== lastLine).map((text): TestLine => JSON.parse(text));
  return { lines, ended: whole.at(-1) === lastLine };
}

async function perform(task: Task, timeout: number | undefined): Promise<Tally> {
  const [node = '', ...rest] = task.argv;
  const reporter = (folder: string): string[] => ['--test-reporter', join(root, 'scripts/test-reporter.ts'), '--test-reporter-destination', join(folder, 'events')];
  const seconds = timeout ?? timeoutSeconds[task.kind];
  const run = { cwd: root, timeoutSeconds: seconds };
  const outcome = await runPrivately(
    task.isTestFile ? { ...run, argv: [node], extraArguments: (folder) => [...reporter(folder), ...rest] } : { ...run, argv: task.argv },
    eventsIn,
  );
  const { lines, ended } = outcome.found;
  const failedTest = lines.some((line) => line.outcome === 'fail');
  const trouble = [
    ...(outcome.timedOut ? [`did not end within ${seconds} s, killed`] : []),
    ...(!outcome.timedOut && outcome.code !== 0 && !failedTest ? [`ended with ${outcome.signal ?? `exit code ${outcome.code}`}`] : []),
    ...(task.isTestFile && outcome.code === 0 && !ended ? ['ended before its tests did'] : []),
    ...outcome.left.map((left) => `left behind: ${left}`),
  ];
  const tally = task.isTestFile
    ? tallyOfFile(task, lines, trouble, outcome.output)
    : { passed: trouble.length === 0 ? 1 : 0, skips: [], failures: trouble.length === 0 ? [] : [{ name: task.name, detail: `${trouble.join('\n')}\n${outcome.output}` }] };
  const counts = task.isTestFile ? `  ${tally.passed} passed${tally.skips.length > 0 ? `, ${tally.skips.length} skipped` : ''}${tally.failures.length > 0 ? `, ${tally.failures.length} failed` : ''}` : '';
  console.log(`${tally.failures.length > 0 ? 'FAIL' : 'ok  '} ${task.name}${counts}  ${outcome.seconds.toFixed(1)} s`);
  return tally;
}

interface Asked {
  readonly only: ReadonlySet<Kind>;
  readonly paths: readonly string[];
  /** For every file, instead of its kind's own. */
  readonly timeout: number | undefined;
}

function usage(problem: string): never {
  console.error(`${problem}\nusage: npm test -- [--only ${kinds.join(',')}] [--timeout SECONDS] [part of a test file's path]...`);
  process.exit(2);
}

function asked(args: readonly string[]): Asked {
  const options = { only: { type: 'string', multiple: true }, timeout: { type: 'string' } } as const;
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const names = (values.only ?? []).flatMap((list) => list.split(','));
    const unknown = names.find((name) => !isKind(name));
    if (unknown !== undefined) usage(`--only ${unknown}: no such kind`);
    const timeout = values.timeout === undefined ? undefined : Number(values.timeout);
    if (timeout !== undefined && !(timeout > 0)) usage(`--timeout ${values.timeout}: not a number of seconds`);
    return { only: new Set(names.filter(isKind)), paths: positionals, timeout };
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
}

function tasksFor({ only, paths }: Asked): Task[] {
  const all = [...(paths.length === 0 ? checks() : []), ...testFiles(), ...(paths.length === 0 ? benches() : [])];
  return all.filter((task) => (only.size === 0 || only.has(task.kind)) && (paths.length === 0 || paths.some((path) => task.name.includes(path))));
}

async function lane(own: Task[], other: Task[], timeout: number | undefined): Promise<Tally[]> {
  const tallies: Tally[] = [];
  for (;;) {
    const task = own.shift() ?? other.shift();
    if (task === undefined) return tallies;
    tallies.push(await perform(task, timeout));
  }
}

/** CI runs the tests that need root as root first, and says so; then an ordinary user's run may skip them. */
function ranAsRoot({ reason }: Skip): boolean {
  return reason.startsWith('needs root:') && process.getuid?.() !== 0 && process.env['DEWAR_ROOT_TESTED'] === '1';
}

async function main(): Promise<void> {
  const started = performance.now();
  const request = asked(process.argv.slice(2));
  const tasks = tasksFor(request);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      stopAll();
      process.exit(130);
    });
  }
  const light = tasks.filter((task) => !heavy.has(task.kind));
  const slow = tasks.filter((task) => heavy.has(task.kind));
  const tallies = (await Promise.all([lane(light, slow, request.timeout), lane(slow, light, request.timeout)])).flat();
  const skips = tallies.flatMap((tally) => tally.skips);
  const failing = process.env['DEWAR_REQUIRE'] === 'all' ? skips.filter((skip) => !ranAsRoot(skip)) : [];
  const skipped = skips.filter((skip) => !failing.includes(skip));
  const failures = [...tallies.flatMap((tally) => tally.failures), ...failing.map(({ name, reason }) => ({ name, detail: `skipped: ${reason} (DEWAR_REQUIRE=all)` }))];
  for (const { name, detail } of failures) console.log(`\nFAILED ${name}\n${detail.trimEnd().replace(/^/gm, '    ')}`);
  for (const { name, reason } of skipped) console.log(`skipped ${name}: ${reason}`);
  const passed = tallies.reduce((sum, tally) => sum + tally.passed, 0);
  console.log(`\n${((performance.now() - started) / 1000).toFixed(0)} s`);
  console.log(`${passed} passed, ${failures.length} failed, ${skipped.length} skipped`);
  process.exitCode = failures.length > 0 || passed + skips.length === 0 ? 1 : 0;
}

await main();
