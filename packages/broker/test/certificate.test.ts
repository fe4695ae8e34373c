// The TCP door's certificate: for this machine only, trusted as it is by what others wrote, made anew when it has to be.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { loadIdentity, makeIdentity, type IdentityFiles } from '../src/adapters/certificate.ts';
import { refusesWith } from './fixture.ts';

const now = Date.parse('2026-11-23T12:00:00.000Z');
const day = 86_400_000;
const uid = process.getuid?.() ?? 0;

function filesIn(t: TestContext): IdentityFiles {
  const folder = mkdtempSync(join(tmpdir(), 'dewar-pair-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return { pair: join(folder, 'pair.pem'), certificate: join(folder, 'certificate.pem') };
}

test('it names this machine and nothing else, is no authority, and lasts at most 397 days', async () => {
  const { certificatePem, privatePem, sha256 } = await makeIdentity(now);
  const read = new X509Certificate(certificatePem);
  assert.equal(read.subjectAltName, 'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1');
  for (const host of ['localhost', '127.0.0.1']) assert.ok(read.checkHost(host) ?? read.checkIP(host), host);
  for (const host of ['example.org', 'localhost.example.org', 'Dewar TCP door']) assert.equal(read.checkHost(host), undefined);
  assert.equal(read.ca, false);
  assert.deepEqual(read.keyUsage, ['1.3.6.1.5.5.7.3.1']);
  assert.ok(read.verify(read.publicKey) && createPublicKey(privatePem).equals(read.publicKey));
  assert.equal(read.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
  assert.ok(read.validFromDate.getTime() <= now && read.validToDate.getTime() - read.validFromDate.getTime() === 397 * day);
  assert.equal(read.fingerprint256.replaceAll(':', '').toLowerCase(), sha256);
  assert.notEqual((await makeIdentity(now)).sha256, sha256);
});

test('OpenSSL takes it strictly for a server of this machine, and for no certificate that its key signed', { skip: spawnSync('openssl', ['version']).status === 0 ? false : 'no openssl here' }, async (t) => {
  const { pair, certificate } = filesIn(t);
  await loadIdentity({ pair, certificate }, uid, Date.now());
  const openssl = (...args: string[]): number | null => spawnSync('openssl', args, { stdio: 'ignore' }).status;
  assert.equal(openssl('verify', '-x509_strict', '-purpose', 'sslserver', '-verify_hostname', 'localhost', '-CAfile', certificate, certificate), 0);
  assert.equal(openssl('verify', '-x509_strict', '-purpose', 'sslserver', '-verify_ip', '127.0.0.1', '-CAfile', certificate, certificate), 0);
  const [request, other] = [`${certificate}.csr`, `${certificate}.other`];
  assert.equal(openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${certificate}.key`, '-subj', '/CN=example.org', '-out', request), 0);
  assert.equal(openssl('x509', '-req', '-in', request, '-CA', certificate, '-CAkey', pair, '-set_serial', '1', '-out', other), 0);
  assert.notEqual(openssl('verify', '-purpose', 'sslserver', '-CAfile', certificate, other), 0);
});

test('the pair is kept until it is near its end, and only its owner can read the key', async (t) => {
  const files = filesIn(t);
  const first = await loadIdentity(files, uid, now);
  assert.equal(statSync(files.pair).mode & 0o777, 0o600);
  assert.equal(readFileSync(files.certificate, 'utf8'), first.certificatePem);
  assert.ok(!readFileSync(files.certificate, 'utf8').includes('PRIVATE'));
  assert.deepEqual(await loadIdentity(files, uid, now + 300 * day), first);
  const renewed = await loadIdentity(files, uid, now + 380 * day);
  assert.notEqual(renewed.sha256, first.sha256);
  assert.equal(readFileSync(files.certificate, 'utf8'), renewed.certificatePem);
});

test('a damaged pair is made anew, a changed copy of the certificate is put right, and a key that others can read is refused', async (t) => {
  const files = filesIn(t);
  const first = await loadIdentity(files, uid, now);
  writeFileSync(files.certificate, 'not it');
  assert.deepEqual(await loadIdentity(files, uid, now), first);
  assert.equal(readFileSync(files.certificate, 'utf8'), first.certificatePem);
  const other = await makeIdentity(now);
  for (const text of ['', 'rubbish', first.privatePem, first.certificatePem, other.privatePem + first.certificatePem, first.privatePem.replace(/\n.{8}/, '\nAAAAAAAA') + first.certificatePem]) {
    writeFileSync(files.pair, text);
    const made = await loadIdentity(files, uid, now);
    assert.ok(createPublicKey(made.privatePem).equals(new X509Certificate(made.certificatePem).publicKey));
    assert.notEqual(made.sha256, first.sha256);
  }
  chmodSync(files.pair, 0o640);
  await assert.rejects(loadIdentity(files, uid, now), refusesWith('home_invalid'));
});
