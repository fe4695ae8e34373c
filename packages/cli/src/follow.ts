// Following a job to its end: one status line on a terminal, silence in a pipe, and a plain word when interrupted.
import { hasEnded, type JobClient } from '@dewar/client';
import { placeText, type JobView } from '@dewar/protocol';
import type { Context } from './context.ts';
import { escape } from './escape.ts';
import { Interrupted } from './exit.ts';

const redrawMs = 120;

/** The job at its end, or as it is after `timeoutS` seconds. */
export async function follow(context: Context, client: JobClient, id: string, timeoutS?: number): Promise<JobView> {
  const { output, signal } = context;
  const started = performance.now();
  let latest: JobView | undefined;
  let told = false;
  const redraw = (): void => {
    if (latest !== undefined) output.status(`${statusText(latest)} · ${Math.floor((performance.now() - started) / 1000)} s`);
  };
  const onJob = (job: JobView): void => {
    latest = job;
    if (job.status === 'waiting' && !told) {
      told = true;
      output.note(`${job.job_id} waits for a person: dewar approve ${job.job_id}`);
    }
  };
  const timer = output.live ? setInterval(redraw, redrawMs) : undefined;
  try {
    const last = await client.wait(id, { signal, onJob, pollS: output.live ? 2 : 25, ...(timeoutS !== undefined && { timeoutMs: timeoutS * 1000 }) });
    if (!hasEnded(last.status)) output.note(`${id} goes on: dewar wait ${id}`);
    return last;
  } catch (error) {
    if (error instanceof Interrupted) output.note(`${id} goes on without this terminal. To stop it: dewar cancel ${id}. To see it: dewar wait ${id}`);
    throw error;
  } finally {
    clearInterval(timer);
    output.status('');
  }
}

function statusText(job: JobView): string {
  const { progress } = job;
  if (job.status === 'running' && progress !== undefined && progress.total > 0) {
    return `running on ${job.device.name} · ${progress.done} of ${progress.total} shots (${Math.floor((progress.done / progress.total) * 100)}%)`;
  }
  if (job.status === 'waiting') return 'waiting for a person';
  return `${job.status} on ${job.device.name}${job.queue === undefined ? '' : `, ${escape(placeText(job.queue), 200)}`}`;
}
