// `npm test`: installs what is missing, then runs every check and test; arguments after `--` go to scripts/run-tests.ts.
import { fileURLToPath } from 'node:url';
import { ensure, report, run } from './bootstrap.mjs';

ensure()
  .then(() => run(fileURLToPath(import.meta.url), 'scripts/run-tests.ts', process.argv.slice(2)))
  .catch(report);
