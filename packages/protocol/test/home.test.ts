// Where a broker lives: any environment gives absolute folders and sockets that the system can bind.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { controlSocket, homeOf, sessionNamePattern, sessionSocket, type HomeEnvironment } from '../src/index.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();
const at = (env: HomeEnvironment['env'], more: Partial<HomeEnvironment> = {}) => homeOf({ env, uid: 1000, userHome: '/home/ada', tmp: '/tmp', sha256, ...more });

test('DEWAR_HOME holds everything, else the XDG folders do, else their defaults', () => {
  assert.deepEqual(at({ DEWAR_HOME: '/d', XDG_STATE_HOME: '/x' }), { state: '/d/state', config: '/d/config', run: '/d/run' });
  assert.deepEqual(at({ XDG_STATE_HOME: '/x/s', XDG_CONFIG_HOME: '/x/c', XDG_RUNTIME_DIR: '/run/user/1000' }), { state: '/x/s/dewar', config: '/x/c/dewar', run: '/run/user/1000/dewar' });
  const plain = at({});
  assert.deepEqual([plain.state, plain.config], ['/home/ada/.local/state/dewar', '/home/ada/.config/dewar']);
  assert.match(plain.run, /^\/tmp\/dewar-1000-[0-9a-f]{12}$/);
});

test('a relative XDG folder is ignored, as the XDG specification asks; an empty one too', () => {
  assert.deepEqual(at({ XDG_STATE_HOME: 'x', XDG_CONFIG_HOME: './c', XDG_RUNTIME_DIR: 'r', DEWAR_HOME: '' }), at({}));
});

test('a relative DEWAR_HOME is refused: it would name another broker in every folder', () => {
  for (const path of ['dewar', './d', '~/d']) assert.throws(() => at({ DEWAR_HOME: path }), { code: 'home_invalid', allowed: 'a path that begins with /' });
});

test('one folder spelt with more slashes is one home', () => {
  const long = `/home/ada/${'x'.repeat(100)}`;
  assert.deepEqual(at({ DEWAR_HOME: `/${long}//` }), at({ DEWAR_HOME: long }));
});

test('different homes and users with long paths have different socket folders', () => {
  const long = `/home/ada/${'x'.repeat(100)}`;
  const runs = [at({ DEWAR_HOME: `${long}a` }), at({ DEWAR_HOME: `${long}b` }), at({ DEWAR_HOME: `${long}a` }, { uid: 0 })].map((home) => home.run);
  assert.equal(new Set(runs).size, 3);
});

test('property: no home, user, temporary folder or session name makes a socket path of 108 bytes or more', () => {
  const folder = fc.string({ unit: fc.constantFrom('a', '/', 'é', '😀', ' '), maxLength: 150 }).map((text) => `/${text}`);
  fc.assert(fc.property(fc.option(folder, { nil: undefined }), fc.option(folder, { nil: undefined }), folder, fc.nat(2 ** 32 - 2), (own, runtime, tmp, uid) => {
    const home = at({ DEWAR_HOME: own, XDG_RUNTIME_DIR: runtime }, { tmp, uid });
    for (const path of [controlSocket(home), sessionSocket(home, 'n'.repeat(32))]) {
      assert.ok(path.startsWith('/'));
      assert.ok(Buffer.byteLength(path) < 108, path);
    }
  }), { numRuns: 1_000 });
});

test('a session name is a single safe path step', () => {
  for (const name of ['default', 'a', 'ci-7', 'n'.repeat(32)]) assert.match(name, sessionNamePattern);
  for (const name of ['', '.', '..', '-x', 'A', 'a/b', 'a b', 'a\n', 'n'.repeat(33), 'é']) assert.doesNotMatch(name, sessionNamePattern);
});

test('an absolute HOME is the user\'s home, else the password database\'s', () => {
  assert.equal(at({ HOME: '/h' }).state, '/h/.local/state/dewar');
  assert.equal(at({ HOME: '/h/' }).config, '/h/.config/dewar');
  assert.deepEqual(at({ HOME: 'relative' }), at({}));
});
