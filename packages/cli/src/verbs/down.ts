// `dewar down`: end the broker; what has not ended goes on at the next `up`.
import { setTimeout as sleep } from 'node:timers/promises';
import { DewarError } from '@dewar/protocol';
import type { Context } from '../context.ts';
import { exits, type ExitCode } from '../exit.ts';
import { example, type Verb } from '../verb.ts';

const stopMs = 20_000;

export const down: Verb = (program, run) => {
  program.command('down')
    .description('stop the broker')
    .addHelpText('after', example('dewar down'))
    .action(() => run(async (context) => {
      const { control, output, signal } = context;
      try {
        await control.shutdown({ signal });
      } catch (error) {
        if (!isGone(error)) throw error;
        output.answer({ stopped: false }, () => ['no broker was running']);
        return exits.ok;
      }
      return stopped(context);
    }));
};

async function stopped({ control, output, signal }: Context): Promise<ExitCode> {
  const started = performance.now();
  while (performance.now() - started < stopMs) {
    const gone = await control.status({ signal, timeoutMs: 2000 }).then(() => false, isGone);
    if (gone) {
      output.answer({ stopped: true }, () => ['down']);
      return exits.ok;
    }
    output.status('stopping the broker');
    await sleep(50, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
  throw new DewarError({ code: 'internal', message: 'the broker has not stopped', got: `it still answers after ${stopMs / 1000} s`, fix: 'dewar status shows its process id' });
}

function isGone(error: unknown): boolean {
  return error instanceof DewarError && error.code === 'not_running';
}
