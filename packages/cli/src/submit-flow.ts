// What follows a submit: tell the decision, wait if asked, and show what came out.
import type { JobView, ResultsAnswer, SubmitAnswer } from '@dewar/protocol';
import type { Context } from './context.ts';
import { exitOfJob, exits, type ExitCode } from './exit.ts';
import { follow } from './follow.ts';
import { deviceWord, endLines, factLines, headLine, moneyText, queueLines, quoteText, reasonLines } from './job-text.ts';
import { row, type Line } from './line.ts';
import { resultLines } from './results-text.ts';

export interface WaitWish {
  readonly wait: boolean;
  /** Seconds. */
  readonly timeout?: number;
}

export async function afterSubmit(context: Context, answer: SubmitAnswer, wish: WaitWish): Promise<ExitCode> {
  const { output } = context;
  if (answer.dry_run) {
    output.answer(answer, () => dryRunLines(answer, output.columns));
    return answer.decision.effect === 'deny' ? exits.denied : exits.ok;
  }
  if (!wish.wait) {
    const { job } = answer;
    output.answer(answer, () => shortLines(job, output.columns));
    if (job.status === 'waiting') output.note(`a person decides: dewar approve ${job.job_id}`);
    return job.status === 'denied' ? exits.denied : exits.ok;
  }
  output.note(`submitted ${answer.job.job_id}`);
  const job = await follow(context, context.session, answer.job.job_id, wish.timeout);
  const results = job.status === 'completed' ? await context.session.results(job.job_id, { signal: context.signal }) : undefined;
  output.answer({ dry_run: false, job, ...(results !== undefined && { results }) }, () => outcomeLines(job, results, output.columns));
  if (job.receipt) output.note(`receipt: dewar receipt ${job.job_id} -o receipt.json && dewar verify receipt.json`);
  return exitOfJob(job);
}

export function outcomeLines(job: JobView, results: ResultsAnswer | undefined, columns: number): Line[] {
  return [...shortLines(job, columns), ...(results === undefined ? [] : resultLines(results.results, columns))];
}

/** A job in as few lines as say how it stands. */
export function shortLines(job: JobView, columns: number): Line[] {
  const decided = job.status === 'waiting' || job.denied?.by === 'policy' ? reasonLines(job.decision, columns) : [];
  return [headLine(job), ...(job.cost === undefined ? [] : row('Cost', moneyText(job.cost), columns)), ...queueLines(job, columns), ...endLines(job, columns), ...decided];
}

function dryRunLines(answer: Extract<SubmitAnswer, { dry_run: true }>, columns: number): Line[] {
  const { decision, device, facts, quote } = answer;
  return [
    [{ text: `dry run: ${decision.effect}`, tone: 'strong' }, ` on ${deviceWord(device)} ${device.name}; nothing was submitted`],
    ...factLines(facts, columns), ...row('Price', quoteText(quote), columns), ...reasonLines(decision, columns),
  ];
}
