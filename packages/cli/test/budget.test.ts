// Budgets at the command line: one name for each, in every verb; what is shown, sent, and refused before it is sent.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BudgetView } from '@dewar/protocol';
import { sampleBudget, sampleJobBudget, sampleStatus, samplePolicy } from '@dewar/client/test/samples';
import { budgetTable, oneBudgetLines, preventedText, troubledText } from '../src/budget-text.ts';
import { width } from '../src/escape.ts';
import { plain, type Line } from '../src/line.ts';
import { runCli, withFakes } from './run-cli.ts';

const eur = (micros: number) => ({ currency: 'EUR', micros });
const alpha: BudgetView = {
  ...sampleBudget, id: 'project:alpha/month/EUR', scope: 'project', name: 'alpha', per: 'month', period: '2026-11', currency: 'EUR', limit: eur(200_000_000), reserved: eur(20_000_000), settled: eur(150_000_000), remaining_micros: 30_000_000, warned: 80,
};
const backend = { name: 'practice-qpu', kind: 'qpu', practice: true, max_qubits: 16, aliases: ['ibmq_qpu_1'], description: '', price: '' };
const made = { id: 'session_1', name: 'agent', containment: 'uncontained', socket: '/run/x.sock', created: '2026-11-23T07:00:00Z', read: [], project: 'alpha' };
const prevented = { month: '2026-11', jobs: 3, amounts: [{ currency: 'XTS', micros: 4_000_000 }, eur(1)] };
const texts = (lines: readonly Line[]): string[] => lines.map((line) => plain(line).trimEnd());
const toneOf = (line: Line | undefined): unknown => (typeof line === 'object' && typeof line[0] === 'object' ? line[0].tone : undefined);

test('the table has a row a budget, figures under each other, how much is gone, and what is wrong', () => {
  const overrun = { ...sampleBudget, id: 'all/total/XTS', per: 'total', remaining_micros: -1_000_000, frozen: true } as const;
  const unknown = { ...alpha, id: 'user:a/day/EUR', reserved: null, remaining_micros: null, warned: null };
  const lines = budgetTable([sampleBudget, sampleJobBudget, overrun, alpha, unknown], 100);
  assert.deepEqual(texts(lines), [
    'budget                    limit  reserved  settled   left  used',
    'all/day/XTS               50.00      0.00     2.50  47.50  ░░░░░ 5 %',
    'all/job/XTS               10.00                            a job',
    'all/total/XTS             50.00      0.00     2.50  -1.00  FROZEN',
    'project:alpha/month/EUR  200.00     20.00   150.00  30.00  ████░ 85 %, warned at 80 %',
    'user:a/day/EUR           200.00         ?   150.00      ?  no rate of today',
    'XTS is practice money: it buys nothing',
  ]);
  assert.deepEqual(lines.map(toneOf), ['faint', undefined, undefined, 'bad', 'warn', undefined, 'faint']);
  for (const columns of [40, 60, 80]) for (const line of texts(budgetTable([alpha, overrun], columns))) assert.ok(width(line) <= columns, line);
});

test('a limit of nothing, and one that is passed, fill the bar and no more', () => {
  const of = (limit: number, left: number): string => texts(budgetTable([{ ...sampleBudget, limit: { currency: 'XTS', micros: limit }, remaining_micros: left }], 100))[1] ?? '';
  assert.match(of(0, 0), /█████ 100 %$/);
  assert.match(of(1_000_000, -1_000_000), /█████ 200 %$/);
});

test('what was prevented is counted with its money, one amount a currency', () => {
  assert.equal(preventedText(prevented), '3 priced jobs denied in 2026-11: 4.00 XTS (practice money), 0.000001 EUR not spent');
  assert.equal(preventedText({ month: '2026-11', jobs: 0, amounts: [] }), '0 priced jobs denied in 2026-11');
});

test('one budget tells what is left, when it warns, and that a new limit does not thaw it', () => {
  assert.deepEqual(texts(oneBudgetLines(alpha, 80)), ['project:alpha/month/EUR  200.00 EUR', 'Left      30.00 EUR', 'Warns     at 50, 80, 95 %']);
  assert.deepEqual(texts(oneBudgetLines(sampleJobBudget, 80)), ['all/job/XTS  10.00 XTS (practice money)']);
  assert.deepEqual(texts(oneBudgetLines({ ...alpha, warn_at: [], frozen: true, remaining_micros: null }, 80)).slice(1), ['Left      unknown: no rate of today for what was spent', 'Warns     never', 'Frozen    it is still frozen: dewar budget thaw project:alpha/month/EUR']);
});

test('status names what is frozen or has warned, and only that', async () => {
  assert.deepEqual(troubledText([sampleBudget, alpha, { ...alpha, frozen: true }]), ['project:alpha/month/EUR above 80 %', 'project:alpha/month/EUR FROZEN: dewar budget thaw']);
  await withFakes({ control: { 'GET /v1/policy': { policy: samplePolicy }, 'GET /v1/tcp': { tcp: null }, 'GET /v1/status': sampleStatus, 'GET /v1/budgets': { budgets: [sampleBudget, { ...alpha, frozen: true }], prevented } } }, async ({ home }) => {
    assert.match((await runCli(['status'], { home })).stdout, /^Budgets {3}project:alpha\/month\/EUR FROZEN: dewar budget thaw$/m);
  });
  await withFakes({ control: { 'GET /v1/policy': { policy: samplePolicy }, 'GET /v1/tcp': { tcp: null }, 'GET /v1/status': sampleStatus, 'GET /v1/budgets': { budgets: [sampleBudget], prevented } } }, async ({ home }) => {
    assert.match((await runCli(['status'], { home })).stdout, /^Budgets {3}1 budget$/m);
  });
});

test('the person sees every budget and what was prevented; who was given a socket sees that session\'s', async () => {
  await withFakes({ control: { 'GET /v1/budgets': { budgets: [sampleBudget, alpha], prevented } }, session: { 'GET /v1/budget': { budgets: [sampleBudget] } } }, async ({ home, session }) => {
    for (const args of [['budget'], ['budget', 'show']]) {
      const { stdout } = await runCli(args, { home });
      assert.match(stdout, /project:alpha\/month\/EUR[^]*\nPrevented 3 priced jobs denied in 2026-11: 4\.00 XTS/);
    }
    const own = await runCli(['budget', '--json'], { home, env: { DEWAR_SOCKET: session.socketPath } });
    assert.deepEqual(JSON.parse(own.stdout), { budgets: [sampleBudget] });
  });
  await withFakes({ control: { 'GET /v1/budgets': { budgets: [], prevented } }, session: { 'GET /v1/budget': { budgets: [] } } }, async ({ home, session }) => {
    assert.match((await runCli(['budget'], { home })).stdout, /no budget is set, so priced jobs are denied: dewar budget set/);
    assert.match((await runCli(['budget'], { home, env: { DEWAR_SOCKET: session.socketPath } })).stdout, /no budget covers this session/);
  });
});

test('set sends the parts of the name, exact millionths and the warnings; remove, thaw and history what was typed', async () => {
  const sent: unknown[] = [];
  const told = (answer: object) => ({ body }: { readonly body: string }) => {
    sent.push(JSON.parse(body));
    return answer;
  };
  await withFakes({
    control: {
      'POST /v1/budgets': told({ budget: alpha }), 'POST /v1/budgets/remove': told({ budget: alpha.id }), 'POST /v1/budgets/thaw': told({ thawed: [alpha.id] }), 'GET /v1/sessions': { sessions: [made] },
      'GET /v1/budgets/history': { changes: [{ at: '2026-11-23T07:00:00.000Z', id: alpha.id, what: 'set', text: 'budget project:alpha/month/EUR set to 200.00 EUR by a person\u001b[2J' }] },
    },
    session: { 'GET /v1/backends': { backends: [backend] } },
  }, async ({ home }) => {
    const set = await runCli(['budget', 'set', alpha.id, '200'], { home });
    assert.deepEqual([set.code, set.stderr], [0, '']);
    assert.match(set.stdout, /^project:alpha\/month\/EUR {2}200\.00 EUR\nLeft {6}30\.00 EUR\n/);
    for (const args of [['all/day/XTS', '0.000001', '--warn', '80,95'], ['all/total/XTS', '0', '--warn', 'none'], ['backend:practice-qpu/day/XTS', '5']]) assert.equal((await runCli(['budget', 'set', ...args], { home })).stderr, '', args.join(' '));
    for (const args of [['budget', 'remove', alpha.id], ['budget', 'thaw'], ['budget', 'thaw', alpha.id, 'all/day/XTS']]) assert.equal((await runCli(args, { home })).code, 0, args.join(' '));
    assert.deepEqual(sent, [
      { budget: { scope: 'project', name: 'alpha', per: 'month', currency: 'EUR' }, limit_micros: 200_000_000 },
      { budget: { scope: 'all', name: null, per: 'day', currency: 'XTS' }, limit_micros: 1, warn_at: [80, 95] },
      { budget: { scope: 'all', name: null, per: 'total', currency: 'XTS' }, limit_micros: 0, warn_at: [] },
      { budget: { scope: 'backend', name: 'practice-qpu', per: 'day', currency: 'XTS' }, limit_micros: 5_000_000 },
      { budget: alpha.id }, {}, { budgets: [alpha.id, 'all/day/XTS'] },
    ]);
    assert.match((await runCli(['budget', 'history'], { home })).stdout, /2026-11-23 07:00 {2}set {3}project:alpha\/month\/EUR {2}budget .* by a person\\u\{1b\}\[2J\n/);
  });
});

test('a name that nothing has yet is set and said; an alias, which never counts, is refused', async () => {
  const sent: string[] = [];
  await withFakes({
    control: { 'POST /v1/budgets': ({ body }) => { sent.push(body); return { budget: alpha }; }, 'GET /v1/sessions': { sessions: [made] } },
    session: { 'GET /v1/backends': { backends: [backend] } },
  }, async ({ home }) => {
    for (const [id, note] of [['project:alhpa/month/EUR', /no session is of project alhpa yet: dewar session set NAME --project alhpa/], ['session:other/day/EUR', /no session other yet/], ['backend:qpu-2/day/EUR', /no backend qpu-2 yet/]] as const) {
      const ended = await runCli(['budget', 'set', id, '5'], { home });
      assert.equal(ended.code, 0, ended.stderr);
      assert.match(ended.stderr, note);
    }
    assert.equal(sent.length, 3);
    const alias = await runCli(['budget', 'set', 'backend:ibmq_qpu_1/day/XTS', '5'], { home });
    assert.equal(alias.code, 2);
    assert.match(alias.stderr, /dewar budget set backend:practice-qpu\/day\/XTS LIMIT/);
    assert.equal(sent.length, 3);
  });
});

test('what is no budget, no limit and no percent is refused before anything is asked, with what would pass', async () => {
  await withFakes({}, async ({ home, control, session }) => {
    for (const args of [
      ['set', 'alpha/month/EUR', '5'], ['set', 'project/month/EUR', '5'], ['set', 'all:x/month/EUR', '5'], ['set', 'all/week/EUR', '5'], ['set', 'all/month/eur', '5'], ['set', 'all/month', '5'], ['set', 'all/month/EUR\n', '5'], ['set', 'all/month/EUR'],
      ['set', '50', 'all/day/EUR'], ['set', 'all/day/EUR', '-5'], ['set', 'all/day/EUR', '5 EUR'], ['set', 'all/day/EUR', '5', '--warn', '0'], ['set', 'all/day/EUR', '5', '--warn', '101'], ['set', 'all/day/EUR', '5', '--warn', '50,'], ['set', 'all/day/EUR', '5', '--warn', '5e1'], ['remove'], ['nothing'],
    ]) {
      const ended = await runCli(['budget', ...args, '--json'], { home });
      assert.deepEqual([ended.code, JSON.parse(ended.stderr).error.code], [2, 'usage_invalid'], args.join(' '));
    }
    assert.match((await runCli(['budget', 'set', 'alpha/month', '5'], { home })).stderr, /allowed SCOPE\/PER\/CURRENCY, such as all\/day\/XTS/);
    assert.deepEqual([...control.asked, ...session.asked], []);
  });
});

test('a session is made and changed with user and project, and listed with them', async () => {
  const sent: unknown[] = [];
  const note = ({ body }: { readonly body: string }) => {
    sent.push(JSON.parse(body));
    return { session: made };
  };
  await withFakes({ control: { 'POST /v1/sessions': note, 'POST /v1/sessions/agent/change': note, 'GET /v1/sessions': { sessions: [made, { ...made, name: 'other', user: 'ann' }] } } }, async ({ home }) => {
    assert.match((await runCli(['session', 'create', 'agent', '--user', 'ann', '--project', 'alpha'], { home })).stdout, /^agent {2}\/run\/x\.sock\nproject {3}alpha\n/);
    for (const args of [['--project', 'alpha'], ['--no-project'], ['--user', 'ann', '--no-project'], ['--no-user']]) assert.equal((await runCli(['session', 'set', 'agent', ...args], { home })).code, 0, args.join(' '));
    assert.deepEqual(sent, [{ name: 'agent', user: 'ann', project: 'alpha' }, { project: 'alpha' }, { project: null }, { user: 'ann', project: null }, { user: null }]);
    for (const args of [['agent'], ['agent', '--user'], ['../x', '--no-user']]) assert.equal((await runCli(['session', 'set', ...args], { home })).code, 2, args.join(' '));
    assert.match((await runCli(['session', 'list'], { home })).stdout, /agent {4}uncontained {2}\(owner\) {2}alpha [^]*other {4}uncontained {2}ann {6}alpha /);
  });
});
