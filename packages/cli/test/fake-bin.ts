// Stands in for the broker's bin in tests of `up`: answers status, keys and shutdown, or fails as the file `mode` in its home says.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fakeBroker } from '@dewar/client/test/fake-broker';
import { sampleStatus } from '@dewar/client/test/samples';

const home = process.env['DEWAR_HOME'] ?? '';
const mode = readFileSync(join(home, 'mode'), 'utf8');
writeFileSync(join(home, 'seen.json'), JSON.stringify({ env: process.env, execArgv: process.execArgv, cwd: process.cwd(), pid: process.pid }));
const stop = (): void => process.exit(0);
if (mode === 'dies') {
  process.stderr.write('the \u001b[2Jreason\n');
  process.exit(78);
}
if (mode === 'refuses') {
  process.stderr.write('2026-11-23T07:00:00Z {"error":{"code":"config_invalid","message":"backends.json: not JSON","fix":"mend it"}}\n');
  process.exit(78);
}
process.on('SIGTERM', stop);
rmSync(join(home, 'run', 'control.sock'), { force: true });
await fakeBroker({
  'GET /v1/status': { ...sampleStatus, pid: process.pid, home: mode === 'elsewhere' ? '/another/state' : join(home, 'state') },
  'GET /v1/keys': { receipt_pem: `pem of ${mode}`, checkpoint_vkey: `vkey of ${mode}` },
  'POST /v1/shutdown': () => { setTimeout(stop, 50); return {}; },
}, join(home, 'run', 'control.sock'));
