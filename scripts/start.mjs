// `npm start`: installs what is missing, then shows the tour; arguments after `--` go to the tour.
import { fileURLToPath } from 'node:url';
import { ensure, report, run } from './bootstrap.mjs';

ensure()
  .then(() => run(fileURLToPath(import.meta.url), 'packages/cli/src/tour/main.ts', process.argv.slice(2)))
  .catch(report);
