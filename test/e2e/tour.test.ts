// The tour end to end, as a newcomer runs it: what it promises is on the screen, and nothing of it stays behind.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { verifyReceipt } from '@dewar/receipt';
import { hasPty, project, runOnTerminal, runTour, send, type, world, type Ended, type World } from './run-tour.ts';

const headings = [
  '1/6  A broker starts, and an agent that holds no key', '2/6  The agent runs its circuit on the simulator', '3/6  The agent asks for a QPU',
  '4/6  The agent asks for 1,000,000 shots', '5/6  An approved circuit is changed by one bit', '6/6  Every receipt is verified',
] as const;
const question = 'Approve? Type yes or no: ';
const again = 'Approve both? Type yes or no: ';
const goOn = 'Enter goes on, Ctrl-C ends the tour. ';

function inOrder(text: string, wanted: readonly (string | RegExp)[]): void {
  let from = 0;
  for (const each of wanted) {
    const rest = text.slice(from);
    const at = typeof each === 'string' ? rest.indexOf(each) : rest.search(each);
    assert.ok(at >= 0, `${String(each)} does not follow in:\n${rest}`);
    from += at + 1;
  }
}

/** A command that was folded to the width, on one line again. */
const unfolded = (text: string): string => text.replaceAll(/ \\\n\s+/g, ' ');

const receiptNames = (where: World): string[] => readdirSync(join(where.work, 'dewar-tour/receipts')).toSorted();

/** Every receipt of a finished tour, verified with nothing but the key it left. */
function receipts(where: World): ReturnType<typeof verifyReceipt>[] {
  const pem = readFileSync(join(where.work, 'dewar-tour/receipt-key.pem'), 'utf8');
  return receiptNames(where).map((name) => verifyReceipt(readFileSync(join(where.work, 'dewar-tour/receipts', name)), { receiptKeys: [pem] }));
}

/** The commands as printed, continuation lines and all. */
function commands(text: string): string[] {
  return [...text.matchAll(/^ {2}\$ ((?:.*\\\n)*.*)$/gm)].map((match) => match[1] ?? '');
}

function stopped({ code, left, text }: Ended): void {
  assert.deepEqual({ code, left }, { code: 130, left: [] }, text);
  assert.doesNotMatch(text, /error|internal/);
}

/** What a run keeps to, whatever it shows. */
function calm(text: string): void {
  assert.doesNotMatch(text, /[^\P{C}\n]/u);
  for (const line of text.split('\n')) assert.ok([...line].length <= 80, `${[...line].length} columns: ${line}`);
}

test('with --yes the tour shows allow, ask, deny and a refused grant, verifies every receipt, and leaves nothing running', async () => {
  const where = world();
  const ended = await runTour(where, ['--yes']);
  const { code, left, seen, text } = ended;
  assert.deepEqual({ code, left }, { code: 0, left: [] }, text);
  calm(text.replaceAll(where.work, '~').replaceAll(where.tmp, '/tmp').replaceAll(project, '.'));
  inOrder(unfolded(text), [
    'with --yes the tour approves by itself', 'Until containment lands, an agent runs as you',
    headings[0], /Broker {4}process \d+/, /Agent {5}process \d+; it holds no key\. Its whole environment is:\n {10}DEWAR_SOCKET=[^$]+?\/\s*api\.sock\n/, /export DEWAR_HOME=\S+dewar-tour-\w+\n/,
    headings[1], /^(00|11) █+\S* +\d+ +\d+\.\d%/m, /job_\w+ {2}completed {2}SIMULATOR simulator/, 'simulator.free', 'submit --spec dewar-tour/specs/simulator.json',
    headings[2], 'no hardware', 'Agent session tour wants PRACTICE hardware: practice-qpu · 1024 shots', 'Backend   ibmq_qpu_1', 'Circuit', 'Facts     2 qubits', 'Price     at most 1.2216 XTS (practice money)',
    'Budget    all/job 1.2216 XTS of at most 10.00 XTS a job', 'all/day 50.00 XTS → 48.7784 XTS left', 'Unusual   this program has not run on hardware before', 'Rules     hardware.ask', /approve job_\w+/, 'Approved by the tour itself: --yes was given.', /Grant {5}grant_\w+: this one job, 1024 shots, at most 1\.2216/, 'took it as practice-', 'Cost      1.2216 XTS (practice money), settled',
    headings[3], /job_\w+ {2}denied/, 'shots.limit: 1000000 shots', 'would pass: ask for shots: 10000',
    headings[4], 'The tour approves both by itself.', /job_\w+ {2}queued/, '  - h q[0];\n  + h q[1];', 'dd conv=notrunc', /job_\w+ {2}denied/, 'grant.artifact_digest_mismatch', 'would pass: upload it again',
    headings[5], 'Each of the 6 receipts verifies', 'denied by grant', /Journal {3}verifies: \d+ events/, 'journal verify',
    'What stays', 'Your own circuit', 'npm start -- path/to/your.qasm', 'Your own agent', 'DEWAR_SOCKET=', 'IBM_QISKIT_BROKER_URL=unix://$DEWAR_SOCKET', 'agent_create_job.py', 'Your own policy', 'policy use default', 'policy diff lab', 'Done. The broker is stopped',
  ]);
  assert.ok(seen.some((command) => command.includes('/broker/src/main.ts --until-stdin-ends')), seen.join('\n'));
  assert.ok(seen.some((command) => command.endsWith('/tour/agent.ts')), seen.join('\n'));

  assert.deepEqual(receipts(where).map(({ predicate: { outcome, device, approval } }) => [device.name, outcome.kind, outcome.kind === 'denied' ? outcome.by : '', approval !== null]), [
    ['simulator', 'completed', '', false], ['practice-qpu', 'completed', '', true], ['practice-qpu', 'denied', 'policy', false],
    ['simulator', 'completed', '', false], ['practice-qpu', 'cancelled', '', true], ['practice-qpu', 'denied', 'grant', true],
  ]);
  const index = readFileSync(join(where.work, 'dewar-tour/README.md'), 'utf8');
  for (const name of receiptNames(where)) assert.ok(index.includes(`receipts/${name}`), name);
  assert.deepEqual(Object.keys(JSON.parse(readFileSync(join(where.work, 'dewar-tour/trust.json'), 'utf8'))).toSorted(), ['checkpoint_vkey', 'pinned', 'receipt_pem', 'version']);
  const policyLine = /line\s+(\d+)\s+of\s+data\.json/.exec(text)?.[1] ?? '';
  assert.match(readFileSync(join(project, 'policies/default/data.json'), 'utf8').split('\n')[Number(policyLine) - 1] ?? '', /^ *"qpu_shots": 10000,$/);

  const verify = commands(text.slice(text.indexOf('What stays')))[0] ?? '';
  const run = (command: string): ReturnType<typeof spawnSync> => spawnSync('/bin/sh', ['-c', command], { cwd: where.work, env: where.env, encoding: 'utf8' });
  assert.match(verify, /changed-circuit-refused/);
  const verified = run(verify);
  assert.equal(verified.status, 0, String(verified.stderr));
  const file = join(where.work, 'dewar-tour/receipts', receiptNames(where).at(-1) ?? '');
  const bundle = readFileSync(file, 'utf8');
  writeFileSync(file, bundle.replace(/"payload":"(.{40})(.)/, (_, start: string, sign: string) => `"payload":"${start}${sign === 'A' ? 'B' : 'A'}`));
  assert.equal(run(verify).status, 1);
});

test('without a terminal the tour approves by itself and says so; a circuit that the device refuses shows what would pass, and the tour goes on', async () => {
  const where = world();
  const caller = mkdtempSync(join(where.tmp, 'caller-'));
  writeFileSync(join(caller, 'mine.qasm'), readFileSync(join(project, 'examples/circuits/teleport.qasm')));
  const { code, left, text } = await runTour(where, ['mine.qasm'], [], { INIT_CWD: caller });
  assert.deepEqual({ code, left }, { code: 0, left: [] }, text);
  inOrder(unfolded(text), [
    'Circuit   mine.qasm', 'there is no terminal to ask at: the tour approves by itself', headings[1], 'completed', headings[2], 'Nobody is asked', 'device.limit', 'no classical control', 'would pass', headings[3], 'shots.limit',
    headings[4], "this step takes the tour's own", 'grant.artifact_digest_mismatch', headings[5], 'Each of the 7 receipts verifies', 'up\n', 'run dewar-tour/circuits/mine.qasm',
  ]);
  assert.deepEqual(readFileSync(join(where.work, 'dewar-tour/circuits/mine.qasm')), readFileSync(join(caller, 'mine.qasm')));
  assert.equal(receipts(where).length, 7);
});

const thirty = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[30] q;\nbit[30] c;\nh q[0];\ncx q[0], q[29];\nc = measure q;\n';

test('a signal at any step ends the tour with 130 and leaves no process, socket or home', async (t) => {
  const at: readonly (readonly [string, NodeJS.Signals, readonly string[]])[] = [
    ['Stop      Ctrl-C', 'SIGINT', ['--yes']], [headings[0], 'SIGTERM', ['--yes']], [headings[1], 'SIGHUP', ['--yes']], ['Approved by the tour itself', 'SIGINT', ['--yes']],
    [headings[3], 'SIGTERM', ['--yes']], [headings[5], 'SIGINT', ['--yes']],
  ];
  for (const [after, signal, args] of at) {
    await t.test(`${signal} after: ${after}`, async () => {
      stopped(await runTour(world(), args, [{ after, act: send(signal) }]));
    });
  }
  await t.test(`SIGTERM after: ${headings[4]}, with a circuit that neither simulator nor device can run`, async () => {
    const where = world();
    writeFileSync(join(where.work, 'thirty.qasm'), thirty);
    const ended = await runTour(where, ['thirty.qasm', '--yes'], [{ after: headings[4], act: send('SIGTERM') }]);
    stopped(ended);
    inOrder(ended.text, ['The simulator does not run this circuit', 'simulator.limit', 'use 24 qubits or fewer', 'Nobody is asked', 'use 16 qubits or fewer', headings[3]]);
    assert.equal(receipts(where).length, 3);
  });
  await t.test('a reader that has seen enough', async () => {
    const { left } = await runTour(world(), ['--yes'], [{ after: headings[0], act: (child) => child.stdout?.destroy() }]);
    assert.deepEqual(left, []);
  });
});

test('sockets that had to lie elsewhere, for a long temporary folder, go too', async () => {
  const sockets = (): string[] => readdirSync('/tmp').filter((name) => name.startsWith(`dewar-${process.getuid?.()}-`)).toSorted();
  const before = sockets();
  stopped(await runTour(world('a-temporary-folder-with-a-name-that-is-far-too-long-for-sockets'), ['--yes'], [{ after: headings[1], act: send('SIGINT') }]));
  assert.deepEqual(sockets().filter((name) => !before.includes(name)), []);
});

test('a tour that is killed takes broker and agent with it, and the next one removes its home', async () => {
  const where = world();
  const killed = await runTour(where, ['--yes'], [{ after: headings[2], act: send('SIGKILL') }]);
  assert.equal(killed.signal, 'SIGKILL');
  assert.ok(killed.seen.some((command) => command.includes('/broker/src/main.ts')));
  assert.deepEqual(killed.left.filter((each) => !/^folder dewar-tour-\w+$/.test(each)), []);
  const record: unknown = JSON.parse(readFileSync(join(project, '.cache/tour.json'), 'utf8'));
  assert.ok(typeof record === 'object' && record !== null && 'pid' in record && Number.isInteger(record.pid) && 'home' in record && String(record.home).startsWith(where.tmp));
  writeFileSync(join(where.work, 'broken.qasm'), 'OPENQASM 3.0;\nqubit[2] q;\nh q[0;\n\u001b[2J');
  const next = await runTour(where, ['broken.qasm', '--yes']);
  assert.deepEqual({ code: next.code, left: next.left }, { code: 2, left: [] }, next.text);
  assert.ok(!existsSync(join(project, '.cache/tour.json')));
  inOrder(next.text, ['error: "broken.qasm" is no circuit that can be run', 'program_invalid', 'allowed', 'fix']);
  assert.doesNotMatch(next.text, /[^\P{C}\n]/u);
  assert.ok(!existsSync(join(where.work, 'dewar-tour')), 'there is no receipt to keep');
});

test('what cannot be meant is refused before anything starts', async (t) => {
  const where = world();
  writeFileSync(join(where.work, 'big.qasm'), 'x'.repeat(1_048_577));
  mkdirSync(join(where.work, 'folder.qasm'));
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['missing.qasm'], /cannot be read[^]*: ENOENT/], [['folder.qasm'], /not a regular file/], [['big.qasm'], /too large[^]*1048577 bytes[^]*at most 1048576/],
    [['--bogus'], /--bogus[^]*npm start -- --help/], [['a.qasm', 'b.qasm'], /one circuit at a time/],
  ];
  for (const [args, wanted] of cases) {
    await t.test(args.join(' '), async () => {
      const { code, left, seen, text } = await runTour(where, args);
      assert.deepEqual({ code, left }, { code: 2, left: [] });
      assert.match(text, wanted);
      assert.ok(!seen.some((command) => command.includes('/broker/')));
    });
  }
  await t.test('a folder dewar-tour that no tour made', async () => {
    mkdirSync(join(where.work, 'dewar-tour'));
    writeFileSync(join(where.work, 'dewar-tour/thesis.txt'), 'years of work');
    const { code, text } = await runTour(where, ['--yes']);
    assert.equal(code, 2, text);
    assert.equal(readFileSync(join(where.work, 'dewar-tour/thesis.txt'), 'utf8'), 'years of work');
  });
});

const terminal = { skip: hasPty ? false : 'there is no /usr/bin/script to make a terminal' };
/** The terminal is as it was: lines are edited and echoed, and the cursor was never hidden. */
function terminalIsWhole(text: string): void {
  assert.match(text, / icanon /);
  assert.match(text, / echo /);
  assert.ok(!text.includes('\u001b[?25l'));
}

test('at a terminal a person says yes, step by step; keys before the question do not count', terminal, async () => {
  const where = world();
  const enter = headings.map(() => ({ after: goOn, act: type('\r') }));
  const { code, left, text } = await runOnTerminal(where, ['--step'], [
    ...enter.slice(0, 3), { after: 'Agent session tour wants', act: type('no\r') }, { after: question, act: type('maybe\r') }, { after: question, act: type('yes\r') }, ...enter.slice(3), { after: goOn, act: type('\r') },
  ]);
  assert.deepEqual({ code, left }, { code: 0, left: [] }, text);
  inOrder(text, [headings[2], question, 'Type yes or no, and Enter.', question, 'You said yes, to exactly this job.', 'took it as practice-', headings[4], 'The tour approves both by itself.', headings[5]]);
  assert.ok(!text.includes('tour approves by itself'));
  assert.ok(text.includes('\u001b[2m  $ '), 'commands are grey on a terminal');
  terminalIsWhole(text);
  assert.equal(receipts(where).length, 6);
});

test('a no is respected: a receipt of it, no approval by the tour afterwards, and the rest goes on', terminal, async () => {
  const where = world();
  const { code, left, text } = await runOnTerminal(where, [], [{ after: question, act: type('no\r') }, { after: again, act: type('no\r') }]);
  assert.deepEqual({ code, left }, { code: 0, left: [] }, text);
  inOrder(text, ['You said no. Nothing ran and nothing was spent', 'denied', 'by person', 'Receipt', headings[3], 'shots.limit', headings[4], 'at most 0.39 XTS and 0.39 XTS', again, 'Both are refused', headings[5], 'Each of the 6 receipts verifies']);
  const all = receipts(where).map(({ predicate }) => predicate);
  assert.deepEqual(all.filter(({ device }) => device.kind === 'qpu').map(({ approval, grant, outcome }) => [approval, grant, outcome.kind === 'denied' && outcome.by]), [
    [null, null, 'person'], [null, null, 'policy'], [null, null, 'person'], [null, null, 'person'],
  ]);
  terminalIsWhole(text);
});

test('Ctrl-C at the question gives the terminal back whole and leaves nothing', terminal, async () => {
  const ended = await runOnTerminal(world(), [], [{ after: question, act: type('\u0003') }]);
  stopped(ended);
  terminalIsWhole(ended.text);
});

test('a terminal that is closed while the tour asks ends it without a trace', terminal, async () => {
  const { left, seen } = await runOnTerminal(world(), [], [{ after: question, act: (child) => child.kill('SIGKILL') }]);
  assert.ok(seen.some((command) => command.includes('/broker/src/main.ts')));
  assert.deepEqual(left, []);
});

test('--help says what the tour takes', () => {
  assert.match(execFileSync(process.execPath, [join(project, 'scripts/start.mjs'), '--help'], { encoding: 'utf8' }), /--yes[^]*--step/);
});
