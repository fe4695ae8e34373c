// A hostile agent that reaches for the control socket: from other namespaces, as another user, by signals and by the broker's memory.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { at, bell, brokerMain, call, errorOf, TestHome, textAt, type BrokerProcess } from '../e2e/broker-process.ts';

const caller = fileURLToPath(new URL('./caller.ts', import.meta.url));
const isRoot = process.getuid?.() === 0;
const nobody = 65_534;
const works = (command: string, ...args: string[]): boolean => spawnSync(command, args, { stdio: 'ignore' }).status === 0;
const namespaces = works('unshare', '-Ur', 'true') ? false : 'no unprivileged user namespaces here';

const home = new TestHome();
let broker: BrokerProcess;

before(async () => {
  broker = await home.start();
});
after(() => home.close());

interface Told {
  readonly status: number;
  readonly text: string;
}

function from(wrap: readonly string[], socket: string, method = 'GET', path = '/v1/status', body?: string): Told {
  const [command = '', ...rest] = [...wrap, process.execPath, caller, socket, method, path, ...(body === undefined ? [] : [body])];
  const ran = spawnSync(command, rest, { encoding: 'utf8', env: { PATH: process.env['PATH'] } });
  assert.notEqual(ran.stdout, '', ran.stderr);
  return JSON.parse(ran.stdout) as Told;
}

describe('from a sandbox, with the socket in reach', () => {
  const refused = (told: Told): void => {
    assert.equal(told.status, 403, told.text);
    assert.match(told.text, /"code":"peer_(refused|unreadable)"/);
  };

  for (const [what, wrap] of [
    ['another user namespace', ['unshare', '-Ur']],
    ['another user namespace that maps the user to itself', ['unshare', '-U', `--map-user=${process.getuid?.() ?? 0}`]],
    ['another mount namespace', ['unshare', '-Urm']],
    ['another pid namespace', ['unshare', '-Urpf']],
    ['another pid namespace with its own /proc', ['unshare', '-Urpfm', '--mount-proc']],
  ] as const) {
    test(`${what}: every request is refused, approvals first`, { skip: namespaces }, () => {
      refused(from(wrap, home.control));
      refused(from(wrap, home.control, 'POST', '/v1/freeze', '{}'));
      refused(from(wrap, home.control, 'POST', '/v1/jobs/job_00000000000000000000/approve', '{"resolved_digest":"sha256:0","nonce":""}'));
      refused(from(wrap, home.control, 'POST', '/v1/shutdown'));
      assert.equal(from(wrap, home.session(), 'GET', '/v1/jobs').status, 200, 'its own session\'s socket is what it was given');
    });
  }

  test('as root in only another mount or pid namespace: refused too', { skip: isRoot ? false : 'needs root: it makes one without a user namespace' }, () => {
    refused(from(['unshare', '-m'], home.control));
    refused(from(['unshare', '-pf'], home.control));
  });

  test('in a bubblewrap sandbox with the whole system bound: refused', { skip: works('bwrap', '--ro-bind', '/', '/', 'true') ? false : 'no bubblewrap here' }, () => {
    refused(from(['bwrap', '--dev-bind', '/', '/', '--unshare-user'], home.control));
    refused(from(['bwrap', '--ro-bind', '/', '/', '--unshare-all', '--proc', '/proc'], home.control));
  });

  test('the person\'s own shell is let in by the same call', () => assert.equal(from([], home.control).status, 200));
});

describe('as another user', { skip: isRoot ? false : 'needs root: it becomes another user' }, () => {
  const as = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];

  test('the folder keeps others from every socket', () => {
    for (const socket of [home.control, home.session()]) assert.equal(from(as, socket).text, 'EACCES');
    assert.equal(statSync(home.home.run).mode & 0o777, 0o700);
    assert.equal(statSync(home.control).mode & 0o777, 0o600);
    assert.equal(statSync(home.session()).mode & 0o777, 0o600);
  });

  test('even with folder and socket thrown open, the control socket is refused', () => {
    const opened = [home.folder, home.home.run, home.control];
    for (const path of opened) chmodSync(path, 0o777);
    chmodSync(dirname(home.folder), statSync(dirname(home.folder)).mode | 0o011);
    const told = from(as, home.control, 'POST', '/v1/freeze', '{}');
    assert.deepEqual([told.status, /"code":"([a-z_]+)"/.exec(told.text)?.[1]], [403, 'peer_refused']);
    assert.ok(told.text.includes(`uid ${nobody}`));
    for (const path of opened) chmodSync(path, path === home.control ? 0o600 : 0o700);
  });
});

describe('the broker\'s process', () => {
  const canary = 'CANARY-7f3a-provider-token';

  test('its memory and environment are closed to the user that runs it, and it leaves no core', async () => {
    const own = new TestHome();
    try {
      const uid = isRoot ? nobody : (process.getuid?.() ?? 0);
      if (isRoot) chownSync(own.folder, uid, uid);
      // The way to it, which a private temporary folder closes.
      if (isRoot) chmodSync(dirname(own.folder), statSync(dirname(own.folder)).mode | 0o011);
      // A compile cache that only root may write is none; it is not what is tested.
      const running = await own.start({ env: { PROVIDER_TOKEN: canary, NODE_COMPILE_CACHE: '' }, ...(isRoot && { uid }) });
      const wrap = isRoot ? ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--bounding-set=-all', '--inh-caps=-all'] : [];
      const [command, ...rest] = [...wrap, 'sh', '-c', `cat /proc/${running.pid}/environ; cat /proc/${running.pid}/maps; ls -l /proc/${running.pid}/fd; head -c 1 /proc/${running.pid}/mem`];
      const tried = spawnSync(command, rest, { encoding: 'utf8' });
      assert.equal(tried.stdout, '', 'nothing could be read');
      assert.match(tried.stderr, /Permission denied/);
      assert.match(readFileSync(`/proc/${running.pid}/limits`, 'utf8'), /Max core file size +0 +0/);
      await running.kill();
    } finally {
      await own.close();
    }
  });

  test('the signal that opens Node\'s inspector opens nothing, whether the flag was given or not', async () => {
    for (const nodeFlags of [[], ['--disable-sigusr1']]) {
      const own = new TestHome();
      try {
        const running = await own.start({ nodeFlags });
        for (let index = 0; index < 3; index += 1) {
          process.kill(running.pid, 'SIGUSR1');
          await sleep(50);
        }
        assert.equal((await call(own.control, 'GET', '/v1/status')).status, 200);
        assert.ok(!running.log().includes('Debugger'), running.log());
        await running.kill();
      } finally {
        await own.close();
      }
    }
  });

  test('code cannot be put into it by NODE_OPTIONS', async () => {
    const own = new TestHome();
    try {
      const { process: started, ready } = own.launch({ env: { NODE_OPTIONS: '--title=x' } });
      const first = await Promise.race([ready, started.exited]);
      assert.ok(first !== 'ready' && first.code === 78 && started.log().includes('NODE_OPTIONS'), started.log());
    } finally {
      await own.close();
    }
  });

  test('a home that is a link to somebody else\'s folder, or theirs, is refused', async () => {
    const own = new TestHome();
    const elsewhere = mkdtempSync(join(tmpdir(), 'e-'));
    try {
      mkdirSync(join(elsewhere, 'state'), { mode: 0o700 });
      symlinkSync(join(elsewhere, 'state'), own.home.state);
      const { process: started, ready } = own.launch();
      const first = await Promise.race([ready, started.exited]);
      assert.ok(first !== 'ready' && first.code === 78 && started.log().includes('home_invalid'), started.log());
    } finally {
      await own.close();
      rmSync(elsewhere, { recursive: true });
    }
  });

  test('a secret of its environment is in no child, no answer, no log, no receipt and no file', async () => {
    const own = new TestHome();
    try {
      const running = await own.start({ entry: brokerMain, env: { PROVIDER_TOKEN: canary, IBM_API_KEY: canary } });
      const code = textAt((await call(own.session(), 'PUT', '/v1/artifacts', Buffer.from(bell))).json, 'digest');
      const submitted = await call(own.session(), 'POST', '/v1/jobs', { job_name: 'canary', code_blob: code, backend: 'simulator', shots: 1000 });
      const id = textAt(submitted.json, 'job', 'job_id');
      const seen: string[] = [];
      const fds = new Set<string>();
      for (let tries = 0; tries < 400; tries += 1) {
        for (const pid of readFileSync(`/proc/${running.pid}/task/${running.pid}/children`, 'utf8').split(' ').filter(Boolean)) {
          const look = spawnSync('sh', ['-c', `cat /proc/${pid}/environ /proc/${pid}/cmdline; ls -l /proc/${pid}/fd`], { encoding: 'utf8' });
          if (look.stdout.includes('child.ts')) {
            seen.push(look.stdout);
            for (const [, target = ''] of look.stdout.matchAll(/ -> (.+)/g)) fds.add(target.replace(/\d+/g, 'N'));
          }
        }
        if (at((await call(own.session(), 'GET', `/v1/jobs/${id}`)).json, 'job', 'receipt') === true) break;
        await sleep(10);
      }
      assert.ok(seen.length > 0, 'the run\'s process was seen');
      const run = seen.join('\n');
      assert.ok(!run.includes(canary) && !run.includes('dewar_grant_') && !run.includes(own.folder), run);
      assert.ok([...fds].every((target) => /^(\/dev\/null|socket:|pipe:|anon_inode:|\/dev\/urandom|.*node-linux.*|.*\/packages\/\w+\/(src|calibration|package\.json)|.*\/node_modules\/)/.test(target)), [...fds].join('\n'));
      const answers = await Promise.all(['', '/results', '/logs', '/receipt'].map((rest) => call(own.session(), 'GET', `/v1/jobs/${id}${rest}`)));
      const errors = await Promise.all([call(own.session(), 'POST', '/v1/jobs', '{'), call(own.session(), 'GET', '/x'), call(own.control, 'GET', '/v1/status'), call(own.control, 'GET', '/v1/keys')]);
      for (const { text } of [...answers, ...errors]) assert.ok(!text.includes(canary) && !text.includes('dewar_grant_') && !text.includes('PRIVATE'), text);
      assert.ok(!running.log().includes(canary));
      await running.stop();
      const found = spawnSync('grep', ['-rlE', `${canary}|dewar_grant_[0-9a-f]{64}`, own.folder], { encoding: 'utf8' });
      assert.equal(found.stdout, '');
    } finally {
      await own.close();
    }
  });
});

test('after all of that the broker answers its person', async () => {
  const status = await call(home.control, 'GET', '/v1/status');
  assert.equal(at(status.json, 'frozen'), false);
  assert.equal(errorOf(status).code, undefined);
  assert.equal(broker.child.exitCode, null);
});
