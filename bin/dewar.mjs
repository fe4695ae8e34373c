#!/usr/bin/env node
// The `dewar` command in a checkout: hands over to the CLI on Node 24, and never installs anything by itself.
import { fileURLToPath } from 'node:url';
import { mustBeInstalled, report, run } from '../scripts/bootstrap.mjs';

Promise.resolve()
  .then(() => {
    mustBeInstalled();
    return run(fileURLToPath(import.meta.url), 'packages/cli/src/main.ts', process.argv.slice(2));
  })
  .catch(report);
