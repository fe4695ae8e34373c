// Every policy under policies/ but the default, which has a file of its own: no misshapen input makes it milder, and no condition is idle.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { effectOf, folderOf, isValid, loaded, mildness, names, oneOfEach } from './library.ts';
import { at, misshapen, paths, type Path, type Plain } from './misshapen.ts';
import { unnoticedMutants } from './mutation.ts';

interface Expected {
  /** Fields that no rule reads, with all that is in them; by base, those that are read for another kind of device only. */
  readonly unread: readonly string[];
  readonly unreadFor: Readonly<Record<string, readonly string[]>>;
  /** Changes of a field that is read, after which the job is as good. */
  readonly harmless: RegExp;
  /** At least as many conditions are taken out in turn. */
  readonly conditions: number;
}

const nowhere = ['version', 'image', 'artifacts', 'program_digest', 'device.max_qubits', 'session.containment', 'quote.age_days', 'budgets', 'time.at', 'time.zone', 'time.minute', 'facts.qubits'];
const counts = ['analyser', 'language', 'clbits', 'physical_qubits', 'gates', 'operations', 'one_qubit_gates', 'two_qubit_gates', 'multi_qubit_gates', 'measurements', 'resets', 'depth', 'mid_circuit_measurement', 'dynamic', 'includes', 'notes', 'simulator_limit'].map((name) => `facts.${name}`);
const hardware = ['lane', 'time', 'anomalies', 'device.practice', 'quote.currency'];
const doubts = ['facts.confidence', 'facts.unbounded_loop', 'facts.pulse', 'facts.pragmas', 'facts.externs', 'facts.inputs'];

/** What each policy looks at. */
const expected: Readonly<Record<string, Expected>> = {
  minimal: {
    unread: [...nowhere, ...counts, ...hardware.filter((name) => name !== 'device.practice'), ...doubts, 'shots_per_point', 'points', 'time_limit_s', 'device.name', 'device.on_premises', 'on_premises_qpus', 'quote.kind', 'session', 'envelope', 'facts.simulated_before', 'facts.simulatable'],
    unreadFor: { simulator: ['max_cost', 'max_cost_micros', 'quote', 'device.practice'], qpu: ['device.kind'] },
    harmless: /^(shots|max_cost|max_cost_micros|quote\.amount_micros) with a fraction$/,
    conditions: 13,
  },
  ci: {
    unread: [...nowhere, ...counts, 'backend', 'device.on_premises', 'on_premises_qpus', 'session.user', 'facts.simulated_before', 'facts.simulatable'],
    unreadFor: { simulator: [...hardware, ...doubts, 'shots', 'max_cost', 'max_cost_micros', 'quote.amount_micros', 'device.name'], qpu: ['shots_per_point', 'quote.kind', 'time.weekday'] },
    harmless: /^max_cost with a fraction$/,
    conditions: 50,
  },
  lab: {
    unread: [...nowhere.filter((name) => !['budgets', 'session.containment'].includes(name)), ...counts, ...doubts, 'session.name'],
    unreadFor: {
      simulator: [...hardware, 'backend', 'shots', 'quote.amount_micros', 'device.name', 'device.on_premises', 'on_premises_qpus', 'session.containment', 'budgets', 'facts.simulated_before', 'facts.simulatable'],
      qpu: ['shots_per_point', 'quote.kind', 'facts.simulatable'], house: ['shots_per_point', 'quote.kind', 'facts.simulatable', 'on_premises_qpus'],
    },
    // Real money is any but XTS; a budget's name decides nothing; a job without a project counts for its user; device and backend are two names of one QPU.
    harmless: /^(max_cost with a fraction|quote\.currency as ""|budgets\.\d deleted|budgets\.\d\.(id|scope|name|per|currency|limit_micros) .*|session\.project as null|(backend|device\.name) .*)$/,
    conditions: 90,
  },
};

/** A field of the list, something in one, or something with nothing else in it. */
const within = (path: Path, base: Plain, fields: readonly string[]) => paths(at(base, path)).slice(1).map((inner) => [...path, ...inner]).concat([[...path]])
  .every((inner, _, all) => fields.some((field) => `${inner.join('.')}.`.startsWith(`${field}.`)) || (all.length > 1 && all.some((other) => other.length > inner.length && inner.every((key, index) => other[index] === key))));

test('each folder is a policy whose tests are here or in policy.test.ts', () => {
  assert.deepEqual(names, ['default', ...Object.keys(expected)].toSorted());
});

for (const [name, { unread, unreadFor, harmless, conditions }] of Object.entries(expected)) {
  describe(`a misshapen input to the policy ${name}`, () => {
    test('denies wherever a rule reads the field, without the schema', async () => {
      const { read: { bases }, policy } = await loaded(name);
      for (const [base, given] of Object.entries(bases)) {
        const before = effectOf(policy, given);
        assert.notEqual(before, 'deny', base);
        for (const { path, how, input } of misshapen(given as Plain)) {
          const effect = effectOf(policy, input);
          const what = `${path.join('.')} ${how}`;
          if (within(path, given as Plain, [...unread, ...(unreadFor[base] ?? [])]) || harmless.test(what)) assert.ok(effect === 'deny' || effect === before, `${base}: ${what} gives ${effect}`);
          else assert.equal(effect, 'deny', `${base}: ${what}`);
        }
      }
    });

    test('makes no case milder, where the schema would refuse it', async () => {
      const { read: { cases }, policy } = await loaded(name);
      for (const each of oneOfEach(cases)) {
        for (const { path, how, input } of misshapen(each.input as unknown as Plain)) {
          if (mildness[effectOf(policy, input)] > mildness[each.effect]) assert.ok(isValid(input), `${each.name}: ${path.join('.')} ${how}`);
        }
      }
    });

    test('no condition can be taken out unnoticed', async () => {
      const found = await unnoticedMutants(folderOf(name));
      assert.ok(found.conditions >= conditions, String(found.conditions));
      assert.deepEqual(found.unnoticed, []);
    });
  });
}
