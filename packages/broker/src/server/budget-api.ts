// The person's side of money on the control socket: budgets set, removed, thawed, and how they changed.
import { z } from 'zod';
import { budgetKeySchema, budgetWarningsSchema } from '@dewar/protocol';
import type { Budgets } from '../core/budgets.ts';
import { jsonBody, type App } from './door.ts';

const setSchema = z.strictObject({ budget: budgetKeySchema, limit_micros: z.int().nonnegative(), warn_at: budgetWarningsSchema.exactOptional() });
const removeSchema = z.strictObject({ budget: z.string().max(200) });
const thawSchema = z.strictObject({ budgets: z.array(z.string().max(200)).min(1).max(1000).exactOptional(), reason: z.string().min(1).max(500).exactOptional() });

/** Changes that are told at most. */
const mostChanges = 500;

export function addBudgets(app: App, budgets: Budgets): void {
  app.get('/v1/budgets', async (call) => call.json({ budgets: await budgets.show(null), prevented: await budgets.prevented() }));
  app.post('/v1/budgets', async (call) => {
    const { budget: key, ...rest } = await jsonBody(call, setSchema);
    return call.json({ budget: await budgets.set({ key, ...rest }) });
  });
  app.post('/v1/budgets/remove', async (call) => {
    const { budget } = await jsonBody(call, removeSchema);
    await budgets.remove(budget);
    return call.json({ budget });
  });
  app.post('/v1/budgets/thaw', async (call) => {
    const { budgets: ids, reason } = await jsonBody(call, thawSchema);
    return call.json({ thawed: await budgets.thaw(ids ?? null, reason ?? 'a person looked at the overrun') });
  });
  app.get('/v1/budgets/history', async (call) => call.json({ changes: await budgets.history(mostChanges) }));
}
