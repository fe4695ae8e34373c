// `dewar backends`: where a job can run, and at what price.
import { deviceWord } from '../job-text.ts';
import { table } from '../line.ts';
import { example, type Verb } from '../verb.ts';

export const backends: Verb = (program, run) => {
  program.command('backends')
    .description('list where a job can run, and the prices')
    .addHelpText('after', example('dewar backends'))
    .action(() => run(async ({ session, output, signal }) => {
      const list = await session.backends({ signal });
      const rows = list.map((backend) => [backend.name, deviceWord(backend), String(backend.max_qubits), backend.aliases.join(', '), backend.price, backend.description]);
      output.answer({ backends: list }, () => table(['backend', 'kind', 'qubits', 'aliases', 'price', ''], rows, output.tableColumns));
    }));
};
