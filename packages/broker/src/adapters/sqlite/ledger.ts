// The ledger's writes: each reservation under its job, and the same money summed under every name and period it counts for.
import type { DatabaseSync } from 'node:sqlite';
import { canonicalJson, type JobId, type Json, type Money } from '@dewar/protocol';
import { accountsOf, periodOf, type Payer } from '../../core/budget.ts';
import type { Job } from '../../core/job.ts';
import type { Reservation } from '../../core/ports.ts';

const periods = ['day', 'month', 'total'] as const;

/** What changes in a sum, in millionths. */
interface Change {
  readonly reserved: number;
  readonly settled: number;
}

export function reserveIn(db: DatabaseSync, job: JobId, { day, amount, payer }: Reservation): void {
  db.prepare('INSERT INTO ledger(job_id, day, currency, reserved, settled, payer) VALUES (?, ?, ?, ?, 0, ?)').run(job, day, amount.currency, amount.micros, canonicalJson(payer as unknown as Json));
  addTo(db, payer, day, amount.currency, { reserved: amount.micros, settled: 0 });
}

/** Throws when the job has no reservation in that currency. */
export function settleIn(db: DatabaseSync, job: JobId, charged: Money): void {
  const line = db.prepare('SELECT day, reserved, settled, payer FROM ledger WHERE job_id = ? AND currency = ?').get(job, charged.currency);
  if (line === undefined) throw new TypeError(`job ${job} has no reservation in ${charged.currency}`);
  db.prepare('UPDATE ledger SET reserved = 0, settled = ? WHERE job_id = ?').run(charged.micros, job);
  const payer = JSON.parse(String(line['payer'])) as Payer;
  addTo(db, payer, String(line['day']), charged.currency, { reserved: -Number(line['reserved']), settled: charged.micros - Number(line['settled']) });
}

function addTo(db: DatabaseSync, payer: Payer, day: string, currency: string, { reserved, settled }: Change): void {
  const add = db.prepare('INSERT INTO spent(scope, name, period, currency, reserved, settled) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT(scope, name, period, currency) DO UPDATE SET reserved = reserved + excluded.reserved, settled = settled + excluded.settled');
  for (const [scope, name] of accountsOf(payer)) for (const per of periods) add.run(scope, name, periodOf(per, day), currency, reserved, settled);
}

/** A priced job that was refused: what was not paid for it. The sum stops at the largest safe integer: agents may ask for any amount. */
export function preventIn(db: DatabaseSync, job: Job): void {
  const { amount } = job.resolved;
  if (amount === null || !('outcome' in job) || job.outcome.kind !== 'denied') return;
  db.prepare(`INSERT INTO prevented(month, currency, jobs, micros) VALUES (?, ?, 1, ?) ON CONFLICT(month, currency) DO UPDATE SET jobs = jobs + 1, micros = min(micros + excluded.micros, ${Number.MAX_SAFE_INTEGER})`).run(periodOf('month', job.ended), amount.currency, amount.micros);
}

/** The sums as the ledger's lines make them, by `scope/name/period/currency`: what the table must hold. */
export function sumsOf(lines: Iterable<{ readonly day: string; readonly currency: string; readonly reserved: number; readonly settled: number; readonly payer: Payer }>): Map<string, Change> {
  const sums = new Map<string, Change>();
  for (const { day, currency, reserved, settled, payer } of lines) {
    for (const [scope, name] of accountsOf(payer)) {
      for (const per of periods) {
        const key = `${scope}/${name}/${periodOf(per, day)}/${currency}`;
        const before = sums.get(key) ?? { reserved: 0, settled: 0 };
        sums.set(key, { reserved: before.reserved + reserved, settled: before.settled + settled });
      }
    }
  }
  return sums;
}
