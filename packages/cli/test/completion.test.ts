// What completion offers, worked out from the command tree and a stand-in broker's answers.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { Command } from 'commander';
import fc from 'fast-check';
import { sampleBudget, sampleDigest, sampleJob, waitingJob } from '@dewar/client/test/samples';
import { liveCandidates, type Asks, type Live } from '../src/completion/live.ts';
import { isRepeatable } from '../src/completion/kinds.ts';
import { wantedAt } from '../src/completion/walk.ts';
import { Output } from '../src/output.ts';
import { programOf } from '../src/program.ts';
import { collect } from '../src/verb.ts';

const silent = new Output({ stdout: { write() {} }, stderr: { write() {} }, env: {}, json: false });
const program = programOf({ output: silent, run: async () => {}, version: '0.0.0' });
const at = (...words: readonly string[]) => wantedAt(program, words.slice(0, -1), words.at(-1) ?? '');
function values(...words: readonly string[]): string[] {
  const wanted = at(...words);
  assert.equal(wanted.kind, 'these', words.join(' '));
  return wanted.kind === 'these' ? wanted.candidates.map(({ value }) => value) : [];
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

test('every verb of the tree is offered, and a hidden one is not', () => {
  const tree = new Command('x').addCommand(new Command('seen')).addCommand(new Command('unseen'), { hidden: true });
  const wanted = wantedAt(tree, [], '');
  assert.deepEqual(wanted.kind === 'these' && wanted.candidates.map(({ value }) => value), ['seen', 'help']);
  assert.deepEqual(values(''), [...program.commands.map((command) => command.name()), 'help']);
  assert.deepEqual(values('session', ''), ['create', 'set', 'token', 'list', 'help']);
  assert.deepEqual(values('help', ''), program.commands.map((command) => command.name()));
  assert.deepEqual(values('session', 'help', ''), ['create', 'set', 'token', 'list']);
});

test('every verb that takes a <job> gets jobs, and every --backend gets backends', () => {
  for (const command of program.commands) {
    const [first] = command.registeredArguments;
    if (first?.name() === 'job') assert.equal(at(command.name(), '').kind, 'live', command.name());
  }
  assert.deepEqual(at('run', 'x', '--backend', ''), { kind: 'live', of: 'backend', verb: 'run', given: new Set(['backend']), prefix: '' });
  assert.deepEqual(at('run', '--backend=s'), { kind: 'live', of: 'backend', verb: 'run', given: new Set(), prefix: '--backend=' });
});

test('where a path is taken the shell is told to find files, or folders', () => {
  for (const words of [['run', ''], ['quote', ''], ['submit', '--spec', ''], ['submit', '--spec=x'], ['verify', ''], ['verify', '--key', ''], ['receipt', 'last', '-o', ''], ['receipt', '--output=']]) assert.deepEqual(at(...words), { kind: 'files' }, words.join(' '));
  assert.deepEqual(at('session', 'create', 'x', '--read', ''), { kind: 'directories' });
});

test('choices are offered, and free text is left alone', () => {
  assert.deepEqual(values('results', 'last', '--format', ''), ['table', 'json', 'csv']);
  assert.deepEqual(values('results', 'last', '--format=t'), ['--format=table', '--format=json', '--format=csv']);
  assert.deepEqual(values('prices', ''), ['outdated']);
  assert.deepEqual(values('completion', ''), ['bash', 'zsh', 'fish']);
  assert.deepEqual(values('deny', 'last', '--reason', ''), []);
  assert.deepEqual(values('session', 'create', ''), []);
  assert.deepEqual(values('run', '--dry-run=x'), []);
});

test('a given option is not offered again, its opposite neither, a repeatable one is', () => {
  const left = values('run', 'x', '--shots=5', '--backend', '--tag', '--tag', 'a', '-');
  for (const gone of ['--shots', '--backend']) assert.ok(!left.includes(gone), gone);
  assert.ok(left.includes('--tag') && left.includes('--no-wait') && left.includes('--json'));
  assert.ok(!values('run', '--no-wait', '-').includes('--no-wait'));
  assert.ok(!values('receipt', '-ofile', '-').includes('--output'));
});

test('after -- nothing is an option, and with every argument given options are offered', () => {
  assert.equal(at('show', '--', '-').kind, 'live');
  assert.deepEqual(values('show', '--', 'last', ''), []);
  assert.ok(values('jobs', '').includes('--limit'));
  assert.equal(at('run', '--shots', '5', '').kind, 'files');
});

test('an option whose values are collected says that it may be repeated', () => {
  for (const option of everyCommand(program).flatMap(({ options }) => options)) {
    if (option.parseArg === (collect as unknown)) assert.ok(isRepeatable(option), option.flags);
  }
});

test('any words at all have an answer', () => {
  const word = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('run', 'help', 'session', '--', '-', '--=', '--backend=', '-o', '--json', '__proto__', 'constructor', '$(x)'));
  fc.assert(fc.property(fc.array(word, { maxLength: 8 }), word, (words, current) => assert.ok(wantedAt(program, words, current).kind)));
});

const asking = (jobs: readonly ReturnType<typeof sampleJob>[], backends: readonly string[] = [], envelopes: readonly object[] = []): Asks => ({
  control: { jobs: async () => jobs, envelopes: async () => envelopes, sessions: async () => [{ name: 'agent', containment: 'uncontained' }], budgets: async () => ({ budgets: [sampleBudget, { ...sampleBudget, id: 'project:alpha/month/EUR', frozen: true }] }) },
  jobs: { jobs: async () => jobs, envelopes: async () => envelopes },
  session: { envelopes: async () => envelopes, backends: async () => backends.map((name) => ({ name, kind: 'simulator', practice: false, max_qubits: 1, aliases: [], description: '', price: 'free' })) },
}) as unknown as Asks;
const live = (verb: string, of: Live['of'] = 'job', given: readonly string[] = []): Live => ({ kind: 'live', of, verb, given: new Set(given), prefix: '' });
const offered = async (wanted: Live, asks: Asks): Promise<string[]> => (await liveCandidates(wanted, asks)).map(({ value }) => value);

const done = sampleJob({ job_id: 'job_01k9zzzzzzzzzzzzzzz2' });
const open = waitingJob({ job_id: 'job_01k9zzzzzzzzzzzzzzz3' });

test('approve and deny are offered waiting jobs only, and last is the newest of those', async () => {
  for (const verb of ['approve', 'deny', 'pending']) assert.deepEqual(await offered(live(verb), asking([done, open])), ['last', open.job_id]);
  assert.deepEqual(await offered(live('approve'), asking([done])), []);
  assert.deepEqual(await offered(live('approve', 'job', ['yes']), asking([open])), [open.job_id]);
});

test('envelopes are offered where one is asked for, and waiting ones where a person answers', async () => {
  const [waits, lives, over] = ['waiting', 'live', 'closed'].map((status, place) => ({ envelope_id: `env_01k9zzzzzzzzzzzzzzz${place}`, status, name: 'loop' }));
  const asks = asking([], [], [waits ?? {}, lives ?? {}, over ?? {}]);
  assert.deepEqual(await offered(live('approve'), asks), ['last', waits?.envelope_id]);
  const both = await liveCandidates(live('approve'), asking([open], [], [waits ?? {}]));
  assert.deepEqual(both.map(({ value }) => value), ['last', open.job_id, waits?.envelope_id]);
  assert.ok(both[0]?.about.startsWith(open.job_id));
  const later = { ...waits, envelope_id: 'env_01k9zzzzzzzzzzzzzzz9' };
  assert.ok((await liveCandidates(live('approve'), asking([open], [], [later])))[0]?.about.startsWith(later.envelope_id), 'last is what `approve last` would show');
  assert.deepEqual(await offered(live('show', 'envelope'), asks), ['last', waits?.envelope_id, lives?.envelope_id, over?.envelope_id]);
  assert.deepEqual(await offered(live('close', 'envelope'), asks), ['last', waits?.envelope_id, lives?.envelope_id]);
  assert.deepEqual(await offered(live('run', 'envelope'), asks), [lives?.envelope_id]);
  assert.deepEqual(await offered(live('run', 'envelope'), asking([], [], [lives ?? {}, over ?? {}])), ['last', lives?.envelope_id]);
  assert.equal(at('envelope', 'show', '').kind, 'live');
  assert.equal(at('run', 'x', '--envelope', '').kind, 'live');
});

test('last is offered only where it names a job that the verb works on', async () => {
  assert.deepEqual(await offered(live('show'), asking([open, done])), ['last', open.job_id, done.job_id]);
  assert.deepEqual(await offered(live('results'), asking([open, done])), [done.job_id]);
  assert.deepEqual(await offered(live('cancel'), asking([done, open])), [open.job_id]);
});

test("a job's name is one short line of printable text", async () => {
  const spec = { job_name: `\u001b[2J\n\t\u202e${'x'.repeat(100)}`, code_blob: sampleDigest('a'), backend: 'simulator' };
  const [, job] = await liveCandidates(live('show'), asking([sampleJob({ spec })]));
  assert.match(job?.about ?? '', /^completed \\u\{1b\}\[2J\\n\\t\\u\{202e\}x+…$/);
  assert.ok((job?.about.length ?? 0) < 60);
});

test('a name that a shell or the command could read as something else is not offered', async () => {
  const names = ['fine-1.x', 'a b', '$(x)', '`x`', '--yes', 'a;b', "it's", 'a\nb', '~', '*', '\u202ex', '', 'a\tb', '!x'];
  assert.deepEqual(await offered(live('run', 'backend'), asking([], names)), ['fine-1.x']);
});

test('sessions are offered where one is asked for', async () => {
  assert.deepEqual(await liveCandidates(live('tokens', 'session'), asking([])), [{ value: 'agent', about: 'uncontained' }]);
});

test('budgets are offered by name where one is asked for, and those that are frozen where they are thawed', async () => {
  for (const verb of ['set', 'remove']) {
    assert.deepEqual(at('budget', verb, ''), { kind: 'live', of: 'budget', verb, given: new Set(), prefix: '' });
    assert.deepEqual(await offered(live(verb, 'budget'), asking([])), ['all/day/XTS', 'project:alpha/month/EUR']);
  }
  assert.equal(at('budget', 'thaw', 'all/day/XTS', '').kind, 'live');
  assert.deepEqual(await liveCandidates(live('thaw', 'budget'), asking([])), [{ value: 'project:alpha/month/EUR', about: '50.00 XTS (practice money), frozen' }]);
  assert.deepEqual(values('budget', ''), ['show', 'set', 'remove', 'thaw', 'history', 'help']);
  assert.deepEqual(values('budget', 'set', 'all/day/XTS', ''), []);
});

test('the policies that come with Dewar are offered where one is used, and files where one is compared', async () => {
  const wanted = at('policy', 'use', '');
  assert.ok(wanted.kind === 'live' && wanted.of === 'library');
  const [first] = await liveCandidates(wanted, asking([]));
  assert.equal(first?.value, 'default');
  assert.match(first?.about ?? '', /\S/);
  for (const verb of ['check', 'test', 'fmt', 'diff']) assert.deepEqual(at('policy', verb, ''), { kind: 'files' }, verb);
  assert.equal(at('policy', 'explain', '').kind, 'live');
});

test('a broker that does not answer, or answers late, gives nothing', async () => {
  const failing = { jobs: { jobs: () => Promise.reject(new Error('no broker')) } } as unknown as Asks;
  assert.deepEqual(await offered(live('show'), failing), []);
  const slow = { jobs: { jobs: async (_: number, { signal }: { signal: AbortSignal }) => sleep(60_000, [], { signal }) } } as unknown as Asks;
  assert.deepEqual(await liveCandidates(live('show'), slow, AbortSignal.timeout(10)), []);
});
