// Checks the policies under policies/ with the OPA that comes along, and compiles the default one; see scripts/build-policy.ts.
import { fileURLToPath } from 'node:url';
import { ensure, report, run } from './bootstrap.mjs';

ensure()
  .then(() => run(fileURLToPath(import.meta.url), 'scripts/build-policy.ts', process.argv.slice(2)))
  .catch(report);
