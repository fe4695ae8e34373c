// Stands in for the broker's bin in tests of `up`: answers status, keys and shutdown, or fails as the file `mode` in its home says.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fakeBroker } from '../../client/test/fake-broker.ts';
import { sampleStatus } from '../../client/test/samples.ts';

const home = process.env['DEWAR_HOME'] ?? '';
const mode = readFileSync(join(home, 'mode'), 'utf8');
writeFileSync(join(home, 'seen.json'), JSON.stringify({ env: process.env, execArgv: process.execArgv, cwd: process.cwd(), pid: process.pid }));
if (mode === 'dies') {
  process.stderr.write('the \u001b[2Jreason\n');
  process.exit(78);
}
const stop = (): void => process.exit(0);
process.on('SIGTERM', stop);
rmSync(join(home, 'run', 'control.sock'), { force: true });
await fakeBroker({
  'GET /v1/status': { ...sampleStatus, pid: process.pid },
  'GET /v1/keys': { receipt_pem: `pem of ${mode}`, checkpoint_vkey: `vkey of ${mode}` },
  'POST /v1/shutdown': () => { setTimeout(stop, 50); return {}; },
}, join(home, 'run', 'control.sock'));
