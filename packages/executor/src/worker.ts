// The child's worker thread: it may sit in a loop for ever, so it only computes, and the main thread beside it can always die.
import { parentPort } from 'node:worker_threads';
import { DewarError, type ErrorBody } from '@dewar/protocol';
import { openCompiler } from './simulation/compile.ts';
import { QirError } from './simulation/qir.ts';
import { simulatePoints } from './simulation/points.ts';
import { parentMessage } from './wire.ts';

/** Progress is told this often, and after a while each time that another hundredth of the time so far has passed. */
const progressIntervalMs = 100;

parentPort?.once('message', (line: unknown) => {
  void answer(String(line)).then((message) => parentPort?.postMessage(JSON.stringify(message)));
});

async function answer(line: string): Promise<object> {
  try {
    const message = parentMessage.parse(JSON.parse(line));
    if (message.type !== 'program') throw new Error('a program was expected');
    const { program } = message;
    const compiler = await openCompiler(program.seed);
    const began = performance.now();
    let told = began;
    const results = await simulatePoints(program, compiler, (done) => {
      const now = performance.now();
      if (now - told < Math.max(progressIntervalMs, (now - began) / 100)) return;
      told = now;
      parentPort?.postMessage(JSON.stringify({ type: 'progress', done, total: program.shots * program.points.length }));
    });
    return { type: 'results', ...results };
  } catch (error) {
    return { type: 'error', error: bodyOf(error) };
  }
}

function bodyOf(error: unknown): ErrorBody {
  if (error instanceof DewarError) {
    const { code, ...texts } = error.toBody();
    const { message, ...rest } = Object.fromEntries(Object.entries(texts).map(([key, value]) => [key, value.slice(0, 1000)]));
    return { code, message: message ?? '', ...rest };
  }
  const reason = error instanceof Error ? error.message : String(error);
  return {
    code: 'run_failed', message: `the simulation failed: ${reason.slice(0, 500) || 'no reason given'}`, got: error instanceof QirError ? 'unknown QIR' : 'an internal fault',
    fix: 'simplify the program; if it is plain OpenQASM, report it with the program',
  };
}
