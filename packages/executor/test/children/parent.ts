// A parent that is to be killed in the middle of a run: prints the child's pid once the engine is in its loop.
import { run } from '../../src/run.ts';
import { endless, factsOf, optionsOf, requestOf } from '../fixture.ts';

let pid = 0;
let told = false;
await run(optionsOf({
  timeLimitS: 600,
  redeem: async () => requestOf({ source: endless, shots: 1_000_000_000, facts: factsOf({ dynamic: true }) }),
  onStart: (started) => {
    pid = started;
  },
  onProgress: () => {
    if (told) return;
    told = true;
    process.stdout.write(`${pid}\n`);
  },
}));
