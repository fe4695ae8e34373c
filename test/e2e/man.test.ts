// The manual page as the tools that read it see it: mandoc, groff and man find nothing wrong.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { after, test } from 'node:test';
import { missing, ShellPlace } from './shells.ts';

const place = new ShellPlace('/nowhere');
after(() => rmSync(place.folder, { recursive: true, force: true }));
const page = place.dewar('man');

function read(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): { readonly code: number | null; readonly said: string; readonly shown: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { input: page, encoding: 'utf8', timeout: 60_000, env: { ...place.env, ...env } });
  return { code: status, said: stderr, shown: stdout };
}

test('mandoc has no complaint about the page', { skip: missing('mandoc') }, () => {
  const { code, said, shown } = read('mandoc', ['-T', 'lint']);
  assert.deepEqual([code, said + shown], [0, '']);
});

test('groff with all warnings has no complaint about the page', { skip: missing('groff') }, () => {
  const { code, said } = read('groff', ['-man', '-ww', '-z']);
  assert.deepEqual([code, said], [0, '']);
});

test('dewar man | man -l - shows every section', { skip: missing('man') }, () => {
  const { code, said, shown } = read('man', ['-l', '-'], { MANPAGER: 'cat', MANROFFOPT: '-c' });
  assert.deepEqual([code, said], [0, '']);
  const plain = shown.replace(/.\u0008/g, '');
  for (const words of ['DEWAR(1)', 'NAME', 'SYNOPSIS', 'dewar session create', '--backend', 'EXIT STATUS', 'DEWAR_SOCKET', '$ dewar receipt last -o receipt.json']) assert.ok(plain.includes(words), words);
});
