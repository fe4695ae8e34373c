// A person's Python script beside a real broker: runs it once, reads what it tells line by line, and answers for the person where it asks.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json, PendingEnvelopeView, PendingView } from '@dewar/protocol';
import { at, call, TestHome } from '../e2e/broker-process.ts';
import { install, Missing, packageFolder, run, type EnvironmentName, type Ended, type Installed } from './environment.ts';

export type Told = ReadonlyMap<string, Json>;

/** What the person says to a job that waits: null is a yes, text the reason of a no, undefined no answer. */
export type Person = (pending: PendingView) => string | null | undefined;

export interface User {
  readonly home: TestHome;
  readonly installed: Installed;
  /** Runs a file of python/tests/integration in a folder of its own, and gives the value of each `{"case": name, "value": …}` line. Throws where it fails. */
  tell(script: string, args?: readonly string[], person?: Person): Promise<Told>;
  close(): Promise<void>;
}

const yes: Person = () => null;

/** To a job of the name `say no` a no, to one named `say nothing` nothing, and a yes to all others. */
export const sayNo: Person = ({ job }) => (job.spec.job_name === 'say no' ? 'not tonight' : job.spec.job_name === 'say nothing' ? undefined : null);

/** Seconds for all cases of one script, on a busy machine of two cores. */
const scriptSeconds = 480;

/** A broker and an environment with the wheel; a text where that cannot be had here. */
export async function userOf(name: EnvironmentName): Promise<User | string> {
  const folder = mkdtempSync(join(tmpdir(), 'py-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  let installed: Installed;
  try {
    installed = await install(name, folder);
  } catch (error) {
    remove();
    if (error instanceof Missing) return error.message;
    throw error;
  }
  const home = new TestHome();
  await home.start();
  return {
    home, installed,
    tell: async (script, args = [], person = yes) => {
      const told = new Map<string, Json>();
      const cwd = mkdtempSync(join(folder, 'cwd-'));
      const ended = await answering(home, person, () => run(installed.python, ['-W', 'ignore', join(packageFolder, 'tests/integration', script), ...args], {
        env: { PYTHONPATH: installed.site, DEWAR_SOCKET: home.session() }, cwd, seconds: scriptSeconds, onLine: (line) => keep(told, line),
      }));
      if (ended.code !== 0) throw new Error(`${script} ended with ${ended.code}:\n${ended.err.slice(-4000)}${ended.out.slice(-2000)}`);
      return told;
    },
    close: async () => {
      await home.close();
      remove();
    },
  };
}

function keep(told: Map<string, Json>, line: string): void {
  if (!line.startsWith('{"case"')) return;
  const { case: name, value } = JSON.parse(line) as { readonly case: string; readonly value: Json };
  told.set(name, value);
}

/** While `work` runs, whatever waits for a person is answered. */
async function answering(home: TestHome, person: Person, work: () => Promise<Ended>): Promise<Ended> {
  const script = { over: false };
  const working = work().finally(() => {
    script.over = true;
  });
  while (!script.over) {
    const { json } = await call(home.control, 'GET', '/v1/pending');
    for (const pending of (at(json, 'pending') ?? []) as unknown as readonly PendingView[]) {
      const reason = person(pending);
      if (reason === undefined) continue;
      const { job_id: id, resolved_digest } = pending.job;
      await (reason === null ? call(home.control, 'POST', `/v1/jobs/${id}/approve`, { resolved_digest, nonce: pending.nonce }) : call(home.control, 'POST', `/v1/jobs/${id}/deny`, { reason }));
    }
    for (const { envelope, nonce } of (at(json, 'envelopes') ?? []) as unknown as readonly PendingEnvelopeView[]) {
      const { envelope_id: id, terms_digest, name } = envelope;
      await (name === 'say no' ? call(home.control, 'POST', `/v1/envelopes/${id}/deny`, { reason: 'too many' }) : call(home.control, 'POST', `/v1/envelopes/${id}/approve`, { terms_digest, nonce }));
    }
    await Promise.race([working, new Promise((settle) => setTimeout(settle, 200))]);
  }
  return working;
}
