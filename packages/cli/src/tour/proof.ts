// Step 6: every receipt is checked, by the broker's own journal and by a program that needs no broker.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { verifyReceipt } from '@dewar/receipt';
import { many, shortDigest } from '../job-text.ts';
import { row, type Line } from '../line.ts';
import { unexpected, type Receipt, type Scene } from './scene.ts';
import { dewar, project } from './places.ts';

const run = promisify(execFile);
const atOnce = 2;

export async function proof(scene: Scene, keyFile: string): Promise<void> {
  const { context: { control, signal }, keep, receipts, stage, trust } = scene;
  await stage.step('Every receipt is verified');
  for (const { bytes } of receipts) verifyReceipt(bytes, { receiptKeys: [trust.receipt_pem] });
  await stage.during(() => `verifying ${many(receipts.length, 'receipt')}`, inBatches(receipts, (receipt) => verifyApart(receipt, keyFile, signal)));
  stage.say(`Each of the ${receipts.length} receipts verifies, here and with dewar verify, which runs in a process of its own with no broker, only the public key:`);
  stage.lines(['', ...receipts.map(line), '']);
  const [first] = receipts;
  if (first !== undefined) stage.command(keep.verifyCommand(first.file));
  const report = await control.verifyJournal({ signal });
  if (!report.ok) throw unexpected('a journal that verifies', report.problems.join('; '));
  stage.lines(row('Journal', `verifies: ${many(report.size, 'event')}, root ${report.root.slice(0, 20)}…`, stage.columns));
  stage.command(dewar('journal', 'verify'));
}

function line({ file, verified: { predicate } }: Receipt): Line {
  const { outcome } = predicate;
  const how = outcome.kind === 'denied' ? `denied by ${outcome.by}` : outcome.kind === 'completed' ? `completed, results ${shortDigest(outcome.results)}` : outcome.kind;
  return [{ text: 'verified', tone: 'good' }, `  ${(file.split('/').at(-1) ?? '').replace('.sigstore.json', '').padEnd(26)}  ${how}`];
}

/** Rejects when it does not verify. */
async function verifyApart({ file }: Receipt, keyFile: string, signal: AbortSignal): Promise<void> {
  // The environment of a stranger with the same cache of compiled code.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => name === 'PATH' || name === 'HOME' || name === 'XDG_CACHE_HOME'));
  await run(process.execPath, [`${project}/bin/dewar.mjs`, 'verify', file, '--key', keyFile, '--json'], { signal, env }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw unexpected(`${file} to verify`, error instanceof Error ? error.message : String(error));
  });
}

async function inBatches<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += atOnce) await Promise.all(items.slice(start, start + atOnce).map(act));
}

