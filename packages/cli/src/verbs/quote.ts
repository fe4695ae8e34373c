// `dewar quote`: what a circuit would cost at most, on every device that has a price.
import { formatMoney, limits, mostPoints, type DeviceQuote } from '@dewar/protocol';
import { readNamed } from '../files.ts';
import { many, moneyText } from '../job-text.ts';
import { table, type Line } from '../line.ts';
import { example, wholeNumber, type Verb } from '../verb.ts';

interface QuoteOptions {
  readonly shots?: number;
  readonly points?: number;
  readonly timeLimit?: number;
  readonly all?: boolean;
}

export const quote: Verb = (program, run) => {
  program.command('quote')
    .description('compare what a circuit would cost on every device that has a price')
    .argument('<circuit>', 'an OpenQASM 2 or 3 file')
    .option('--shots <n>', 'how often to run it, each point of a sweep (default: 1024)', wholeNumber(1, limits.shots))
    .option('--points <n>', 'points of a sweep (default: 1)', wholeNumber(1, mostPoints))
    .option('--time-limit <seconds>', 'most seconds it may run, which devices that charge by time go by (default: 60)', wholeNumber(1, limits.time_limit_s))
    .option('--all', 'also devices that have no price for it or cannot run it, and why')
    .addHelpText('after', example('dewar quote bell.qasm --shots 1000', 'dewar quote bell.qasm --shots 1000 --time-limit 3 --all'))
    .action((circuit: string, { shots, points, timeLimit, all = false }: QuoteOptions) => run(async ({ session, output, signal }) => {
      const { digest } = await session.putArtifact(await readNamed(circuit, limits.program_bytes), { signal });
      const answer = await session.quotes(digest, { ...(shots !== undefined && { shots }), ...(points !== undefined && { points }), ...(timeLimit !== undefined && { time_limit_s: timeLimit }) }, { signal });
      const can = answer.quotes.filter(({ why_not }) => why_not === null);
      const cannot = answer.quotes.filter(({ why_not }) => why_not !== null);
      output.answer(all ? answer : { ...answer, quotes: can }, () => [
        ...table(['device', 'at most', 'dated', 'configured', 'basis'], can.map(cells), output.tableColumns),
        ...(all && cannot.length > 0 ? ['', ...table(['not for this program', 'why'], cannot.map((each) => [each.device, each.why_not ?? '']), output.tableColumns)] : []),
      ]);
      output.note(...notes(answer.facts.confidence, can, all ? 0 : cannot.length));
    }));
};

function cells({ device, free, amount, converted, basis, dated, outdated, configured }: DeviceQuote): readonly string[] {
  const price = free ? 'free' : amount === null ? '' : moneyText(amount);
  return [device, converted === null ? price : `${price} = ${formatMoney(converted.amount)}`, dated === null ? '' : `${dated}${outdated ? ' OUTDATED' : ''}`, configured ? 'yes' : 'no', basis ?? ''];
}

function notes(confidence: string, can: readonly DeviceQuote[], left: number): Line[] {
  const rates = [...new Set(can.flatMap(({ converted }) => (converted === null ? [] : [converted.rate])))];
  return [
    ...(confidence === 'exact' ? [] : [confidence === 'unknown' ? 'its gates cannot be counted: devices that charge by the gate have no price for it' : 'its gates are an upper bound: so are these prices']),
    ...(rates.length === 0 ? [] : [`by the rates: ${rates.join('; ')}`]),
    ...(left === 0 ? [] : [`${many(left, 'more device')} that cannot be chosen for it: --all says why`]),
    ...(can.some(({ outdated }) => outdated) ? ['some prices are outdated: dewar prices outdated'] : []),
  ];
}
