// `dewar prices`: the price list, and which of its lines are to be looked up again.
import type { PriceView } from '@dewar/protocol';
import { Argument } from 'commander';
import { usage } from '../exit.ts';
import { many } from '../job-text.ts';
import { row, table } from '../line.ts';
import { example, wholeNumber, type Verb } from '../verb.ts';

interface PricesOptions {
  readonly device?: string;
  readonly days?: number;
}

export const prices: Verb = (program, run) => {
  program.command('prices')
    .description('list what devices charge, since when and by which source')
    .addArgument(new Argument('[which]', 'only what is old: to be looked up again').choices(['outdated']))
    .option('--device <name>', 'one device, in full')
    .option('--days <n>', 'with outdated: older than so many days (default: 90)', wholeNumber(0, 36_500))
    .addHelpText('after', example('dewar prices --device braket-iqm-garnet', 'dewar prices outdated --days 30'))
    .action((which: string | undefined, { device, days: wanted }: PricesOptions) => run(async ({ session, output, signal }) => {
      if (wanted !== undefined && which === undefined) throw usage('--days goes with outdated', { got: `--days ${wanted}`, fix: `dewar prices outdated --days ${wanted}` });
      const days = wanted ?? 90;
      const all = await session.prices({ signal });
      const found = all.filter((line) => (device === undefined || line.device === device) && (which === undefined || line.lapsed || line.age_days > days));
      output.answer({ prices: found }, () => {
        if (found.length === 0) return [which === undefined ? device === undefined ? 'there are no price lines' : 'there is no price line for it' : `no price is older than ${many(days, 'day')}`];
        if (device !== undefined) return found.flatMap((line) => inFull(line, output.columns));
        return table(['device', 'dated', 'days', 'list', which === undefined ? 'price' : 'look it up'], found.map((line) => [line.device, line.dated, age(line), list(line), which === undefined ? priceOf(line) : line.source]), output.tableColumns);
      });
      if (which !== undefined && found.length > 0) output.note('write what you find into prices.json, dated and with its source: a line there comes before the catalogue\'s');
    }));
};

function priceOf({ price, program }: PriceView): string {
  return program === 'analog' ? `${price}; analog programs, not OpenQASM` : price;
}

function age({ age_days, lapsed }: PriceView): string {
  return lapsed ? `${age_days} LAPSED` : String(age_days);
}

/** Where the line is to be changed. */
function list({ shipped }: PriceView): string {
  return shipped ? 'catalogue' : 'prices.json';
}

function inFull(line: PriceView, columns: number) {
  const { device, provider, dated, valid_until, source, note, backends } = line;
  return [
    ...row('Device', provider === null ? device : `${device} (${provider})`, columns), ...row('Price', priceOf(line), columns),
    ...row('Dated', `${dated}, ${many(line.age_days, 'day')} ago${line.outdated ? ': OUTDATED' : ''}${valid_until === null ? '' : `; valid until ${valid_until}`}`, columns), ...row('Source', source, columns),
    ...(note === null ? [] : row('Note', note, columns)), ...row('List', list(line), columns), ...row('Backends', backends.join(', ') || 'none: it is not configured', columns),
  ];
}
