// The one place that prints: streams, colours, JSON and the status line.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DewarError } from '@dewar/protocol';
import { width } from '../src/escape.ts';
import { Output } from '../src/output.ts';

function sinks({ tty = false, json = false, env = {} }: { tty?: boolean; json?: boolean; env?: Record<string, string> } = {}) {
  const written = { out: '', err: '' };
  const output = new Output({
    stdout: { isTTY: tty, columns: 80, write: (text) => { written.out += text; } }, stderr: { isTTY: tty, columns: 80, write: (text) => { written.err += text; } }, env, json,
  });
  return { output, written };
}

test('no line of untrusted text reaches a stream unescaped', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
    const { output, written } = sinks({ tty: true, env: { NO_COLOR: '1' } });
    output.answer({}, () => [text, [{ text, tone: 'bad' }]]);
    output.note(text);
    output.failure(new DewarError({ code: 'internal', message: text, got: text, fix: text, path: text, allowed: text }));
    assert.doesNotMatch((written.out + written.err).replaceAll('\n', ''), /[\p{C}\p{Zl}\p{Zp}]/u);
  }));
});

test('colours only on a terminal, and not with NO_COLOR', () => {
  const say = (options: Parameters<typeof sinks>[0]): string => {
    const { output, written } = sinks(options);
    output.answer({}, () => [[{ text: 'x', tone: 'good' }]]);
    return written.out;
  };
  assert.equal(say({ tty: true }), '\u001b[32mx\u001b[0m\n');
  assert.equal(say({ tty: true, env: { NO_COLOR: '1' } }), 'x\n');
  assert.equal(say({ tty: true, env: { TERM: 'dumb' } }), 'x\n');
  assert.equal(say({}), 'x\n');
});

test('with --json there is one document, notes are silent and an error is {error}', () => {
  const { output, written } = sinks({ json: true });
  output.note('hello');
  output.answer({ a: '\u001b\u009b\u202e' }, () => ['lines']);
  output.failure(new DewarError({ code: 'denied', message: 'no' }));
  assert.deepEqual(JSON.parse(written.out), { a: '\u001b\u009b\u202e' });
  assert.doesNotMatch(written.out.replaceAll('\n', ''), /[\p{C}]/u);
  assert.deepEqual(JSON.parse(written.err), { error: { code: 'denied', message: 'no' } });
});

test('the status line is silent in a pipe and cleared before other lines on a terminal', () => {
  const piped = sinks();
  piped.output.status('working');
  assert.equal(piped.written.err, '');
  const { output, written } = sinks({ tty: true });
  output.status('working\u001b[2J');
  output.note('said');
  output.status('');
  assert.match(written.err, /working\\u\{1b\}\[2J\r\u001b\[2Ksaid\n/);
  assert.ok(written.err.endsWith('\r\u001b[2K'));
});

test('a terminal that says it has no columns is taken for one of 80', () => {
  let err = '';
  const output = new Output({ stdout: { isTTY: true, columns: 0, write() {} }, stderr: { isTTY: true, columns: 0, write: (text) => { err += text; } }, env: {}, json: false });
  output.status('working');
  assert.match(err, / working$/);
  assert.equal(output.columns, 80);
});

test('a failure is wrapped to the terminal, under itself; a pipe gets each line whole', () => {
  const body = { code: 'internal', message: 'm '.repeat(60).trim(), got: 'x'.repeat(100), allowed: 'a '.repeat(60).trim(), fix: '漢'.repeat(60) } as const;
  const terminal = sinks({ tty: true, env: { NO_COLOR: '1' } });
  terminal.output.failure(new DewarError(body));
  const lines = terminal.written.err.trimEnd().split('\n');
  for (const line of lines) assert.ok(width(line) <= 80, line);
  assert.match(terminal.written.err, /^error: m m/);
  assert.match(terminal.written.err, /^ {2}got {5}x{70}\n {10}x{30}$/m);
  const piped = sinks();
  piped.output.failure(new DewarError(body));
  assert.equal(piped.written.err.trimEnd().split('\n').length, 4);
  assert.match(piped.written.err, new RegExp(`^  got     ${body.got}$`, 'm'));
});

test('an unknown throw is an internal error, not a stack', () => {
  const { output, written } = sinks();
  output.failure(new TypeError('boom'));
  assert.match(written.err, /^error: boom \(internal\)\n {2}fix {5}dewar doctor\n$/);
});
