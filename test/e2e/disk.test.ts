// Disks that are full, locked, damaged, read-only or lying, keys that are lost, a second broker, a run that is shot: typed errors, and nothing lost.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobView } from '@dewar/protocol';
import { at, bell, call, errorOf, Gone, TestHome, textAt, type Answer, type BrokerProcess } from './broker-process.ts';

const isRoot = process.getuid?.() === 0;
const canMount = isRoot && spawnSync('sh', ['-c', 'd=$(mktemp -d) && mount -t tmpfs -o size=64k tmpfs "$d" && umount "$d" && rmdir "$d"']).status === 0;
const hasStrace = spawnSync('strace', ['-qq', '-e', 'trace=none', '-e', 'inject=fdatasync:error=EIO:when=1', 'true']).status === 0;
const nobody = 65_534;

const withHome = (name: string, body: (home: TestHome) => Promise<void>, skip: string | false = false): void => {
  test(name, { skip }, async () => {
    const home = new TestHome();
    try {
      await body(home);
    } finally {
      await home.close();
    }
  });
};

const put = (home: TestHome, bytes: string | Buffer): Promise<Answer> => call(home.session(), 'PUT', '/v1/artifacts', Buffer.from(bytes));
const circuit = async (home: TestHome): Promise<string> => textAt((await put(home, bell)).json, 'digest');
const submit = async (home: TestHome, more: object = {}): Promise<Answer> => call(home.session(), 'POST', '/v1/jobs', { job_name: 'disk', code_blob: await circuit(home), backend: 'simulator', shots: 10, ...more });
const jobOf = (answer: Answer): JobView => at(answer.json, 'job') as unknown as JobView;
const problems = async (home: TestHome): Promise<unknown> => at((await call(home.control, 'GET', '/v1/journal/verify')).json, 'problems');

async function ended(home: TestHome, job: JobView): Promise<JobView> {
  return jobOf(await call(home.session(), 'GET', `/v1/jobs/${job.job_id}/wait?timeout_s=30`));
}

/** The exit code and the code of the typed error that a start ends with. */
async function refusedStart(home: TestHome, how: Parameters<TestHome['start']>[0] = {}): Promise<{ readonly exit: number | null; readonly code: string; readonly log: string }> {
  const { process: broker, ready } = home.launch(how);
  const first = await Promise.race([ready, broker.exited]);
  if (first === 'ready') {
    await broker.kill();
    return { exit: null, code: '', log: 'it started' };
  }
  return { exit: first.code, code: /"error":\{"code":"([a-z_]+)"/.exec(broker.log())?.[1] ?? '', log: broker.log() };
}

withHome('a disk that is full: uploads and submits are refused by name, what waits goes on when there is room', async (home) => {
  mkdirSync(home.home.state, { mode: 0o700, recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m,mode=700', 'tmpfs', home.home.state]);
  try {
    const broker = await home.start();
    const first = await ended(home, jobOf(await submit(home)));
    assert.equal(first.status, 'completed');
    const waiting = jobOf(await submit(home, { backend: 'practice-qpu' }));
    assert.equal(waiting.status, 'waiting');
    const ballast = join(home.home.state, 'ballast');
    const fill = (): void => {
      for (let size = 3 << 20; size >= 1024; size >>= 1) spawnSync('sh', ['-c', `head -c ${size} /dev/zero >> '${ballast}'`], { stdio: 'ignore' });
    };
    fill();
    assert.deepEqual([(await put(home, 'y'.repeat(100_000))).status, errorOf(await put(home, 'z'.repeat(100_000))).code], [507, 'storage_full']);
    let refused: Answer | null = null;
    for (let tries = 0; refused === null && tries < 300; tries += 1) {
      const answer = await submit(home);
      if (answer.status !== 201) refused = answer;
    }
    assert.deepEqual([refused?.status, refused && errorOf(refused).code], [507, 'storage_full']);
    assert.equal((await call(home.control, 'GET', '/v1/status')).status, 200);
    assert.equal((await call(home.control, 'POST', `/v1/jobs/${waiting.job_id}/deny`, { reason: 'no' })).status, 507);
    assert.equal(jobOf(await call(home.session(), 'GET', `/v1/jobs/${waiting.job_id}`)).status, 'waiting', 'nothing was done that could not be recorded');
    rmSync(ballast);
    assert.equal((await call(home.control, 'POST', `/v1/jobs/${waiting.job_id}/deny`, { reason: 'no' })).status, 200);
    for (const job of at((await call(home.session(), 'GET', '/v1/jobs?limit=500')).json, 'jobs') as unknown as JobView[]) assert.equal((await ended(home, job)).receipt, true, `${job.job_id}: ${broker.log()}`);
    assert.deepEqual(await problems(home), []);
    await broker.stop();
  } finally {
    execFileSync('umount', ['-l', home.home.state]);
  }
}, canMount ? false : 'needs root: a small disk is mounted');

withHome('a file that may grow no further is storage_full, and smaller ones are still taken', async (home) => {
  const broker = await home.start({ wrap: ['sh', '-c', 'ulimit -f 4096; exec "$0" "$@"'] });
  const refused = await put(home, Buffer.alloc(8_000_000));
  assert.deepEqual([refused.status, errorOf(refused).code], [507, 'storage_full']);
  assert.equal((await put(home, 'small')).status, 201);
  assert.equal((await ended(home, jobOf(await submit(home)))).status, 'completed');
  const left = readdirSync(join(home.home.state, 'artifacts'), { recursive: true }).filter((name) => String(name).split('/').at(-1)?.startsWith('.'));
  assert.deepEqual(left, []);
  await broker.stop();
});

withHome('a journal that another process holds: storage_locked, and work goes on when it lets go', async (home) => {
  const broker = await home.start();
  const job = jobOf(await submit(home, { shots: 1_000 }));
  const other = new DatabaseSync(home.journal, { timeout: 2000 });
  other.exec('BEGIN IMMEDIATE');
  const refused = await submit(home);
  assert.deepEqual([refused.status, errorOf(refused).code], [503, 'storage_locked']);
  assert.equal((await call(home.control, 'GET', '/v1/status')).status, 200);
  other.exec('ROLLBACK');
  other.close();
  assert.equal((await ended(home, job)).status, 'completed', broker.log());
  assert.equal((await submit(home)).status, 201);
  assert.deepEqual(await problems(home), []);
  await broker.stop();
});

withHome('a second broker on the same home is refused, the first goes on', async (home) => {
  const broker = await home.start();
  const second = await refusedStart(home);
  assert.deepEqual([second.exit, second.code], [78, 'already_running']);
  assert.equal((await ended(home, jobOf(await submit(home)))).status, 'completed');
  await broker.kill();
  await (await home.start()).stop();
});

withHome('lost and open keys are refused at the start, and the home works again when they are put right', async (home) => {
  const broker = await home.start();
  const job = await ended(home, jobOf(await submit(home)));
  await broker.stop();
  const keys = join(home.home.state, 'keys');
  for (const name of readdirSync(keys)) {
    const key = readFileSync(join(keys, name));
    rmSync(join(keys, name));
    const lost = await refusedStart(home);
    assert.deepEqual([lost.exit, lost.code], [78, 'home_invalid']);
    assert.equal(existsSync(join(keys, name)), false, 'no new key in place of the lost one');
    writeFileSync(join(keys, name), key, { mode: 0o644 });
    chmodSync(join(keys, name), 0o644);
    const open = await refusedStart(home);
    assert.deepEqual([open.exit, open.code], [78, 'home_invalid']);
    assert.ok(!open.log.includes('PRIVATE'));
    chmodSync(join(keys, name), 0o600);
  }
  await home.start();
  assert.equal(jobOf(await call(home.session(), 'GET', `/v1/jobs/${job.job_id}`)).receipt, true);
});

withHome('a damaged journal is refused by name or found by verify, and the undamaged file works again', async (home) => {
  const broker = await home.start();
  const job = await ended(home, jobOf(await submit(home)));
  await broker.stop();
  const file = home.journal;
  assert.equal(existsSync(`${file}-wal`), false, 'a broker that stopped leaves one file');
  copyFileSync(file, `${file}.good`);
  const good = readFileSync(file);
  const found: string[] = [];
  // The header's magic, its page size, its schema; then the middle of pages with rows in them.
  // A page may hold what was moved away too: every copy is changed.
  const copies: number[] = [];
  for (let from = good.indexOf('submitted from session'); from >= 0; from = good.indexOf('submitted from session', from + 1)) copies.push(from);
  for (const [what, offsets] of [['the magic', [3]], ['the page size', [17]], ['the schema', [110]], ['a page\'s header', [4096]], ['an event', copies]] as const) {
    const bad = Buffer.from(good);
    for (const offset of offsets) for (let index = offset; index < offset + 4; index += 1) bad[index] = (bad[index] ?? 0) ^ 0x55;
    writeFileSync(file, bad);
    const { process: started, ready } = home.launch();
    const first = await Promise.race([ready, started.exited]);
    if (first === 'ready') {
      const told = await problems(home);
      assert.ok(Array.isArray(told) ? told.length > 0 : true, `${what} was changed and nobody saw`);
      found.push(`${what}: verify`);
      await started.kill();
    } else {
      const code = /"error":\{"code":"([a-z_]+)"/.exec(started.log())?.[1];
      assert.ok(first.code === 78 && code !== undefined && ['storage_corrupt', 'storage_failed', 'home_invalid'].includes(code), `${what}: ${String(first.code)} ${started.log()}`);
      found.push(`${what}: ${code}`);
    }
    for (const suffix of ['-wal', '-shm']) rmSync(file + suffix, { force: true });
  }
  assert.ok(found.some((one) => one.endsWith('storage_corrupt')) && found.at(-1) === 'an event: verify', found.join('; '));
  copyFileSync(`${file}.good`, file);
  await home.start();
  assert.deepEqual(await problems(home), []);
  assert.equal(jobOf(await call(home.session(), 'GET', `/v1/jobs/${job.job_id}`)).receipt, true);
});

withHome('a state folder that cannot be written is refused by name', async (home) => {
  const uid = isRoot ? nobody : (process.getuid?.() ?? 0);
  mkdirSync(home.home.state, { mode: 0o500 });
  for (const path of [home.folder, home.home.state]) if (isRoot) chownSync(path, nobody, nobody);
  const refused = await refusedStart(home, isRoot ? { uid } : {});
  assert.ok(refused.exit === 78 && refused.code === 'storage_failed', refused.log);
  chmodSync(home.home.state, 0o700);
});

withHome('a run that is shot fails its job by name, and the broker goes on', async (home) => {
  const broker = await home.start();
  const job = jobOf(await submit(home));
  const children = (): number[] => readFileSync(`/proc/${broker.pid}/task/${broker.pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  for (let tries = 0; children().length === 0 && tries < 500; tries += 1) await sleep(5);
  for (const pid of children()) process.kill(pid, 'SIGKILL');
  const last = await ended(home, job);
  assert.deepEqual([last.status, last.failure?.code, last.receipt], ['failed', 'run_failed', true]);
  assert.equal((await ended(home, jobOf(await submit(home)))).status, 'completed');
  await broker.stop();
});

/** A broker under strace, which the kernel's own errors are told through. */
async function lying(home: TestHome, rule: string, ...more: readonly string[]): Promise<{ readonly broker: BrokerProcess; readonly end: () => void }> {
  const broker = await home.start({ wrap: ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=fsync,fdatasync', '-e', `inject=fsync,fdatasync:error=EIO:when=${rule}`, ...more] });
  const pid = Number(at((await call(home.control, 'GET', '/v1/status')).json, 'pid'));
  return {
    broker,
    end: () => {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself, as it should.
      }
    },
  };
}

for (const [what, path, when] of [['the journal\'s log', '-wal', '4+'], ['the journal itself', '', '1+']] as const) {
  withHome(`a failed fsync of ${what} ends the broker with 74, and the next start has all that was acknowledged`, async (home) => {
    await (await home.start()).stop();
    const { broker, end } = await lying(home, when, '-P', `${home.journal}${path}`);
    const acknowledged: JobView['job_id'][] = [];
    try {
      for (let index = 0; index < 400; index += 1) {
        const answer = await submit(home, { shots: 1_000_000_000 });
        if (answer.status === 201) acknowledged.push(jobOf(answer).job_id);
        else assert.equal(errorOf(answer).code, 'storage_failed');
      }
      assert.fail(`it went on: ${broker.log().slice(-500)}`);
    } catch (error) {
      if (!(error instanceof Gone)) throw error;
    } finally {
      setTimeout(end, 3000).unref();
    }
    assert.deepEqual(await broker.exited, { code: 74, signal: null }, broker.log().slice(-500));
    assert.ok(broker.log().includes('the disk cannot be trusted'));
    await home.start();
    const ids = (at((await call(home.session(), 'GET', '/v1/jobs?limit=500')).json, 'jobs') as unknown as JobView[]).map((job) => job.job_id);
    for (const id of acknowledged) assert.ok(ids.includes(id), id);
    assert.deepEqual(await problems(home), []);
  }, !hasStrace ? 'a failing fsync needs strace' : isRoot ? false : 'needs root: strace reads the descriptors of a process that hides them');
}
