// An agent that has only the help: what it says to type leads to results, in six calls at most.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { at, call, TestHome, textAt } from './broker-process.ts';

const home = new TestHome();
before(() => home.start());
after(() => home.close());

test('a session says where its help and its document are, and the help is docs/agents.md', async () => {
  const hello = await call(home.session(), 'GET', '/v1');
  assert.deepEqual([at(hello.json, 'help'), at(hello.json, 'openapi')], ['/v1/help', '/v1/openapi.json']);
  const help = await call(home.session(), 'GET', '/v1/help');
  assert.equal(help.text, readFileSync(new URL('../../docs/agents.md', import.meta.url), 'utf8'));
});

test('the numbered commands of the help, as they stand, reach results', { skip: spawnSync('curl', ['--version']).status === 0 ? false : 'no curl here' }, async () => {
  const help = (await call(home.session(), 'GET', '/v1/help')).text;
  const commands = [...help.matchAll(/`(d [^`]+)`/g)].map(([, command]) => command ?? '');
  assert.ok(commands.length >= 4 && commands.length <= 6, String(commands.length));
  const answers: string[] = [];
  for (const command of commands) {
    const [upload = '', submit = ''] = answers;
    const typed = command.replace('sha256:…', upload && textAt(JSON.parse(upload), 'digest')).replaceAll('JOB', submit && textAt(JSON.parse(submit), 'job', 'job_id'));
    const ran = spawnSync('bash', ['-c', `d() { curl -sS --unix-socket "$DEWAR_SOCKET" "$@"; }; B=http://dewar; ${typed}`], {
      encoding: 'utf8', cwd: fileURLToPath(new URL('../../examples/circuits', import.meta.url)), env: { PATH: process.env['PATH'], DEWAR_SOCKET: home.session() },
    });
    assert.equal(ran.status, 0, ran.stderr);
    answers.push(ran.stdout);
  }
  assert.equal(at(JSON.parse(answers[2] ?? ''), 'job', 'status'), 'completed', answers[2]);
  const counts = at(JSON.parse(answers[3] ?? ''), 'results', 'counts') as Readonly<Record<string, number>>;
  assert.equal(Object.values(counts).reduce((sum, count) => sum + count, 0), 1000);
});
