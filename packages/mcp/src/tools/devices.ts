// Where a job can run, what it would cost and meet there, and what may still be spent.
import { formatMicros, formatMoney, practiceCurrency, type BudgetView } from '@dewar/protocol';
import type { SubmitAnswer } from '@dewar/protocol';
import { z } from 'zod';
import { parametersOrSweep, specBytes, specInputs, type SpecGiven } from '../inputs.ts';
import { deviceKind, factsOutput, factsText, factsTold, priceText, reasonLine, reasonsTold, reasonSchema } from '../job-told.ts';
import { lines, moneyText, said } from '../said.ts';
import { reading, tool, type Call } from '../tool.ts';

const mostBackends = 64;

export const listBackends = tool({
  name: 'list_backends', title: 'List backends', annotations: reading,
  description: 'Where a job can run: simulators (free, no person is asked), practice hardware (a simulation with prices in practice money) and hardware, with size and price.',
  input: z.strictObject({}),
  output: z.object({
    backends: z.array(z.object({ name: z.string(), kind: z.enum(['simulator', 'practice hardware', 'hardware']), max_qubits: z.number(), aliases: z.array(z.string()), description: z.string(), price: z.string() })),
    left_out: z.number(),
  }),
  run: async (_given, { client, signal }) => {
    const all = await client.backends({ signal });
    const backends = all.slice(0, mostBackends).map((backend) => ({
      name: said(backend.name, 64), kind: deviceKind(backend), max_qubits: backend.max_qubits, aliases: backend.aliases.slice(0, 16).map((alias) => said(alias, 64)),
      description: said(backend.description, 300), price: said(backend.price, 200),
    }));
    return {
      value: { backends, left_out: all.length - backends.length },
      text: backends.map(({ name, kind, max_qubits, aliases, price }) => `${name}${aliases.length > 0 ? ` (also ${aliases.join(', ')})` : ''}: ${kind}, up to ${max_qubits} qubits, ${price}`).join('\n'),
    };
  },
});

const asked = z.strictObject({ ...specInputs, parameters: parametersOrSweep.exactOptional() });
const estimateOutput = z.object({
  backend: z.string(), device_kind: z.enum(['simulator', 'practice hardware', 'hardware']), price: z.string(), amount: z.string().nullable().meta({ description: 'The most it can cost; null where it is free.' }), facts: factsOutput,
});

type DryRun = Extract<SubmitAnswer, { dry_run: true }>;

async function dryRun(given: SpecGiven, { client, agent, signal }: Call): Promise<DryRun> {
  const answer = await client.submit(await specBytes(client, given, agent, signal, true), { signal });
  if (!answer.dry_run) throw new Error('a dry run was answered as a submit');
  return answer;
}

function estimateOf({ device, quote, facts }: DryRun): z.output<typeof estimateOutput> {
  return { backend: said(device.name, 64), device_kind: deviceKind(device), price: priceText(quote), amount: quote.kind === 'free' ? null : formatMoney(quote.amount), facts: factsTold(facts) };
}

export const estimate = tool({
  name: 'estimate', title: 'Estimate price and size', annotations: reading,
  description: 'What a job would cost at most, and what the broker reads in its program: qubits, depth, gates, whether a simulator can run it. Nothing is submitted.',
  input: asked, output: estimateOutput,
  run: async (given, call) => {
    const value = estimateOf(await dryRun(given, call));
    return { value, text: lines(`On ${value.backend} (${value.device_kind}): ${value.price}.`, factsText(value.facts)) };
  },
});

export const check = tool({
  name: 'check', title: 'Check without submitting', annotations: reading,
  description: 'A dry run: whether policy would allow the job, ask a person, or deny it, with the narrowest change that would pass. Nothing is submitted and nobody is asked.',
  input: asked,
  output: z.object({ decision: z.enum(['allow', 'ask', 'deny']), reasons: z.array(reasonSchema), ...estimateOutput.shape }),
  run: async (given, call) => {
    const answer = await dryRun(given, call);
    const reasons = reasonsTold(answer.decision);
    const value = { decision: answer.decision.effect, reasons, ...estimateOf(answer) };
    const verdict = { allow: 'It would run without asking anybody.', ask: 'A person would be asked.', deny: 'It would be denied.' }[value.decision];
    return { value, text: lines(`${verdict} On ${value.backend} (${value.device_kind}): ${value.price}.`, ...reasons.map(reasonLine), factsText(value.facts)) };
  },
});

const mostBudgets = 64;
const budgetOutput = z.object({
  budget: z.string(), per: z.enum(['job', 'day', 'month', 'total']), period: z.string(), limit: z.string(), remaining: z.string().nullable().meta({ description: 'Null where money of a currency without a rate of today was spent.' }),
  reserved: z.string().nullable(), settled: z.string().nullable(), frozen: z.boolean(),
});

export const budget = tool({
  name: 'budget', title: 'What may still be spent', annotations: reading,
  description: "What may still be spent of each budget that this session's jobs may count in. Every one that a job counts in must hold it: a backend's counts only jobs there, practice money and real money are apart. They may be shared with other sessions, and cannot be changed from here.",
  input: z.strictObject({}),
  output: z.object({ budgets: z.array(budgetOutput), left_out: z.number(), frozen: z.boolean().meta({ description: 'At least one of them is frozen.' }) }),
  run: async (_given, { client, signal }) => {
    const all = await client.budgets({ signal });
    // What is frozen or unknown must not fall off the end.
    const budgets = all.toSorted((a, b) => Number(b.frozen) - Number(a.frozen)).slice(0, mostBudgets).map(budgetTold);
    const value = { budgets, left_out: all.length - budgets.length, frozen: all.some(({ frozen }) => frozen) };
    return { value, text: budgets.length === 0 ? 'There is no budget for this session: jobs that cost money are denied. A person sets one.' : budgets.map(budgetText).join('\n') };
  },
});

function budgetTold(view: BudgetView): z.output<typeof budgetOutput> {
  const { id, per, period, limit, remaining_micros: left, currency, reserved, settled, frozen } = view;
  return {
    budget: said(id, 100), per, period: said(period, 10), limit: moneyText(limit), frozen,
    remaining: left === null ? null : `${formatMicros(left)} ${currency}${currency === practiceCurrency ? ' (practice money)' : ''}`, reserved: reserved && moneyText(reserved), settled: settled && moneyText(settled),
  };
}

function budgetText({ budget: name, per, period, limit, remaining, frozen }: z.output<typeof budgetOutput>): string {
  if (frozen) return `${name}: frozen, nothing is spent until a person has looked.`;
  if (per === 'job') return `${name}: one job at most ${limit}.`;
  if (remaining === null) return `${name}: unknown, for there is no rate of today for what was spent; jobs that count in it are denied.`;
  return `${name}: ${remaining} of ${limit} left${per === 'total' ? '' : ` in ${period} (UTC)`}.`;
}
