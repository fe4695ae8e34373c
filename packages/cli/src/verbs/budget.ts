// `dewar budget`: what may be spent, by whom, over what time; set, removed and thawed by the person.
import { budgetKeyOf, budgetPeriods, budgetScopes, DewarError, microsFrom, shown, type BudgetKey } from '@dewar/protocol';
import { InvalidArgumentError } from 'commander';
import { budgetTable, oneBudgetLines, preventedText } from '../budget-text.ts';
import type { Context } from '../context.ts';
import { usage } from '../exit.ts';
import { row, table } from '../line.ts';
import { amount, example, type Verb } from '../verb.ts';

// Every verb takes a budget by the one name that tables, refusals and the journal call it by: whose money, over what time, in what currency, none of them left out by mistake.
const budgetArgument = ['<budget>', 'SCOPE/PER/CURRENCY, such as project:alpha/month/EUR'] as const;

export const budget: Verb = (program, run) => {
  const group = program.command('budget').description('what may be spent: by all, or by one user, project, session or backend');
  group.command('show', { isDefault: true })
    .description('show what is left of each budget, as `dewar budget` alone does')
    .addHelpText('after', example('dewar budget show', 'dewar budget show --json'))
    .action(() => run(show));
  group.command('set')
    .description('set a budget, or change its limit; every budget that a job counts in must hold it')
    .argument(...budgetArgument)
    .argument('<limit>', 'the most, in units of that currency', amount)
    .option('--warn <percents>', 'percent of the limit at which it warns, or none (default: 50,80,95)', percents)
    .addHelpText('after', `\nSCOPE is all, ${budgetScopes.slice(1).map((scope) => `${scope}:NAME`).join(', ')}.\nPER is ${budgetPeriods.join(', ')}; days and months are UTC.\n${example('dewar budget set all/day/XTS 50', 'dewar budget set project:alpha/month/EUR 200 --warn 80,95')}`)
    .action((id: string, limit: string, options: { warn?: readonly number[] }) => run(async (context) => {
      const { control, output, signal } = context;
      const key = keyOf(id);
      const doubt = await doubtOf(key, context);
      const view = await control.setBudget(key, microsFrom(limit), { ...(options.warn !== undefined && { warn_at: options.warn }), signal });
      output.answer({ budget: view }, () => oneBudgetLines(view, output.columns));
      if (doubt !== null) output.note(doubt);
    }));
  group.command('remove')
    .description('remove a budget: it limits nothing any more')
    .argument(...budgetArgument)
    .addHelpText('after', example('dewar budget remove project:alpha/month/EUR'))
    .action((id: string) => run(async ({ control, output, signal }) => {
      await control.removeBudget(id, { signal });
      output.answer({ removed: id }, () => [`${id} removed`]);
    }));
  group.command('thaw')
    .description('let go of the budgets that a bill above its reservation froze: these, or all')
    .argument('[budget...]', 'budgets by name')
    .addHelpText('after', example('dewar budget thaw', 'dewar budget thaw all/day/XTS'))
    .action((ids: readonly string[]) => run(async ({ control, output, signal }) => {
      const thawed = await control.thawBudgets(ids, { signal });
      output.answer({ thawed }, () => [thawed.length === 0 ? 'no budget was frozen' : `thawed: ${thawed.join(', ')}; money may be reserved again`]);
    }));
  group.command('history')
    .description('show how budgets changed, newest first')
    .addHelpText('after', example('dewar budget history'))
    .action(() => run(async ({ control, output, signal }) => {
      const changes = await control.budgetHistory({ signal });
      const rows = changes.map(({ at, what, id, text }) => [at.slice(0, 16).replace('T', ' '), what, id, text]);
      output.answer({ changes }, () => (changes.length === 0 ? ['no budget has changed yet'] : table(['when (UTC)', 'what', 'budget', 'told'], rows, output.tableColumns)));
    }));
};

async function show({ control, session, env, output, signal }: Context): Promise<void> {
  // As for jobs: who was given a session's socket sees what that session sees.
  if (env['DEWAR_SOCKET']) {
    const budgets = await session.budgets({ signal });
    output.answer({ budgets }, () => (budgets.length === 0 ? ['no budget covers this session: priced jobs are denied'] : budgetTable(budgets, output.tableColumns)));
    return;
  }
  const { budgets, prevented } = await control.budgets({ signal });
  output.answer({ budgets, prevented }, () => [
    ...(budgets.length === 0 ? ['no budget is set, so priced jobs are denied: dewar budget set'] : budgetTable(budgets, output.tableColumns)),
    ...row('Prevented', preventedText(prevented), output.columns),
  ]);
}

/** Throws `usage_invalid`, with what would pass. */
function keyOf(id: string): BudgetKey {
  try {
    return budgetKeyOf(id);
  } catch (error) {
    if (!(error instanceof DewarError)) throw error;
    const { message, code: _, ...more } = error.toBody();
    throw usage(message, more);
  }
}

/** A budget of a name that nothing has counts nothing: set ahead, or a slip. Throws `usage_invalid` for an alias, which never counts. */
async function doubtOf({ scope, name, per, currency }: BudgetKey, { control, session, signal }: Context): Promise<string | null> {
  if (scope === 'project' || scope === 'session') {
    const all = await control.sessions({ signal });
    if (scope === 'session') return all.some((each) => each.name === name) ? null : `there is no session ${name} yet: dewar session create ${name}`;
    return all.some((each) => each.project === name) ? null : `no session is of project ${name} yet: dewar session set NAME --project ${name}`;
  }
  if (scope !== 'backend' || name === null) return null;
  const all = await session.backends({ signal });
  if (all.some((each) => each.name === name)) return null;
  const alias = all.find(({ aliases }) => aliases.includes(name));
  if (alias === undefined) return `there is no backend ${name} yet: dewar backends`;
  throw usage("jobs count under the device's own name, not an alias of it", { got: shown(name), allowed: alias.name, fix: `dewar budget set backend:${alias.name}/${per}/${currency} LIMIT` });
}

function percents(text: string): readonly number[] {
  const values = text === 'none' ? [] : text.split(',').map((each) => (/^\d{1,3}$/.test(each) ? Number(each) : 0));
  if (values.length <= 10 && values.every((value) => value >= 1 && value <= 100)) return values;
  throw new InvalidArgumentError('It must be at most 10 whole numbers from 1 to 100 with commas between, or none.');
}
