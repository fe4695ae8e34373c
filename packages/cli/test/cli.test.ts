// The command as a child process against a stand-in broker: exit codes, streams, JSON shapes.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { refuse, status, type Answers } from '@dewar/client/test/fake-broker';
import { bellFacts, bellSource, sampleBudget, sampleDigest, sampleJob, sampleJobId, samplePending, samplePlace, samplePolicy, samplePrices, sampleResults, sampleStatus, waitingJob } from '@dewar/client/test/samples';
import { newHome, runCli, withFakes } from './run-cli.ts';

const job = `/v1/jobs/${sampleJobId}`;
const noEscapes = (text: string): void => assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{C}]/u);

function circuitIn(home: string): string {
  const file = join(home, 'bell.qasm');
  writeFileSync(file, bellSource);
  return file;
}

const door: Answers = {
  'PUT /v1/artifacts': () => status(201, { digest: sampleDigest('a'), size: bellSource.length }),
  'POST /v1/jobs': () => status(201, { dry_run: false, job: waitingJob({ status: 'queued' }) }),
  [`GET ${job}`]: { job: sampleJob() },
  [`GET ${job}/results`]: sampleResults,
};

test('run uploads, submits, waits and prints the counts on stdout; the rest is on stderr', async () => {
  await withFakes({ session: door }, async ({ home, session }) => {
    const ended = await runCli(['run', circuitIn(home), '--backend', 'simulator', '--shots', '1024', '--max-cost', '5.00', '--tag', 'a', '--tag', 'b', '--lane', 'batch'], { home });
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stdout, /^job_\S+ {2}completed {2}simulator \(SIMULATOR\) · 1024 shots\n00 █+ 530 {3}51\.8%\n11 █+\S* +494 {3}48\.2%\n/);
    assert.match(ended.stderr, /^submitted job_\S+\nreceipt: dewar receipt job_/);
    noEscapes(ended.stdout + ended.stderr);
    assert.equal(session.asked[0]?.body, bellSource);
    assert.deepEqual(JSON.parse(session.asked[1]?.body ?? ''), { job_name: 'bell', code_blob: sampleDigest('a'), backend: 'simulator', shots: 1024, max_cost: 5, lane: 'batch', tags: ['a', 'b'] });
  });
});

test('a queued job shows its place and when it is likely to begin, in show, jobs and wait; another lane is refused', async () => {
  const queued = waitingJob({ status: 'queued', queue: samplePlace });
  await withFakes({ control: { [`GET ${job}`]: { job: queued }, [`GET ${job}/wait`]: () => ({ job: queued }), 'GET /v1/jobs': { jobs: [queued] } } }, async ({ home }) => {
    const told = /Queue {5}place 2 of 3, batch; starts in about 40 s, 90 s if runs are long/;
    assert.match((await runCli(['show', sampleJobId], { home })).stdout, told);
    assert.match((await runCli(['wait', sampleJobId, '--timeout', '1'], { home })).stdout, told);
    assert.match((await runCli(['jobs'], { home })).stdout, /queued 2 of 3 {2}practice-qpu/);
    assert.equal((await runCli(['run', circuitIn(home), '--backend', 'simulator', '--lane', 'urgent'], { home })).code, 2);
  });
});

test('queue lists what runs and what waits, says so where a start is not known, and escapes what comes from a broker', async () => {
  const unknown = { position: 2, of: 2, lane: 'interactive', estimate: { start_after_s: null, basis: 'not known yet: 0 of the 3 runs \u001b[2J' } } as const;
  const at = { session: 'default', since: '2026-11-23T07:00:00.000Z' } as const;
  const queue = [
    { device: 'simulator', slots: 3, held: false, running: [], waiting: [] },
    { device: 'practice-qpu', slots: 1, held: false, running: [{ ...at, job_id: sampleJobId, lane: 'interactive' }], waiting: [{ ...at, ...samplePlace, position: 1, of: 2, job_id: sampleJobId }, { ...at, ...unknown, job_id: sampleJobId }] },
  ];
  await withFakes({ control: { 'GET /v1/queue': { queue } } }, async ({ home }) => {
    const { code, stdout } = await runCli(['queue'], { home });
    assert.equal(code, 0);
    const rows = stdout.split('\n');
    assert.match(rows[1] ?? '', /^practice-qpu {2}runs {3}job_\S+ {2}default {2}interactive {2}11-23 07:00/);
    assert.match(rows[2] ?? '', /^practice-qpu {2}1 .* batch .* starts in about 40 s/);
    assert.match(rows[3] ?? '', /^practice-qpu {2}2 .* start not known yet: 0 of the 3 runs \\u\{1b\}/);
    noEscapes(stdout);
    assert.deepEqual(JSON.parse((await runCli(['queue', '--json'], { home })).stdout), { queue });
  });
  await withFakes({ control: { 'GET /v1/queue': { queue: [queue[0]] } } }, async ({ home }) => assert.equal((await runCli(['queue'], { home })).stdout, 'nothing runs, and nothing waits for a device\n'));
});

test('run --json prints one document and nothing else', async () => {
  await withFakes({ session: door }, async ({ home }) => {
    const ended = await runCli(['run', circuitIn(home), '--backend', 'simulator', '--json'], { home });
    assert.equal(ended.code, 0);
    assert.equal(ended.stderr, '');
    assert.deepEqual(JSON.parse(ended.stdout), { dry_run: false, job: sampleJob(), results: sampleResults });
  });
});

const denial = sampleJob({
  status: 'denied', device: { name: 'practice-qpu', kind: 'qpu', practice: true, max_qubits: 5 },
  decision: { ...sampleJob().decision, effect: 'deny', reasons: [{ rule: 'shots.limit', effect: 'deny', message: 'too many shots', fix: 'at most 10000 shots' }] },
  denied: { by: 'policy', message: 'shots.limit: too many shots', fix: 'at most 10000 shots' },
});

const ends: [string, ReturnType<typeof sampleJob>, number, RegExp][] = [
  ['a denied job exits 3 and says what would pass', denial, 3, /Denied {4}by policy\nRules {5}shots\.limit: too many shots\n {10}would pass: at most 10000 shots/],
  ['a failed job exits 1 and says why', sampleJob({ status: 'failed', failure: { code: 'run_time_limit', message: 'stopped after 60 s', fix: 'raise time_limit_s' } }), 1, /Failed {4}stopped after 60 s \(run_time_limit\)\n {10}fix: raise/],
  ['a cancelled job exits 1', sampleJob({ status: 'cancelled' }), 1, /cancelled/],
];
for (const [name, end, code, pattern] of ends) {
  test(name, async () => {
    await withFakes({ session: { ...door, 'POST /v1/jobs': () => status(201, { dry_run: false, job: end }), [`GET ${job}`]: { job: end } } }, async ({ home }) => {
      const spec = join(home, 'job.json');
      writeFileSync(spec, '{}');
      const ended = await runCli(['submit', '--spec', spec, '--wait'], { home });
      assert.equal(ended.code, code);
      assert.match(ended.stdout, pattern);
    });
  });
}

test('submit without --wait sends the file byte for byte, and a denial exits 3 at once', async () => {
  const text = '{"job_name":"x",\n "max_cost": 5.00}';
  await withFakes({ session: { 'POST /v1/jobs': () => status(201, { dry_run: false, job: denial }) } }, async ({ home, session }) => {
    const spec = join(home, 'job.json');
    writeFileSync(spec, text);
    const ended = await runCli(['submit', '--spec', spec, '--json'], { home });
    assert.equal(ended.code, 3);
    assert.equal(session.asked[0]?.body, text);
    assert.deepEqual(JSON.parse(ended.stdout), { dry_run: false, job: denial });
  });
});

test('a dry run shows the decision and submits nothing', async () => {
  const answer = { dry_run: true, decision: sampleJob().decision, facts: bellFacts, quote: sampleJob().quote, device: sampleJob().device, spec_digest: sampleDigest('b'), program_digest: sampleDigest('c') };
  await withFakes({ session: { ...door, 'POST /v1/jobs': answer } }, async ({ home, session }) => {
    const ended = await runCli(['run', circuitIn(home), '--backend', 'simulator', '--dry-run'], { home });
    assert.equal(ended.code, 0);
    assert.match(ended.stdout, /^dry run: allow on SIMULATOR simulator; nothing was submitted\n/);
    assert.equal(JSON.parse(session.asked[1]?.body ?? '').dry_run, true);
  });
});

const waitingDoor: Answers = { ...door, 'POST /v1/jobs': () => status(201, { dry_run: false, job: waitingJob() }), [`GET ${job}`]: { job: waitingJob() }, [`GET ${job}/wait`]: () => undefined };

test('a wait that no person answers in time exits 4', async () => {
  await withFakes({ control: { ...waitingDoor, [`GET ${job}/wait`]: () => ({ job: waitingJob() }) } }, async ({ home }) => {
    const ended = await runCli(['wait', sampleJobId, '--timeout', '1'], { home });
    assert.equal(ended.code, 4);
    assert.match(ended.stderr, new RegExp(`${sampleJobId} waits for a person: dewar approve`));
    assert.match(ended.stdout, /waiting/);
  });
});

test('Ctrl-C while waiting says that the job goes on and how to cancel it, and exits 130', async () => {
  await withFakes({ session: waitingDoor }, async ({ home, session }) => {
    let sent = false;
    const ended = await runCli(['run', circuitIn(home), '--backend', 'practice-qpu'], {
      home, onStderr: (text, kill) => {
        if (sent || !text.includes('waits for a person')) return;
        sent = true;
        kill('SIGINT');
      },
    });
    assert.equal(ended.code, 130);
    assert.match(ended.stderr, new RegExp(`${sampleJobId} goes on without this terminal. To stop it: dewar cancel ${sampleJobId}`));
    assert.equal(session.asked.some(({ url }) => url.includes('cancel')), false);
  });
});

test('without a broker every verb that needs one exits 5 and says how to start it', async () => {
  const home = newHome();
  const spec = join(home, 'job.json');
  writeFileSync(spec, '{}');
  for (const args of [['status'], ['jobs'], ['show', 'last'], ['submit', '--spec', spec], ['run', circuitIn(home), '--backend', 'x'], ['approve', sampleJobId, '--yes'], ['freeze'], ['journal', 'verify'], ['budget'], ['prices'], ['quote', circuitIn(home)]]) {
    const ended = await runCli([...args, '--json'], { home });
    assert.equal(ended.code, 5, args.join(' '));
    assert.equal(ended.stdout, '');
    const { error } = JSON.parse(ended.stderr);
    assert.equal(error.code, 'not_running');
    assert.equal(error.fix, 'dewar up');
  }
});

test('down without a broker is well: nothing runs', async () => {
  const ended = await runCli(['down', '--json'], { home: newHome() });
  assert.deepEqual([ended.code, JSON.parse(ended.stdout)], [0, { stopped: false }]);
});

test('a command line that cannot be meant exits 2, names the fault on stderr, and prints nothing on stdout', async () => {
  const home = newHome();
  for (const args of [[], ['nope'], ['run'], ['run', 'x.qasm'], ['run', 'x.qasm', '--backend', 's', '--shots', '0'], ['run', 'x.qasm', '--backend', 's', '--shots', '1e3'], ['run', '/nonexistent.qasm', '--backend', 's'], ['submit', '--spec', home], ['results', 'last', '--format', 'xml'], ['show', '../x'], ['show', sampleJobId, 'more'], ['session', 'create', 'Bad_Name'], ['deny', sampleJobId], ['verify', '/nonexistent']]) {
    const ended = await runCli([...args, '--json'], { home });
    assert.equal(ended.code, 2, `${args.join(' ')}: ${ended.stderr}`);
    assert.equal(ended.stdout, '');
    assert.equal(JSON.parse(ended.stderr).error.code, 'usage_invalid', args.join(' '));
  }
});

test('a relative home is refused before anything is asked', async () => {
  const ended = await runCli(['status', '--json'], { home: newHome(), env: { DEWAR_HOME: 'here' } });
  assert.equal(ended.code, 1);
  assert.equal(JSON.parse(ended.stderr).error.code, 'home_invalid');
});

test('the broker\'s refusal is shown with path, allowed and fix', async () => {
  await withFakes({ session: { ...door, 'POST /v1/jobs': () => refuse(400, { code: 'spec_invalid', message: 'no', path: '/shots', got: '\u001b[2J', allowed: '1 to 10', fix: 'fewer' }) } }, async ({ home }) => {
    const ended = await runCli(['run', circuitIn(home), '--backend', 'simulator'], { home });
    assert.equal(ended.code, 1);
    assert.equal(ended.stdout, '');
    assert.equal(ended.stderr, 'error: no (spec_invalid)\n  at      /shots\n  got     \\u{1b}[2J\n  allowed 1 to 10\n  fix     fewer\n');
  });
});

test('$DEWAR_SOCKET is the door for jobs, and the control socket is not asked', async () => {
  await withFakes({}, async (other) => {
    await withFakes({ session: { 'GET /v1/jobs': { jobs: [sampleJob()] } } }, async ({ session }) => {
      const ended = await runCli(['jobs', '--json'], { home: other.home, env: { DEWAR_SOCKET: session.socketPath } });
      assert.equal(ended.code, 0, ended.stderr);
      assert.deepEqual(JSON.parse(ended.stdout), { jobs: [sampleJob()] });
      assert.equal(other.control.asked.length + other.session.asked.length, 0);
    });
  });
});

const twins = [sampleJob({ job_id: 'job_01k9zzzzzzzzzzzzzzz2' }), sampleJob()];
const byRef: [string, string, number][] = [['last', 'job_01k9zzzzzzzzzzzzzzz2', 0], ['01k9zzzzzzzzzzzzzzz1', sampleJobId, 0], ['job_01k9zzzzzzzzzzzzzzz1', sampleJobId, 0], ['01k9', '', 2], ['0zzz', '', 1]];
for (const [ref, id, code] of byRef) {
  test(`show ${ref} ${code === 0 ? `finds ${id}` : `exits ${code} and shows no job`}`, async () => {
    const list = { jobs: twins };
    await withFakes({ control: { 'GET /v1/jobs': list, ...Object.fromEntries(twins.map((twin) => [`GET /v1/jobs/${twin.job_id}`, { job: twin }])) } }, async ({ home }) => {
      const ended = await runCli(['show', ref], { home });
      assert.equal(ended.code, code, ended.stderr);
      if (code === 0) assert.ok(ended.stdout.startsWith(id));
      else assert.equal(ended.stdout, '');
    });
  });
}

const desk = (approved: unknown[] = []): Answers => ({
  'GET /v1/pending': { pending: [samplePending()], envelopes: [] },
  'GET /v1/envelopes': { envelopes: [] },
  'GET /v1/jobs': { jobs: [sampleJob({ job_id: 'job_01k9zzzzzzzzzzzzzzz9' }), waitingJob()] },
  [`GET /v1/pending/${sampleJobId}`]: { pending: samplePending() },
  [`POST ${job}/approve`]: (asked) => { approved.push(JSON.parse(asked.body)); return { job: waitingJob({ status: 'queued' }) }; },
  [`POST ${job}/deny`]: (asked) => { approved.push(JSON.parse(asked.body)); return { job: denial }; },
});

test('approve --yes sends the digest and nonce of the card it has shown', async () => {
  const approved: unknown[] = [];
  await withFakes({ control: desk(approved) }, async ({ home }) => {
    const ended = await runCli(['approve', sampleJobId, '--yes'], { home });
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stderr, /^Agent session default wants PRACTICE hardware: practice-qpu · 1024 shots\n/);
    assert.match(ended.stdout, /^approved {2}job_/);
    assert.deepEqual(approved, [{ resolved_digest: sampleDigest('d'), nonce: 'nonce-1' }]);
  });
});

test('without a terminal and without --yes nothing is approved; --yes wants the whole id', async () => {
  const approved: unknown[] = [];
  await withFakes({ control: desk(approved) }, async ({ home }) => {
    for (const args of [[sampleJobId], [sampleJobId, '--json'], ['last', '--yes'], ['01k9', '--yes']]) assert.equal((await runCli(['approve', ...args], { home })).code, 2, args.join(' '));
    assert.deepEqual(approved, []);
  });
});

test('an approval that became stale is told, and exits 1', async () => {
  await withFakes({ control: { ...desk(), [`POST ${job}/approve`]: () => refuse(409, { code: 'approval_stale', message: 'the job changed', fix: 'look again' }) } }, async ({ home }) => {
    const ended = await runCli(['approve', sampleJobId, '--yes', '--json'], { home });
    assert.deepEqual([ended.code, ended.stdout, JSON.parse(ended.stderr).error.code], [1, '', 'approval_stale']);
  });
});

test('deny sends the reason, and pending shows what waits', async () => {
  const sent: unknown[] = [];
  await withFakes({ control: desk(sent) }, async ({ home }) => {
    assert.equal((await runCli(['deny', 'last', '--reason', 'simulate first'], { home })).code, 0);
    assert.deepEqual(sent, [{ reason: 'simulate first' }]);
    const listed = await runCli(['pending'], { home });
    assert.match(listed.stdout, /PRACTICE practice-qpu {2}1024 {3}1\.2216 XTS {2}11-23 07:30 {2}default/);
    assert.deepEqual(JSON.parse((await runCli(['pending', '--json'], { home })).stdout), { pending: [samplePending()], envelopes: [] });
  });
});

test('results come as a table, as JSON and as CSV', async () => {
  await withFakes({ control: { [`GET ${job}/results`]: sampleResults } }, async ({ home }) => {
    assert.match((await runCli(['results', sampleJobId], { home })).stdout, /Bits {6}c\[2\], bit 0 rightmost/);
    assert.deepEqual(JSON.parse((await runCli(['results', sampleJobId, '--format', 'json'], { home })).stdout), sampleResults);
    assert.deepEqual(JSON.parse((await runCli(['results', sampleJobId, '--json'], { home })).stdout), sampleResults);
    assert.equal((await runCli(['results', sampleJobId, '--format', 'csv'], { home })).stdout, 'bits,count\n00,530\n11,494\n');
  });
});

test('a receipt goes to stdout or, byte for byte, to a file', async () => {
  const bundle = '{"mediaType":"x",\n"a":1}';
  await withFakes({ control: { [`GET ${job}/receipt`]: (_, response) => { response.end(bundle); } } }, async ({ home }) => {
    assert.equal((await runCli(['receipt', sampleJobId], { home })).stdout, `${bundle}\n`);
    const file = join(home, 'receipt.json');
    const ended = await runCli(['receipt', sampleJobId, '-o', file, '--json'], { home });
    assert.deepEqual([ended.code, JSON.parse(ended.stdout)], [0, { job_id: sampleJobId, file }]);
    assert.equal(readFileSync(file, 'utf8'), bundle);
  });
});

test('verify without pinned keys, and with a receipt that is none, exits 1 offline', async () => {
  const home = newHome();
  const file = join(home, 'receipt.json');
  writeFileSync(file, '{}');
  const unpinned = await runCli(['verify', file, '--json'], { home });
  assert.deepEqual([unpinned.code, JSON.parse(unpinned.stderr).error.code], [1, 'key_unpinned']);
  const key = join(home, 'key.pem');
  writeFileSync(key, generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' }));
  const bad = await runCli(['verify', file, '--key', key, '--json'], { home });
  assert.deepEqual([bad.code, JSON.parse(bad.stderr).error.code], [1, 'receipt_invalid']);
  mkdirSync(join(home, 'config'));
  writeFileSync(join(home, 'config', 'trust.json'), '{"version":2}');
  assert.equal(JSON.parse((await runCli(['verify', file, '--json'], { home })).stderr).error.code, 'config_invalid');
});

test('a journal that does not verify exits 1 and lists the problems', async () => {
  await withFakes({ control: { 'GET /v1/journal/verify': { ok: false, size: 9, root: 'x', checkpoint: 'y', problems: ['leaf 3 differs\u001b[2J'] } } }, async ({ home }) => {
    const ended = await runCli(['journal', 'verify'], { home });
    assert.equal(ended.code, 1);
    assert.match(ended.stdout, /does NOT verify[^]*leaf 3 differs\\u\{1b\}/);
  });
});

test('logs are escaped line by line', async () => {
  const logs = { job_id: sampleJobId, events: [{ seq: 1, time: '2026-11-23T07:00:00Z', type: 'job.submitted', text: 'a\u202eb\nc' }], output: 'one\n\u001b]0;x\u0007two\n' };
  await withFakes({ control: { [`GET ${job}/logs`]: logs } }, async ({ home }) => {
    const { stdout } = await runCli(['logs', sampleJobId], { home });
    noEscapes(stdout);
    assert.match(stdout, /a\\u\{202e\}b\\nc\nThe run printed \(untrusted\)\none\n\\u\{1b\}\]0;x\\u\{7\}two\n/);
  });
});

test('the small verbs print what they did, also as JSON', async () => {
  const backend = { name: 'simulator', kind: 'simulator', practice: false, max_qubits: 24, aliases: ['sim'], description: 'local', price: 'free' };
  const prevented = { month: '2026-11', jobs: 0, amounts: [] };
  const made = { id: 'session_1', name: 'agent', containment: 'uncontained', socket: '/run/x.sock', created: '2026-11-23T07:00:00Z', read: [] };
  await withFakes({
    control: {
      'GET /v1/policy': { policy: samplePolicy }, 'GET /v1/tcp': { tcp: null }, 'GET /v1/budgets': { budgets: [sampleBudget], prevented }, 'GET /v1/status': sampleStatus, 'POST /v1/freeze': { frozen: true }, 'POST /v1/thaw': { frozen: false }, 'GET /v1/sessions': { sessions: [made] }, 'POST /v1/sessions': () => status(201, { session: made }),
      [`POST ${job}/cancel`]: { job: sampleJob({ status: 'cancelled' }) }, 'GET /v1/jobs': { jobs: [sampleJob({ job_id: 'job_01k9zzzzzzzzzzzzzzz9' }), waitingJob()] },
    },
    session: { 'GET /v1/backends': { backends: [backend] }, 'GET /v1/prices': { prices: samplePrices } },
  }, async ({ home, control }) => {
    const json: [string[], unknown][] = [
      [['status'], { status: sampleStatus, tcp: null, budgets: [sampleBudget], policy_problem: null }], [['freeze', '--reason', 'why'], { frozen: true }], [['thaw'], { frozen: false }], [['session', 'list'], { sessions: [made] }],
      [['session', 'create', 'agent', '--read', home], { session: made }], [['backends'], { backends: [backend] }], [['budget'], { budgets: [sampleBudget], prevented }], [['prices'], { prices: samplePrices }], [['cancel', 'last'], { job: sampleJob({ status: 'cancelled' }) }],
    ];
    for (const [args, document] of json) {
      const ended = await runCli([...args, '--json'], { home });
      assert.deepEqual([ended.code, ended.stderr, JSON.parse(ended.stdout)], [0, '', document], args.join(' '));
      assert.notEqual((await runCli(args, { home })).stdout, '', args.join(' '));
    }
    assert.deepEqual(JSON.parse(control.asked.find(({ url, method }) => method === 'POST' && url === '/v1/sessions')?.body ?? ''), { name: 'agent', read: [home] });
  });
});

test('doctor exits 1 while something fails, with the command that mends it, and 0 when all is well', async () => {
  const journal = { ok: true, size: 1, root: 'x', checkpoint: 'y', problems: [] };
  await withFakes({ control: { 'GET /v1/tcp': { tcp: null }, 'GET /v1/status': sampleStatus, 'GET /v1/journal/verify': journal } }, async ({ home }) => {
    const well = await runCli(['doctor', '--json'], { home });
    const { ok, checks } = JSON.parse(well.stdout);
    assert.deepEqual([well.code, ok], [0, true], well.stdout);
    assert.ok(checks.length >= 12);
    mkdirSync(join(home, 'state'), { mode: 0o755 });
    assert.equal(statSync(join(home, 'state')).mode & 0o777, 0o755);
    const ill = await runCli(['doctor'], { home });
    assert.equal(ill.code, 1);
    assert.match(ill.stdout, /fail state folder .*\n {5}fix {2}chmod 700/);
  });
});

test('a reader that goes away early is no failure', async () => {
  await withFakes({ control: { 'GET /v1/jobs': { jobs: Array.from({ length: 200 }, () => sampleJob()) } } }, async ({ home }) => {
    const { spawn } = await import('node:child_process');
    const { mainFile } = await import('./run-cli.ts');
    const child = spawn('/bin/sh', ['-c', '"$0" "$1" jobs --limit 200 | head -n 1', process.execPath, mainFile], { env: { ...process.env, DEWAR_HOME: home }, stdio: ['ignore', 'pipe', 'pipe'] });
    let err = '';
    child.stderr.on('data', (text) => { err += String(text); });
    assert.equal(await new Promise((resolve) => child.once('close', resolve)), 0);
    assert.equal(err, '');
  });
});
