// The manual page: complete, and safe from what a text could mean to roff.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import fc from 'fast-check';
import { environment } from '../src/about.ts';
import { exitMeanings } from '../src/exit.ts';
import { manPage, roff } from '../src/man-page.ts';
import { Output } from '../src/output.ts';
import { programOf } from '../src/program.ts';

const silent = new Output({ stdout: { write() {} }, stderr: { write() {} }, env: {}, json: false });
const program = programOf({ output: silent, run: async () => {}, version: '9.8.7' });
const page = manPage(program);

test('the page has every verb, option, example, exit code and variable of the tree', () => {
  const visit = (command: Command, words: string): void => {
    for (const { long } of command.options) if (long !== undefined) assert.ok(page.includes(`\\fB${roff(long)}\\fR`), `${words} ${long}`);
    for (const child of command.commands) visit(child, `${words} ${child.name()}`);
    if (command.commands.length > 0) return;
    assert.ok(page.includes(`\\fB${roff(words)}\\fR`), words);
    assert.ok(page.includes(`\n$ ${words}`), `no example of ${words}`);
  };
  visit(program, 'dewar');
  for (const [code, meaning] of exitMeanings) assert.ok(page.includes(`.TP\n\\fB${code}\\fR\n${roff(meaning)}\n`), meaning);
  for (const [name] of environment) assert.ok(page.includes(`.TP\n\\fB${name}\\fR\n`), name);
  assert.match(page, /^\.TH DEWAR 1 \S+ "dewar 9\.8\.7" "Dewar"\n/);
  for (const section of ['NAME', 'SYNOPSIS', 'OPTIONS', 'VERBS', 'EXIT STATUS', 'ENVIRONMENT', 'FILES', 'EXAMPLES']) assert.ok(page.includes(`\n.SH ${section}\n`), section);
});

test('printing the page leaves the help as it was', () => {
  let shown = '';
  const own = programOf({ output: new Output({ stdout: { write: (text: string) => { shown += text; } }, stderr: { write() {} }, env: {}, json: false }), run: async () => {}, version: '1' });
  manPage(own);
  assert.equal(shown, '');
  own.commands[0]?.outputHelp();
  assert.match(shown, /^Usage: dewar/);
});

test('no text becomes a request, an escape or a second line', () => {
  fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('.sy touch x', "'sy x", '\\fBx', 'a\n.sy x', '\\', '.', 'é')), (text) => {
    const made = roff(text);
    assert.match(made, /^[ -~]*$/);
    assert.doesNotMatch(made, /^[.']/);
    assert.doesNotMatch(made.replace(/\\(?:e|-|&|\((?:aq|ga|ha|ti|dq)|\[u[0-9A-F]{4,6}\])/g, ''), /\\/);
  }));
  const hostile = new Command('dewar').version('1');
  hostile.command('x').description(`${'word '.repeat(20)}.sy touch PWNED ${'word '.repeat(20)}\n.sy x`).option("--'x <y>", '.so /etc/passwd');
  for (const line of manPage(hostile).split('\n')) if (line.startsWith('.') || line.startsWith("'")) assert.match(line, /^\.(TH|SH|SS|TP|PP|RS|RE|nf|fi)\b/);
});
