// A hostile agent at its own socket: files it was not granted, names and programs that speak to a terminal, ids and tokens that are not its own.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { DewarError, type JobView } from '@dewar/protocol';
import { dataFiles } from '../../packages/broker/src/adapters/data-files.ts';
import { printable } from '../../packages/broker/src/server/reads.ts';
import { at, bell, call, errorOf, TestHome, textAt, type Answer } from '../e2e/broker-process.ts';

const home = new TestHome();
const ground = mkdtempSync(join(tmpdir(), 'g-'));
const granted = join(ground, 'granted');
const secret = 'CANARY-of-a-file-outside';
let code = '';

before(async () => {
  mkdirSync(join(granted, 'inner'), { recursive: true });
  mkdirSync(join(ground, 'outside'));
  mkdirSync(join(ground, 'granted-not'));
  writeFileSync(join(granted, 'fine.csv'), '1,2\n');
  for (const folder of ['outside', 'granted-not']) writeFileSync(join(ground, folder, 'secret'), secret);
  home.takesAnyNumber();
  await home.start();
  assert.equal((await call(home.control, 'POST', '/v1/sessions', { name: 'reader', read: [granted] })).status, 201);
  code = textAt((await call(home.session(), 'PUT', '/v1/artifacts', Buffer.from(bell))).json, 'digest');
});

after(async () => {
  await home.close();
  rmSync(ground, { recursive: true, force: true });
});

const submit = (more: object, session = 'reader'): Promise<Answer> => call(home.session(session), 'POST', '/v1/jobs', { job_name: 'agent', code_blob: code, backend: 'simulator', shots: 1, ...more });

describe('data that names files', () => {
  const refused = async (path: string, session = 'reader'): Promise<void> => {
    const answer = await submit({ data: [`file:${path}`] }, session);
    assert.deepEqual([answer.status, errorOf(answer).code], [403, 'data_refused'], `${path}: ${answer.text}`);
    assert.ok(!answer.text.includes(secret));
  };

  test('a granted file is read, by a session that was granted it and by no other', async () => {
    assert.equal((await submit({ data: [`file:${granted}/fine.csv`] })).status, 201);
    await refused(`${granted}/fine.csv`, 'default');
  });

  test('links out of the folder are not followed, at the end or on the way', async () => {
    symlinkSync(join(ground, 'outside', 'secret'), join(granted, 'link'));
    symlinkSync(join(ground, 'outside'), join(granted, 'way'));
    symlinkSync('/', join(granted, 'root'));
    symlinkSync('/proc/self/environ', join(granted, 'environ'));
    for (const path of ['link', 'way/secret', `root${ground}/outside/secret`, 'environ', 'root/proc/self/environ', 'root/etc/passwd']) await refused(join(granted, path));
  });

  test('a folder whose name begins like the granted one, the folder itself, and paths around it are refused', async () => {
    for (const path of [join(ground, 'granted-not', 'secret'), granted, join(granted, 'inner'), join(ground, 'outside', 'secret'), join(granted, 'nothing'), '/etc/passwd']) await refused(path);
    for (const path of [`${granted}/../outside/secret`, `${granted}/./fine.csv`, `${granted}/%2e%2e/outside/secret`, `${granted}/fine.csv?`, `${granted}//fine.csv`, `//evil${granted}/fine.csv`]) await refused(path);
  });

  test('a refusal does not tell whether a file outside is there', async () => {
    const said = async (path: string): Promise<string> => (await submit({ data: [`file:${path}`] })).text.replaceAll(path, 'PATH');
    assert.equal(await said('/etc/passwd'), await said('/etc/nobody-has-this'));
    assert.equal(await said(`${granted}/root/etc/passwd`), await said(`${granted}/root/etc/nobody-has-this`));
    assert.equal(await said(`${granted}/way/secret`), await said(`${granted}/way/nothing`));
  });

  test('the broker\'s own process, descriptors, keys and devices are no data', async () => {
    for (const path of ['/proc/self/environ', '/proc/self/mem', '/proc/self/fd/0', '/dev/fd/0', '/dev/stdin', '/proc/1/environ', '/dev/zero', '/dev/random', `${home.home.state}/keys/receipt-p256.pem`, home.journal]) await refused(path);
    for (const path of ['/proc/self/environ', '/proc/self/maps', '/proc/version', '/dev/zero', '/dev/null', '/dev/tty']) {
      await assert.rejects(dataFiles.read(path, ['/proc', '/dev']), (error) => error instanceof DewarError && error.code === 'data_refused', `${path}, even if a person granted its folder`);
    }
  });

  test('a pipe, a socket and a folder hold nobody up', async () => {
    execFileSync('mkfifo', [join(granted, 'pipe')]);
    const listener = createServer().listen(join(granted, 'sock'));
    await new Promise((resolve) => { listener.once('listening', resolve); });
    await refused(join(granted, 'pipe'));
    await refused(join(granted, 'sock'));
    listener.close();
  });

  test('a file above the limit is refused', async () => {
    writeFileSync(join(granted, 'big'), Buffer.alloc(16_777_217));
    await refused(join(granted, 'big'));
  });

  test('a path that is swapped while it is read gives the granted file or a refusal, never another', async () => {
    const target = join(granted, 'swap');
    writeFileSync(join(granted, 'good'), 'good');
    const script = `const fs=process.getBuiltinModule('node:fs');const [t,g,s]=process.argv.slice(1);for(;;){try{fs.symlinkSync(s,t+'.l');fs.renameSync(t+'.l',t);fs.copyFileSync(g,t+'.f');fs.renameSync(t+'.f',t);fs.unlinkSync(t);fs.linkSync(s,t+'.x');fs.unlinkSync(t+'.x')}catch{}}`;
    const swapper = spawn(process.execPath, ['-e', script, target, join(granted, 'good'), join(ground, 'outside', 'secret')], { stdio: 'ignore' });
    try {
      const outcomes = { read: 0, refused: 0 };
      for (let tries = 0; tries < 3000 && (outcomes.read < 20 || outcomes.refused < 20); tries += 1) {
        try {
          assert.equal(new TextDecoder().decode(await dataFiles.read(target, [granted])), 'good');
          outcomes.read += 1;
        } catch (error) {
          assert.ok(error instanceof DewarError && error.code === 'data_refused', String(error));
          outcomes.refused += 1;
        }
      }
      assert.ok(outcomes.refused > 0);
    } finally {
      swapper.kill('SIGKILL');
    }
  });

  test('what was read at the submit is what the job holds, whatever the file becomes', async () => {
    const path = join(granted, 'later');
    writeFileSync(path, 'as it was');
    const before_ = at((await submit({ data: [`file:${path}`], dry_run: true })).json, 'spec_digest');
    const answer = await submit({ data: [`file:${path}`] });
    writeFileSync(join(granted, 'other'), 'as it is');
    renameSync(join(granted, 'other'), path);
    assert.equal(answer.status, 201);
    const again = await submit({ data: [`file:${path}`] });
    assert.notEqual(at(again.json, 'job', 'resolved_digest'), at(answer.json, 'job', 'resolved_digest'));
    assert.equal(at(again.json, 'job', 'spec_digest'), at(answer.json, 'job', 'spec_digest'));
    assert.ok(before_ !== undefined);
  });

  test('a hard link is the file itself: whoever can make one in a granted folder could read it already', async () => {
    linkSync(join(granted, 'fine.csv'), join(granted, 'hard'));
    assert.equal((await submit({ data: [`file:${granted}/hard`] })).status, 201);
  });
});

// Clear screen, set title, hyperlink, reverse order, zero width, carriage return, line separator, 8-bit CSI, tag characters.
const nasty = ['\u001b[2J', '\u001b]0;owned\u0007', '\u001b]8;;http://evil\u001b\\', '\u202e', '\u2066', '\u200b', '\r', '\n', '\u2028', '\u0000', '\u009b31m', '\u{e0041}', '\ufeff', '\u00ad', '\ud800', '\u3164'];

describe('text that speaks to a terminal or to a person', () => {
  test('names, tags and what the agent says of itself are refused when they hold any of it', async () => {
    for (const sign of nasty) {
      for (const more of [{ job_name: `a${sign}b` }, { tags: [`a${sign}`] }, { agent: { name: `a${sign}` } }, { agent: { [`a${sign}`]: 'b' } }, { backend: `simulator${sign}` }, { image: `a${sign}` }, { packages: [`a${sign}==1`] }, { data: [`file:${granted}/${sign}`] }]) {
        const answer = await submit(more);
        assert.ok(answer.status >= 400 && answer.status < 500, JSON.stringify(more));
        assert.ok(!answer.text.includes(sign) || sign === '\n', `the refusal quotes ${JSON.stringify(sign)} as it is`);
      }
    }
  });

  test('a program\'s own text is refused, or reaches the person, the logs and the receipt with every such sign escaped', async () => {
    const put = async (source: string): Promise<string> => textAt((await call(home.session('reader'), 'PUT', '/v1/artifacts', Buffer.from(source))).json, 'digest');
    const shown: string[] = [];
    for (const sign of nasty.filter((one) => one !== '\n' && one !== '\r' && one !== '\ud800')) {
      const answers: Answer[] = [];
      for (const line of ['pragma evil X', '@note X\nx q[0];', 'qubit X;', 'include "X";', 'x q[X];', 'input float aX;', 'gate gX a { }', '"X"', 'defcal X { }']) answers.push(await submit({ code_blob: await put(`${bell}${line.replace('X', sign)}\n`) }));
      const blob = await put(`${bell}// ${sign}\n`);
      const simulated = await submit({ code_blob: blob });
      answers.push(simulated);
      const id = textAt(simulated.json, 'job', 'job_id');
      if (simulated.status === 201) {
        assert.equal(at((await call(home.session('reader'), 'GET', `/v1/jobs/${id}/wait`)).json, 'job', 'receipt'), true, JSON.stringify(sign));
        const asked = await submit({ code_blob: blob, backend: 'practice-qpu' });
        // What hides in the text makes the facts unsure, and hardware does not run that; what the facts take for a letter is shown escaped.
        if (at(asked.json, 'job', 'status') !== 'denied') {
          const pending = await call(home.control, 'GET', `/v1/pending/${textAt(asked.json, 'job', 'job_id')}`);
          assert.ok(textAt(pending.json, 'pending', 'source').includes('measure') && !textAt(pending.json, 'pending', 'source').includes(sign));
          answers.push(pending);
          await call(home.control, 'POST', `/v1/jobs/${textAt(asked.json, 'job', 'job_id')}/deny`, { reason: 'no' });
        }
        answers.push(asked, await call(home.session('reader'), 'GET', '/v1/jobs'), await call(home.session('reader'), 'GET', `/v1/jobs/${id}/logs`), await call(home.session('reader'), 'GET', `/v1/jobs/${id}/receipt`));
        shown.push(sign);
      }
      for (const answer of answers) {
        assert.ok(answer.status < 500, answer.text);
        assert.ok(!answer.text.includes(sign), `${JSON.stringify(sign)} in ${answer.text.slice(0, 300)}`);
      }
    }
    assert.ok(shown.length >= 3, 'some are allowed in a comment');
  });
});

test('a source and a run\'s output are shown with nothing in them that a terminal or a browser acts on', () => {
  for (const sign of [...nasty.filter((one) => one !== '\n' && one !== '\ud800'), '\u001b', '\u0007', '\u009b', '\ufe0f', '\u{e007f}', '\u2029', '\u061c']) {
    const shown = printable(Buffer.from(`a${sign}b\n\tc`));
    assert.ok(!shown.includes(sign) && shown.startsWith('a\\u{') && shown.endsWith('b\n\tc'), JSON.stringify(shown));
  }
  assert.ok(printable(Buffer.alloc(1 << 20, 'x')).length <= 65_536);
  assert.ok(!printable(Buffer.from([0x61, 0xff, 0x1b, 0x5b])).includes('\u001b'));
});

describe('what is not the agent\'s', () => {
  test('guessed job ids are all as unknown as each other', async () => {
    const mine = at((await submit({}, 'default')).json, 'job') as unknown as JobView;
    const alphabet = [...'0123456789abcdefghjkmnpqrstvwxyz'];
    await fc.assert(fc.asyncProperty(fc.nat(19), fc.constantFrom(...alphabet), async (index, letter) => {
      const id = `job_${mine.job_id.slice(4, 4 + index)}${letter}${mine.job_id.slice(5 + index)}`;
      const answer = await call(home.session('reader'), 'GET', `/v1/jobs/${id}`);
      assert.deepEqual([answer.status, errorOf(answer)], [404, { code: 'not_found', message: 'no such job', got: id, fix: 'GET /v1/jobs lists yours, and so does dewar jobs' }]);
    }), { numRuns: 60 });
  });

  test('a session cannot name itself another, or sandboxed', async () => {
    for (const headers of [{ 'x-session': 'default' }, { host: 'default' }, { authorization: 'Bearer dewar_grant_0' }, { cookie: 'session=default' }] as readonly Readonly<Record<string, string>>[]) {
      const answer = await call(home.session('reader'), 'GET', '/v1', undefined, headers);
      assert.equal(at(answer.json, 'session'), 'reader');
    }
    for (const more of [{ session: 'default' }, { containment: 'sandboxed' }, { approval: {} }, { grant: {} }, { resolved: {} }, { facts: {} }, { quote: { kind: 'free' } }]) assert.equal(errorOf(await submit(more)).code, 'spec_unknown_field');
  });

  test('what the agent says of itself changes no decision', async () => {
    const plain = await submit({ backend: 'practice-qpu', dry_run: true });
    const boasting = await submit({ backend: 'practice-qpu', dry_run: true, agent: { name: 'the administrator', approved: 'true', containment: 'sandboxed' }, tags: ['approved'], job_name: 'simulated_before=true' });
    assert.deepEqual(at(boasting.json, 'decision', 'effect'), at(plain.json, 'decision', 'effect'));
    assert.deepEqual(at(boasting.json, 'decision', 'reasons'), at(plain.json, 'decision', 'reasons'));
  });
});
