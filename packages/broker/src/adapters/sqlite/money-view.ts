// Reads of money: budgets, what was spent of them, what was prevented, and a session's habits on QPUs.
import type { SQLInputValue } from 'node:sqlite';
import { makeId, type BudgetChange } from '@dewar/protocol';
import type { Budget } from '../../core/budget.ts';
import type { HabitLook, Habits, View } from '../../core/ports.ts';

type All = (sql: string, ...values: SQLInputValue[]) => Record<string, unknown>[];
type MoneyView = Pick<View, 'budgets' | 'spent' | 'prevented' | 'budgetChanges' | 'habits'>;

const told: Readonly<Record<string, BudgetChange['what']>> = { 'budget.set': 'set', 'budget.removed': 'removed', 'budget.warned': 'warned', 'budget.overrun': 'overrun', 'budget.thawed': 'thawed' };

/** So many of the newest completed jobs say what is usual. */
const usualOf = 20;

export function moneyViewOf(all: All): MoneyView {
  return {
    budgets: async () => all('SELECT data FROM budgets ORDER BY id').map((row) => JSON.parse(String(row['data'])) as Budget),
    spent: async (scope, name, period) => all('SELECT currency, reserved, settled FROM spent WHERE scope = ? AND name = ? AND period = ? ORDER BY currency', scope, name, period)
      .map((row) => ({ currency: String(row['currency']), reserved: Number(row['reserved']), settled: Number(row['settled']) })),
    prevented: async (month) => {
      const rows = all('SELECT currency, jobs, micros FROM prevented WHERE month = ? ORDER BY currency', month);
      return { month, jobs: rows.reduce((sum, row) => sum + Number(row['jobs']), 0), amounts: rows.map((row) => ({ currency: String(row['currency']), micros: Number(row['micros']) })) };
    },
    budgetChanges: async (limit) => [...changes(all, limit, "<> 'budget.warned'"), ...changes(all, limit, "= 'budget.warned'")].toSorted((a, b) => b.seq - a.seq).map(({ at, id, what, text }) => ({ at, id, what, text })),
    habits: async (session: string, { code, device, since }: HabitLook): Promise<Habits> => ({
      ranBefore: all("SELECT 1 FROM jobs WHERE code = ? AND device_kind = 'qpu' AND outcome = 'completed' LIMIT 1", code).length > 0,
      knowsDevice: all("SELECT 1 FROM jobs WHERE session = ? AND device_kind = 'qpu' AND outcome = 'completed' AND data ->> '$.resolved.device.name' = ? LIMIT 1", session, device).length > 0,
      amounts: all("SELECT data ->> '$.resolved.amount.currency' AS currency, data ->> '$.resolved.amount.micros' AS micros FROM jobs WHERE session = ? AND device_kind = 'qpu' AND outcome = 'completed' AND data ->> '$.resolved.device.name' = ? ORDER BY id DESC LIMIT ?", session, device, usualOf)
        .flatMap(({ currency, micros }) => (typeof currency === 'string' ? [{ currency, micros: Number(micros) }] : [])),
      recent: Number(all('SELECT count(*) AS n FROM jobs WHERE session = ? AND id >= ?', session, makeId('job', Date.parse(since), new Uint8Array(7)))[0]?.['n']),
    }),
  };
}

/** An event names one budget, or a list of them. */
function namesIn(budget: string): string {
  return budget.startsWith('[') ? (JSON.parse(budget) as string[]).join(', ') : budget === 'null' ? '' : budget;
}

/** Warnings apart: a session that reserves and cancels makes them at will, and must not push out who set what. */
function changes(all: All, limit: number, type: string): readonly (BudgetChange & { readonly seq: number })[] {
  const sql = `SELECT seq, type, time, body ->> 'summary' AS text, coalesce(body ->> '$.budget.id', body ->> '$.budget', body ->> '$.budgets') AS budget FROM events INDEXED BY events_of_budget WHERE type GLOB 'budget.*' AND type NOT IN ('budget.reserved', 'budget.settled', 'budget.released') AND type ${type} ORDER BY seq DESC LIMIT ?`;
  return all(sql, limit).flatMap((row) => {
    const what = told[String(row['type'])];
    return what === undefined ? [] : [{ seq: Number(row['seq']), at: String(row['time']), id: namesIn(String(row['budget'])), what, text: String(row['text']) }];
  });
}
