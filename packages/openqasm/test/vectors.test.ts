// The vectors under vectors/openqasm give the facts that they say.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { DewarError, type ProgramFacts } from '@dewar/protocol';
import { analyse } from '../src/index.ts';

interface Vector {
  readonly name: string;
  readonly source: string;
  /** All facts but `analyser` and `notes`, whose words may change. */
  readonly facts?: Omit<ProgramFacts, 'analyser' | 'notes'>;
  readonly error?: string;
}

const folder = new URL('../../../vectors/openqasm/', import.meta.url);

for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  for (const { name, source, facts, error } of JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as readonly Vector[]) {
    test(`${file}: ${name}`, () => {
      if (error !== undefined) {
        assert.throws(() => analyse(source), (thrown) => thrown instanceof DewarError && thrown.code === error && (error !== 'program_invalid' || /^\d+:\d+: /.test(thrown.message)));
        return;
      }
      const { analyser, notes, ...rest } = analyse(source);
      assert.deepEqual(rest, facts);
      assert.equal(analyser, 'openqasm/1.1.0');
      if (rest.confidence !== 'exact') assert.ok(notes.length > 0);
    });
  }
}
