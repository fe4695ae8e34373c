// The default policy: every rule, every limit, and every field deleted, nulled or retyped.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { digestOf, policyInputSchema, type Digest, type PolicyInput } from '@dewar/protocol';
import { bundleBytes, bundleDigest, decide, decideOn, loadPolicy, loadPolicyFolder, parseBundle, readPolicyFolder, sha256, type Policy } from '../src/index.ts';
import { at, kind, misshapen, paths, withValue, type Path, type Plain } from './misshapen.ts';
import { unnoticedMutants } from './mutation.ts';

interface Case { readonly name: string; readonly base: string; readonly set: Readonly<Record<string, Plain>>; readonly effect: string; readonly rules: readonly string[] }

const folder = new URL('../../../policies/default/', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, folder));
const { bases, cases } = JSON.parse(String(read('cases.json'))) as { readonly bases: Readonly<Record<string, Plain>>; readonly cases: readonly Case[] };
const rego = String(read('quantum_policy.rego'));
const wasm = read('quantum_policy.wasm');
const bundle = parseBundle(read('quantum_policy.bundle.json'));
const policy = loadPolicy(bundle, wasm);
const noDigest: Digest = `sha256:${'0'.repeat(64)}`;

/** The input of a case, or of any change a test makes up: the cast is the point, for some of them are no inputs. */
const asInput = (value: unknown) => value as PolicyInput;
const inputOf = ({ base, set }: Pick<Case, 'base' | 'set'>) =>
  asInput(Object.entries(set).reduce((input, [path, value]) => withValue(input, path.split('.'), value), baseOf(base)));
const baseOf = (name: string): Plain => structuredClone(bases[name] ?? assert.fail(`no base ${name}`));
const rulesOf = (input: PolicyInput, by: Policy = policy) => decideOn(by, input, sha256).reasons.map((reason) => reason.rule);

/** The policy's own effect, with no schema before it. */
function unchecked(input: unknown, by: Policy = policy): string {
  try {
    return decide(by.evaluate(asInput(input)), by.digest, noDigest).effect;
  } catch {
    return 'deny';
  }
}

const never = new Set<string>();
/** Left to the schema alone, because no rule reads them: recorded for the person, or bounds the policy does not set. */
const unread = new Set([
  'image', 'program_digest', 'session.name', 'session.user', 'session.project', 'lane', 'time', 'anomalies', 'on_premises_qpus', 'device.on_premises',
  'facts.analyser', 'facts.language', 'facts.clbits', 'facts.physical_qubits', 'facts.gates', 'facts.operations', 'facts.one_qubit_gates', 'facts.two_qubit_gates',
  'facts.multi_qubit_gates', 'facts.measurements', 'facts.resets', 'facts.depth', 'facts.mid_circuit_measurement', 'facts.dynamic', 'facts.includes', 'facts.notes',
]);
/** Read for the other kind of device only. */
const unreadFor: Readonly<Record<string, ReadonlySet<string>>> = {
  // A free run spends nothing, needs no rehearsal, and what is doubtful about it stays on this machine.
  simulator: new Set([
    'budgets', 'quote.age_days', 'device.practice', 'device.limit', 'facts.simulated_before', 'facts.simulator_limit',
    'facts.confidence', 'facts.unbounded_loop', 'facts.pulse', 'facts.pragmas', 'facts.externs', 'facts.inputs',
  ]),
  // The program has been simulated: whether it still could be decides nothing.
  qpu: new Set(['facts.simulatable', 'facts.simulator_limit']),
};
/** Changes that leave a job as good: one artifact of two, one name of two where the other is a named QPU's, any name for a simulator, and a max_cost that its millionths stand for. */
const harmless: ReadonlySet<string> = new Set(['budgets.0 deleted', 'budgets.1 deleted', 'artifacts.0 deleted', 'artifacts.1 deleted', 'backend as ""', 'device.name as ""', 'max_cost with a fraction']);

function mayStay(base: string, path: Path, how: string): boolean {
  const field = path.slice(0, 2).join('.');
  // What a budget is called decides nothing; the broker lists all that the job counts in.
  if (path[0] === 'budgets' && ['id', 'scope', 'name', 'per', 'currency', 'limit_micros'].includes(String(path[2]))) return true;
  return [path[0] ?? '', field].some((name) => unread.has(String(name)) || (unreadFor[base] ?? never).has(String(name))) || harmless.has(`${path.join('.')} ${how}`);
}

describe('the default policy', () => {
  for (const each of cases) {
    test(each.name, () => {
      const input = inputOf(each);
      assert.ok(policyInputSchema.safeParse(input).success, 'a case is a valid input');
      const decision = decideOn(policy, input, sha256);
      assert.equal(decision.effect, each.effect, JSON.stringify(decision.reasons));
      assert.deepEqual(rulesOf(input), each.rules);
      assert.equal(decision.reasons[0]?.effect, each.effect);
      for (const reason of decision.reasons) if (reason.effect === 'deny') assert.ok(reason.fix, `${reason.rule} says what would pass`);
      // The conditions alone must deny: a reason's veto is a second lock, not the first.
      const { allow, ask } = policy.evaluate(input);
      assert.deepEqual({ allow, ask }, { allow: each.effect === 'allow', ask: each.effect === 'ask' });
    });
  }

  test('every rule in the source has a case that fires it', () => {
    const named = new Set([...rego.matchAll(/"((?:[a-z_]+\.)+[a-z_]+)"[,:]/g)].map((match) => match[1]));
    const fired = new Set(cases.flatMap((each) => each.rules));
    assert.ok(named.size >= 20);
    assert.deepEqual([...named].filter((rule) => rule !== undefined && !fired.has(rule)), []);
  });

  test('a refusal names the value and what would pass', () => {
    const reason = decideOn(policy, inputOf({ base: 'qpu', set: { shots: 1_000_000, shots_per_point: 1_000_000 } }), sha256).reasons[0];
    assert.deepEqual(reason, { rule: 'shots.limit', effect: 'deny', message: '1000000 shots: at most 10000 shots on ibmq_qpu_1', fix: 'ask for shots: 10000' });
    const limited = decideOn(policy, inputOf({ base: 'simulator', set: { 'facts.simulatable': false, 'facts.simulator_limit': 'it has inputs (a; b); give their values in parameters' } }), sha256).reasons[0];
    assert.equal(limited?.fix, 'give their values in parameters');
    const sweep = decideOn(policy, inputOf({ base: 'qpu', set: { shots: 50_000, shots_per_point: 1000, points: 50 } }), sha256).reasons[0];
    assert.deepEqual(sweep, { rule: 'shots.limit', effect: 'deny', message: '50 points of 1000 shots are 50000: at most 10000 shots a job on ibmq_qpu_1', fix: 'ask for shots: 200, which are of each point, or for fewer points' });
    const dear = decideOn(policy, inputOf({ base: 'qpu', set: { 'quote.amount_micros': 5_000_001 } }), sha256).reasons[0];
    assert.equal(dear?.message, 'the quote of 5.000001 is above max_cost 5.00');
    assert.equal(dear?.fix, 'ask for fewer shots, or for max_cost: 5.000001');
  });

  test('money in messages is exact up to the largest safe integer', () => {
    for (const [micros, text] of [[1, '0.000001'], [999_999, '0.999999'], [1_000_000, '1.00'], [1_221_600, '1.2216'], [10_000_000, '10.00'], [Number.MAX_SAFE_INTEGER, '9007199254.740991']] as const) {
      const { reasons } = decideOn(policy, inputOf({ base: 'qpu', set: { 'quote.amount_micros': micros } }), sha256);
      assert.equal(reasons.find((reason) => reason.rule === 'hardware.ask')?.message, `practice-qpu costs at most ${text} XTS: a person decides`);
    }
  });

  test('a pragma is quoted once, short and escaped', () => {
    const { reasons } = decideOn(policy, inputOf({ base: 'qpu', set: { 'facts.pragmas': [`\u001b[2J\u202e${'x'.repeat(500)}`, 'second'] } }), sha256);
    const message = reasons.find((reason) => reason.rule === 'facts.pragmas')?.message ?? '';
    assert.match(message, /^pragmas the broker does not know: 2, the first: \\u\{1b\}\[2J\\u\{202e\}x+$/);
    assert.ok(message.length < 140 && !message.includes('second'));
  });
});

describe('a misshapen input', () => {
  for (const base of Object.keys(bases)) {
    test(`${base}: the schema refuses every field deleted or of another type`, () => {
      const allowed: string[] = [];
      for (const { path, how, input } of misshapen(baseOf(base))) {
        const first = decideOn(policy, asInput(input), sha256).reasons[0];
        const valid = policyInputSchema.safeParse(input).success;
        if (first?.rule !== 'policy.input') allowed.push(`${path.join('.')} ${how}`);
        assert.equal(valid, first?.rule !== 'policy.input');
      }
      // What is left is valid: nullable fields, lists made shorter, and names that may be any text.
      assert.deepEqual(allowed.filter((change) => !/^(image|max_cost|max_cost_micros|quote\.(currency|age_days)|session\.project as null|budgets as|budgets\.\d (deleted|as)|budgets\.\d\.(name|remaining_micros|needs_micros) as|device\.limit|facts\.simulator_limit|facts\.gates\.\w+ deleted|facts\.gates as|facts\.(analyser|notes\.0\.text) as ""|(artifacts|facts\.(physical_qubits|includes|notes))(\.\d)? (deleted|as))/.test(change)), []);
    });

    test(`${base}: the policy alone refuses it wherever a rule reads the field`, () => {
      const before = unchecked(baseOf(base));
      let tried = 0;
      for (const { path, how, input } of misshapen(baseOf(base))) {
        tried += 1;
        const effect = unchecked(input);
        const change = `${path.join('.')} ${how}`;
        if (mayStay(base, path, how)) assert.ok(effect === 'deny' || effect === before, change);
        else assert.equal(effect, 'deny', change);
      }
      assert.ok(tried > 500);
    });
  }

  test('no change of one field makes a denied case milder than asked', () => {
    for (const each of cases.filter(({ effect, base }) => effect === 'deny' && base === 'qpu')) {
      for (const { path, how, input } of misshapen(inputOf(each) as unknown as Plain)) assert.notEqual(unchecked(input), 'allow', `${each.name}: ${path.join('.')} ${how}`);
    }
  });

  test('fields that no schema knows are refused, at every depth', () => {
    for (const base of Object.keys(bases)) {
      for (const path of paths(baseOf(base)).filter((candidate) => kind(at(baseOf(base), candidate)) === 'object' && candidate.join('.') !== 'facts.gates')) {
        for (const key of ['allow', 'constructor', 'toString', 'hasOwnProperty']) {
          const input = withValue(baseOf(base), [...path, key], true);
          assert.deepEqual(rulesOf(asInput(input)), ['policy.input'], `${path.join('.')}.${key}`);
        }
        const own = JSON.parse(JSON.stringify(withValue(baseOf(base), [...path, 'EXTRA'], true)).replace('EXTRA', '__proto__')) as Plain;
        assert.deepEqual(rulesOf(asInput(own)), ['policy.input'], `${path.join('.')}.__proto__`);
      }
    }
  });

  test('inherited fields are not fields', () => {
    const { frozen: _, ...rest } = inputOf({ base: 'simulator', set: {} });
    assert.notEqual(unchecked(Object.assign(Object.create({ frozen: false }), rest)), 'allow');
  });

  test('numbers beyond sense are refused by the schema and by the policy', () => {
    for (const [base, fields] of [['simulator', ['shots', 'time_limit_s', 'facts.qubits']], ['qpu', ['shots', 'quote.amount_micros', 'facts.qubits', 'time_limit_s']]] as const) {
      for (const field of fields) {
        for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -1, -1e300, 1e300, 1e21, 2 ** 64, 2 ** 53, 0.5, 1.0000001]) {
          const input = withValue(baseOf(base), field.split('.'), value);
          assert.equal(decideOn(policy, asInput(input), sha256).effect, 'deny', `${field} ${value}`);
          assert.equal(unchecked(input), 'deny', `${field} ${value}`);
        }
      }
    }
  });

  test('what is no object at all is refused', () => {
    for (const value of [null, undefined, 0, 1, '', 'allow', true, [], {}, [baseOf('simulator')]]) {
      assert.equal(decideOn(policy, asInput(value), sha256).effect, 'deny');
      assert.equal(unchecked(value), 'deny');
    }
  });
});

describe('the compiled policy', () => {
  test('is named by the digest of its bytes, which are committed with their source', () => {
    assert.equal(policy.digest, bundleDigest(bundle));
    assert.equal(policy.digest, digestOf(read('quantum_policy.bundle.json'), sha256));
    assert.equal(bundle.wasm, digestOf(wasm, sha256));
    assert.deepEqual({ ...bundle.modules }, { 'quantum_policy.rego': rego });
  });

  test('is what OPA compiles from the folder, with every case passing', async () => {
    const made = await loadPolicyFolder(await readPolicyFolder(fileURLToPath(folder)));
    assert.deepEqual(made.warnings, []);
    assert.equal(made.cases, cases.length);
    assert.deepEqual(bundleBytes(made.bundle), bundleBytes(bundle), 'run: node scripts/build-policy.mjs');
    assert.ok(read('quantum_policy.wasm').equals(made.wasm));
  });

  test('answers the same after an evaluation that failed', () => {
    const fresh = loadPolicy(bundle, wasm);
    const input = inputOf({ base: 'qpu', set: {} });
    const before = fresh.evaluate(input);
    const hostile = { ...input, toJSON: () => { throw new Error('no JSON'); } };
    assert.throws(() => fresh.evaluate(hostile));
    assert.deepEqual(fresh.evaluate(input), before);
  });

  test('no condition can be taken out of the policy unnoticed', async () => {
    const { conditions, unnoticed } = await unnoticedMutants(fileURLToPath(folder));
    assert.ok(conditions > 80);
    assert.deepEqual(unnoticed, []);
  });
});
