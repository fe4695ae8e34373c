// Where a job can run, what it would cost and meet there, and what may still be spent.
import { formatMoney, type BudgetView } from '@dewar/protocol';
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

const money = z.string();
export const budget = tool({
  name: 'budget', title: 'What may still be spent', annotations: reading,
  description: "What may still be spent today, and on one job at most. It is the broker's budget, shared by all its sessions; it cannot be changed from here.",
  input: z.strictObject({}),
  output: z.object({ day: z.string(), remaining: money, day_limit: money, reserved: money, settled: money, job_limit: money, frozen: z.boolean() }),
  run: async (_given, { client, signal }) => {
    const value = budgetTold(await client.budget({ signal }));
    return { value, text: lines(`${value.remaining} of ${value.day_limit} left on ${value.day} (UTC); one job at most ${value.job_limit}.`, value.frozen ? 'Frozen: nothing is spent until a person has looked.' : undefined) };
  },
});

function budgetTold(view: BudgetView) {
  return {
    day: said(view.day, 10), remaining: moneyText(view.day_remaining), day_limit: moneyText(view.day_limit), reserved: moneyText(view.day_reserved), settled: moneyText(view.day_settled),
    job_limit: moneyText(view.job_limit), frozen: view.frozen,
  };
}
