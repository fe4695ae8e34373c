// The practice QPU's calibration file is read strictly.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parseCalibration, practiceCalibration } from '../src/index.ts';
import { pathBetween } from '../src/calibration.ts';

const file = readFileSync(new URL('../calibration/practice-qpu.json', import.meta.url), 'utf8');
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('the calibration file', () => {
  it('is dated and says that it is practice', () => {
    const { device, date, qubits, note, practice } = practiceCalibration();
    assert.deepEqual([device, date, qubits.length, practice], ['practice-qpu', '2026-11-02', 16, true]);
    assert.match(note, /No hardware/);
  });

  for (const [what, from, to] of [
    ['a probability above 1', '"gate_error": 0.000525', '"gate_error": 1.000525'],
    ['a negative probability', '"gate_error": 0.000525', '"gate_error": -0.1'],
    ['a date that is none', '2026-11-02', '2026-02-30'],
    ['a name that does not say practice', '"device": "practice-qpu"', '"device": "heron"'],
    ['a claim that it is real', '"practice": true', '"practice": false'],
    ['a pair of qubits that are not there', '"pair": [14, 15]', '"pair": [14, 16]'],
    ['a pair twice', '"pair": [0, 4]', '"pair": [0, 1]'],
    ['a pair the wrong way round', '"pair": [0, 4]', '"pair": [4, 0]'],
    ['a qubit that nothing reaches', '"pair": [12, 13]', '"pair": [4, 13]'],
    ['an unknown field', '"note"', '"notes"'],
  ] as const) {
    it(`is refused with ${what}`, () => {
      assert.ok(file.includes(from));
      let text = file.replace(from, to);
      if (what === 'a qubit that nothing reaches') text = text.replace('"pair": [8, 12]', '"pair": [8, 13]');
      assert.throws(() => parseCalibration(bytes(text)), { code: 'config_invalid' });
    });
  }

  it('is refused when it is not JSON', () => assert.throws(() => parseCalibration(bytes(file.slice(1))), { code: 'json_syntax' }));

  it('has shortest paths, the same both ways in length', () => {
    const calibration = practiceCalibration();
    assert.deepEqual(pathBetween(calibration, 5, 5), [5]);
    for (let a = 0; a < 16; a += 1) for (let b = 0; b < 16; b += 1) assert.equal(pathBetween(calibration, a, b)?.length, pathBetween(calibration, b, a)?.length);
  });
});
