// A run's endings, limits and surroundings: nothing inherited, nothing left.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { describe, it } from 'node:test';
import { DewarError } from '@dewar/protocol';
import { practiceCalibration } from '../src/index.ts';
import { bell, endless, factsOf, isGone, optionsOf, requestOf, runWatched, waitFor } from './fixture.ts';
import { run } from '../src/run.ts';

const looping = requestOf({ source: endless, shots: 1_000_000_000, facts: factsOf({ dynamic: true }) });

describe('run', () => {
  it('says what to change where the compiler breaks down', async () => {
    const source = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[3] q;\nbit c;\nnegctrl @ ctrl @ x q[0], q[1], q[2];\nc = measure q[2];\n';
    const { outcome } = await runWatched({ redeem: async () => requestOf({ source, facts: factsOf({ qubits: 3 }) }) });
    assert.ok(outcome.kind === 'failed' && outcome.error.code === 'run_failed', JSON.stringify(outcome));
    assert.match(outcome.error.fix ?? '', /ctrl @ before the first negctrl @/);
  });

  it('gives the same results for the same request, with everything needed to repeat it', async () => {
    const redeemed: string[] = [];
    const once = async (): Promise<unknown> => {
      const { outcome, pid } = await runWatched({ redeem: async (token) => {
        redeemed.push(token);
        return requestOf({ shots: 1000, seed: 42 });
      } });
      assert.ok(isGone(pid));
      return outcome;
    };
    const first = await once();
    assert.deepEqual(first, {
      kind: 'completed', output: '',
      results: {
        format: 'dewar.results/v1', shots: 1000, bit_order: 'little-endian', registers: [{ name: 'c', size: 2 }], counts: { '00': 499, '11': 501 }, seed: 42,
        engine: { name: 'dewar-state-vector', version: '1.0.0', method: 'state-vector' },
      },
    });
    assert.equal(JSON.stringify(await once()), JSON.stringify(first));
    assert.deepEqual(redeemed, ['grant_test', 'grant_test']);
  });

  it('repeats a dynamic circuit exactly, though the engine takes no seed', async () => {
    const request = requestOf({ source: endless, shots: 300, seed: 5, facts: factsOf({ dynamic: true }) });
    const first = await runWatched({ redeem: async () => request });
    const second = await runWatched({ redeem: async () => request });
    const other = await runWatched({ redeem: async () => ({ ...request, seed: 6 }) });
    assert.equal(first.outcome.kind, 'completed');
    assert.equal(JSON.stringify(first.outcome), JSON.stringify(second.outcome));
    assert.notEqual(JSON.stringify(first.outcome), JSON.stringify(other.outcome).replace('"seed":6', '"seed":5'));
    assert.equal(first.outcome.kind === 'completed' && first.outcome.results.engine.method, 'shot-by-shot');
  });

  it('names the practice device and its calibration in noisy results', async () => {
    const { outcome } = await runWatched({ redeem: async () => requestOf({ noise: practiceCalibration() }) });
    assert.ok(outcome.kind === 'completed');
    assert.deepEqual(outcome.results.practice, { device: 'practice-qpu', calibrated: '2026-11-02' });
    assert.equal(outcome.results.engine.method, 'noisy-trajectories');
  });

  it('tells what is wrong with a program, by line', async () => {
    const { outcome, pid } = await runWatched({ redeem: async () => requestOf({ source: bell.replace('cx q[0]', 'cy2 q[0]') }) });
    assert.ok(outcome.kind === 'failed');
    assert.equal(outcome.error.code, 'program_invalid');
    assert.equal(outcome.error.got, 'line 6');
    assert.ok(isGone(pid));
  });

  it('ends with the reason when the grant is refused', async () => {
    const { outcome, pid } = await runWatched({ redeem: async () => {
      throw new DewarError({ code: 'grant_invalid', message: 'spent', fix: 'submit again' });
    } });
    assert.deepEqual(outcome, { kind: 'failed', error: { code: 'grant_invalid', message: 'spent', fix: 'submit again' }, output: '' });
    assert.ok(isGone(pid));
  });

  it('hides why the broker could not redeem', async () => {
    const { outcome } = await runWatched({ redeem: async () => {
      throw new Error('secret path /x');
    } });
    assert.ok(outcome.kind === 'failed' && outcome.error.code === 'run_failed');
    assert.doesNotMatch(JSON.stringify(outcome), /secret/);
  });

  it('stops at the time limit', async () => {
    const { outcome, pid } = await runWatched({ timeLimitS: 1, redeem: async () => looping });
    assert.ok(outcome.kind === 'failed' && outcome.error.code === 'run_time_limit', JSON.stringify(outcome));
    assert.ok(isGone(pid));
  });

  it('stops at the memory limit', async () => {
    const source = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[24] q;\nbit[24] c;\nh q;\nc = measure q;\n';
    const { outcome, pid } = await runWatched({ memoryBytes: 300 * 2 ** 20, redeem: async () => requestOf({ source, facts: factsOf({ qubits: 24 }) }) });
    assert.ok(outcome.kind === 'failed' && outcome.error.code === 'run_memory_limit', JSON.stringify(outcome));
    assert.equal(outcome.error.allowed, '300 MiB');
    assert.ok(isGone(pid));
  });

  it('stops when it is cancelled in the engine\'s loop', async () => {
    const abort = new AbortController();
    const progress: [number, number][] = [];
    const { outcome, pid } = await runWatched({ signal: abort.signal, redeem: async () => looping, onProgress: (done, total) => {
      progress.push([done, total]);
      abort.abort();
    } });
    assert.deepEqual(outcome, { kind: 'cancelled', output: '' });
    assert.ok((progress[0]?.[0] ?? 0) > 0);
    assert.equal(progress[0]?.[1], 1_000_000_000);
    assert.ok(isGone(pid));
  });

  it('starts nothing when it is cancelled before', async () => {
    const { outcome, pid } = await runWatched({ signal: AbortSignal.abort() });
    assert.deepEqual(outcome, { kind: 'cancelled', output: '' });
    assert.equal(pid, 0);
  });

  it('says which signal killed the process', async () => {
    const { outcome, pid } = await runWatched({ redeem: async () => looping, onStart: (started) => process.kill(started, 'SIGTERM') });
    assert.ok(outcome.kind === 'failed' && outcome.error.code === 'run_failed');
    assert.equal(outcome.error.got, 'SIGTERM');
    assert.ok(isGone(pid));
  });

  it('gives the process no environment, no file and no socket but its own channel', async () => {
    process.env['DEWAR_TEST_CANARY'] = 'canary-4711';
    const canary = openSync(new URL('./run.test.ts', import.meta.url), 'r');
    const abort = new AbortController();
    let seen: { environ: string; command: string[]; cwd: string; fds: Map<number, string> } | null = null;
    let child = 0;
    await run(optionsOf({ signal: abort.signal, redeem: async () => looping, onStart: (pid) => {
      child = pid;
    }, onProgress: () => {
      const proc = `/proc/${child}`;
      seen ??= {
        environ: readFileSync(`${proc}/environ`, 'utf8'), command: readFileSync(`${proc}/cmdline`, 'utf8').split('\0'), cwd: readlinkSync(`${proc}/cwd`),
        fds: new Map(readdirSync(`${proc}/fd`).map((fd) => [Number(fd), readlinkSync(`${proc}/fd/${fd}`)])),
      };
      abort.abort();
    } }));
    closeSync(canary);
    delete process.env['DEWAR_TEST_CANARY'];
    assert.ok(seen !== null);
    const { environ, command, cwd, fds } = seen as { environ: string; command: string[]; cwd: string; fds: Map<number, string> };
    assert.equal(environ, '');
    assert.equal(cwd, '/');
    assert.deepEqual(command.slice(1, 3), ['--disable-sigusr1', '--max-old-space-size=512']);
    assert.doesNotMatch(command.join(' '), /grant_test/);
    assert.equal(fds.get(0), '/dev/null');
    const rest = [...fds].filter(([fd]) => fd > 0).map(([fd, link]) => ({ fd, link }));
    assert.deepEqual(rest.filter(({ link }) => link.startsWith('socket:')).map(({ fd }) => fd), [1, 2, 3]);
    // Node's own: epoll, event counters, its wake-up pipes and /dev/null.
    assert.deepEqual(rest.filter(({ link }) => !/^(socket:|anon_inode:|pipe:|\/dev\/null$)/.test(link)), []);
  });

  it('dies with its parent, even in the engine\'s loop', async () => {
    const parent = spawn(process.execPath, [new URL('./children/parent.ts', import.meta.url).pathname], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = await new Promise<number>((resolve) => parent.stdout.once('data', (chunk: Buffer) => resolve(Number(String(chunk).trim()))));
    assert.ok(pid > 0 && !isGone(pid));
    parent.kill('SIGKILL');
    await waitFor('the child is gone', () => isGone(pid));
  });
});
