// `dewar policy`: the rules by which jobs are decided, as files that a person checks, tries on what was decided, and puts in force.
import { example, jobArgument, wholeNumber, type Verb } from '../verb.ts';

const pathArgument = ['[path]', "a folder or a .rego file (default: your own policy, else Dewar's)"] as const;
const most = 1_000_000_000;

/** What they do is loaded when they do it: OPA's engine is nothing that other verbs need. */
export const policy: Verb = (program, run) => {
  const group = program.command('policy').description('the rules by which jobs are decided');
  group.command('list')
    .description('list the policies that come with Dewar')
    .addHelpText('after', example('dewar policy list'))
    .action(() => run(async (context) => (await import('../policy/list.ts')).list(context)));
  group.command('use')
    .description('make one of them your own, to edit, and put it in force')
    .argument('<name>', 'a policy that comes with Dewar: dewar policy list')
    .option('--force', 'also where you have edited yours, which is kept beside')
    .addHelpText('after', example('dewar policy use lab'))
    .action((name: string, options: { force?: boolean }) => run(async (context) => (await import('../policy/use.ts')).use(context, name, options)));
  group.command('check')
    .description('check a policy: its rules, its data, its cases as they are written')
    .argument(...pathArgument)
    .addHelpText('after', example('dewar policy check', 'dewar policy check ./stricter'))
    .action((path: string | undefined) => run(async (context) => (await import('../policy/check.ts')).check(context, path)));
  group.command('test')
    .description('check a policy, and run its cases and tests')
    .argument(...pathArgument)
    .addHelpText('after', example('dewar policy test'))
    .action((path: string | undefined) => run(async (context) => (await import('../policy/test.ts')).test(context, path)));
  group.command('fmt')
    .description("bring a policy's files into OPA's own form")
    .argument(...pathArgument)
    .option('--check', 'write nothing: list what would change, and exit 1 if anything would')
    .addHelpText('after', example('dewar policy fmt', 'dewar policy fmt ./stricter --check'))
    .action((path: string | undefined, options: { check?: boolean }) => run(async (context) => (await import('../policy/fmt.ts')).format(context, path, options)));
  group.command('show')
    .description('show the policy in force, and why your files are not, if so')
    .option('--source', 'its rules in full')
    .addHelpText('after', example('dewar policy show', 'dewar policy show --source'))
    .action((options: { source?: boolean }) => run(async (context) => (await import('../policy/show.ts')).show(context, options)));
  group.command('diff')
    .description('decide past jobs again with another policy, and show what changes')
    .argument('<new>', 'a folder, a .rego file, or the name of a policy that comes with Dewar')
    .option('--last <n>', 'how many jobs, the newest first', wholeNumber(1, most), 1000)
    .option('--show <n>', 'how many of the changed ones to show', wholeNumber(0, 100_000), 20)
    .option('--exit-code', 'exit 1 if anything changes')
    .addHelpText('after', example('dewar policy diff ./stricter', 'dewar policy diff lab --last 100000 --exit-code'))
    .action((name: string, options: { last: number; show: number; exitCode?: boolean }) => run(async (context) => (await import('../policy/diff.ts')).diff(context, name, options)));
  group.command('explain')
    .description('show why a job was decided as it was, and decide it again')
    .argument(...jobArgument)
    .option('--input', 'all of what the policy saw')
    .addHelpText('after', example('dewar policy explain last'))
    .action((ref: string, options: { input?: boolean }) => run(async (context) => (await import('../policy/explain.ts')).explain(context, ref, options)));
};
