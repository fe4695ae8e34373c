// What one program would cost on every device that has a price.
import { formatMoney, limits, mostPoints, specDefaults, type DeviceQuote } from '@dewar/protocol';
import { z } from 'zod';
import { codeOf, programInputs, timeLimitInput } from '../inputs.ts';
import { lines, moneyText, said } from '../said.ts';
import { reading, tool } from '../tool.ts';

const mostQuotes = 64;
const told = z.object({
  device: z.string(), configured: z.boolean().meta({ description: 'Jobs can be sent to it here.' }), backends: z.array(z.string()), price: z.string().nullable().meta({ description: 'The most it can cost; null where there is no price.' }),
  basis: z.string().nullable(), dated: z.string().nullable(), outdated: z.boolean(), why_not: z.string().nullable(),
});

export const quote = tool({
  name: 'quote', title: 'Compare prices', annotations: reading,
  description: 'What a program would cost at most on every device that has a price, the cheapest first, devices that are not configured here included. Nothing is submitted.',
  input: z.strictObject({
    ...programInputs,
    shots: z.int().min(1).max(limits.shots).meta({ description: `Shots of each point; ${specDefaults.shots} if left out.` }).exactOptional(),
    points: z.int().min(1).max(mostPoints).meta({ description: 'Points of a sweep; 1 if left out.' }).exactOptional(),
    time_limit_s: timeLimitInput.exactOptional(),
  }),
  output: z.object({ confidence: z.enum(['exact', 'upper-bound', 'unknown']), quotes: z.array(told), left_out: z.number() }),
  run: async ({ shots, points, time_limit_s, ...given }, { client, signal }) => {
    const size = { ...(shots !== undefined && { shots }), ...(points !== undefined && { points }), ...(time_limit_s !== undefined && { time_limit_s }) };
    const answer = await client.quotes(await codeOf(client, given, signal), size, { signal });
    const quotes = answer.quotes.slice(0, mostQuotes).map(quoteTold);
    return {
      value: { confidence: answer.facts.confidence, quotes, left_out: answer.quotes.length - quotes.length },
      text: lines(...quotes.map(({ device, price, basis, dated, outdated, configured, why_not }) => `${device}${configured ? '' : ' (not configured)'}: ${why_not ?? `${price ?? ''}${dated === null ? '' : ` (${basis ?? ''}; ${outdated ? 'OUTDATED prices' : 'prices'} of ${dated})`}`}`)),
    };
  },
});

function quoteTold({ device, configured, backends, free, amount, converted, basis, dated, outdated, why_not }: DeviceQuote): z.output<typeof told> {
  return {
    device: said(device, 64), configured, backends: backends.slice(0, 16).map((name) => said(name, 64)),
    price: free ? 'free' : amount === null ? null : `${moneyText(amount)}${converted === null ? '' : ` = ${formatMoney(converted.amount)}`}`,
    basis: basis === null ? null : said(basis, 200), dated: dated === null ? null : said(dated, 20), outdated, why_not: why_not === null ? null : said(why_not),
  };
}
