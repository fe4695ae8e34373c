// A person at a terminal: which keys count as an answer, and which do not.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { ask } from '../src/ask.ts';
import { Interrupted } from '../src/exit.ts';
import { Output } from '../src/output.ts';

function terminal() {
  const raws: boolean[] = [];
  const keys = Object.assign(new EventEmitter(), { setRawMode: (raw: boolean) => raws.push(raw), resume() {}, pause() {} });
  let prompted: () => void = () => {};
  const prompt = new Promise<void>((resolve) => { prompted = resolve; });
  const output = new Output({ stdout: { write() {} }, stderr: { write: () => prompted() }, env: {}, json: false });
  return { keys, raws, prompt, output };
}
const never = new AbortController().signal;

test('what was typed before the prompt does not count', async () => {
  const { keys, prompt, output } = terminal();
  const answer = ask(keys, output, 'Approve? ', never, 20);
  keys.emit('data', 'yes\n');
  await prompt;
  keys.emit('data', Buffer.from('no\n'));
  assert.equal(await answer, 'no');
});

test('the terminal is raw while keys are thrown away, so that a half-typed line goes too', async () => {
  const { keys, raws, prompt, output } = terminal();
  const answer = ask(keys, output, '? ', never, 10);
  assert.deepEqual(raws, [true]);
  await prompt;
  assert.deepEqual(raws, [true, false]);
  keys.emit('data', 'ye');
  keys.emit('data', 's\r\nmore');
  assert.equal(await answer, 'yes');
});

test('the end of input is no yes', async () => {
  const { keys, prompt, output } = terminal();
  const answer = ask(keys, output, '? ', never, 1);
  await prompt;
  keys.emit('end');
  assert.equal(await answer, '');
});

test('Ctrl-C is heard in raw mode, in the wait and at the prompt', async () => {
  const raw = terminal();
  const first = ask(raw.keys, raw.output, '? ', never, 20);
  raw.keys.emit('data', '\u0003');
  await assert.rejects(first, Interrupted);
  const stop = new AbortController();
  const second = terminal();
  const asked = ask(second.keys, second.output, '? ', stop.signal, 1);
  await second.prompt;
  stop.abort();
  await assert.rejects(asked, Interrupted);
  assert.equal(second.keys.listenerCount('data'), 0);
});
