// Whole, valid values of the wire's views, for tests to change one thing at a time.
import type { BudgetView, DeviceQuote, Digest, EnvelopeView, JobFacts, JobView, NeededBudget, PendingEnvelopeView, PendingView, PolicyView, PriceView, ResultsAnswer, StatusView } from '@dewar/protocol';

export const sampleDigest = (digit: string): Digest => `sha256:${digit.repeat(64)}`;
export const sampleJobId = 'job_01k9zzzzzzzzzzzzzzz1' as const;

export const bellSource = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\nh q[0];\ncx q[0], q[1];\nc = measure q;\n';

export const bellFacts: JobFacts = {
  analyser: 'openqasm/1.0.0', language: 'qasm3', qubits: 2, clbits: 2, physical_qubits: [], gates: { cx: 1, h: 1 }, operations: 2, one_qubit_gates: 1,
  two_qubit_gates: 1, multi_qubit_gates: 0, measurements: 2, resets: 0, depth: 3, mid_circuit_measurement: false, dynamic: false, unbounded_loop: false,
  pulse: false, pragmas: [], includes: ['stdgates.inc'], externs: [], inputs: [], confidence: 'exact', notes: [],
  simulated_before: true, simulatable: true, simulator_limit: null,
};

export function sampleJob(change: Partial<JobView> = {}): JobView {
  return {
    job_id: sampleJobId, status: 'completed', session: 'default', created: '2026-11-23T07:00:00.000Z', ended: '2026-11-23T07:00:02.500Z',
    spec: { job_name: 'bell', code_blob: sampleDigest('a'), backend: 'simulator', shots: 1024 },
    spec_digest: sampleDigest('b'), program_digest: sampleDigest('c'), resolved_digest: sampleDigest('d'),
    device: { name: 'simulator', kind: 'simulator', practice: false, max_qubits: 24 }, facts: bellFacts,
    quote: { kind: 'free', basis: 'simulators are free' },
    decision: { effect: 'allow', reasons: [{ rule: 'simulator.free', effect: 'allow', message: 'simulators are free', fix: null }], policy: sampleDigest('e'), input: sampleDigest('f') },
    receipt: true, ...change,
  };
}

export const sampleResults: ResultsAnswer = {
  job_id: sampleJobId, results_digest: sampleDigest('1'),
  results: {
    format: 'dewar.results/v1', shots: 1024, bit_order: 'little-endian', registers: [{ name: 'c', size: 2 }], counts: { '00': 530, '11': 494 }, seed: 7,
    engine: { name: 'dewar-sampler', version: '0.1.0', method: 'state-vector' },
  },
};

const xts = (micros: number) => ({ currency: 'XTS', micros });

export const sampleBudget: BudgetView = {
  id: 'all/day/XTS', scope: 'all', name: null, per: 'day', currency: 'XTS', limit: xts(50_000_000), period: '2026-11-23', reserved: xts(0), settled: xts(2_500_000), remaining_micros: 47_500_000,
  frozen: false, warn_at: [50, 80, 95], warned: null,
};

export const sampleJobBudget: BudgetView = {
  ...sampleBudget, id: 'all/job/XTS', per: 'job', limit: xts(10_000_000), period: 'job', settled: xts(0), remaining_micros: 10_000_000,
};

/** Those that a job of that price counts in. */
export function neededBudgets(micros: number): readonly NeededBudget[] {
  return [sampleBudget, sampleJobBudget].map((budget) => ({ ...budget, needs: xts(micros) }));
}

export function waitingJob(change: Partial<JobView> = {}): JobView {
  const { ended: _, ...job } = sampleJob({
    status: 'waiting', receipt: false, expires: '2026-11-23T07:30:00.000Z',
    spec: { job_name: 'bell on hardware', code_blob: sampleDigest('a'), backend: 'ibmq_qpu_1', shots: 1024, tags: ['vqe', 'night run'], agent: { model: 'assistant-1' } },
    device: { name: 'practice-qpu', kind: 'qpu', practice: true, max_qubits: 5 },
    quote: { kind: 'priced', amount: xts(1_221_600), basis: '0.30 a task and 0.0009 a shot', prices_dated: '2026-11-01' },
    decision: {
      effect: 'ask', reasons: [{ rule: 'hardware.person', effect: 'ask', message: 'hardware asks a person', fix: null }], policy: sampleDigest('e'), input: sampleDigest('f'),
    },
  });
  return { ...job, ...change };
}

/** Queued, second of three. */
export const samplePlace = { position: 2, of: 3, lane: 'batch', estimate: { start_after_s: { likely: 40, cautious: 90 }, basis: 'of the last 12 runs half took at most 20 s' } } as const;

export function samplePending(change: Partial<PendingView> = {}): PendingView {
  return { job: waitingJob(), nonce: 'nonce-1', source: bellSource, source_error: null, drawing: null, budgets: neededBudgets(1_221_600), anomalies: [], ...change };
}

export const sampleEnvelopeId = 'env_01k9zzzzzzzzzzzzzzz1' as const;

export function sampleEnvelope(change: Partial<EnvelopeView> = {}): EnvelopeView {
  return {
    envelope_id: sampleEnvelopeId, status: 'waiting', session: 'default', created: '2026-11-23T07:00:00.000Z', name: 'vqe h2', expires: '2026-11-23T08:00:00.000Z',
    terms: {
      version: 1, code: { digest: sampleDigest('a'), size: 120 }, parameters: { theta: { min: -3.15, max: 3.15 }, layers: 2 }, data: [], image: null, packages: [], backend: 'ibmq_qpu_1', device: { name: 'practice-qpu', kind: 'qpu', practice: true },
      account: 'practice', shots: 1000, time_limit_s: 60, max_jobs: 40, max_shots: 40_000, max_amount: xts(20_000_000), job_amount: xts(1_200_000), prices_dated: '2026-11-01', until: '2026-11-23T08:00:00.000Z',
      policy: sampleDigest('e'), analyser: 'openqasm/1.1.0',
    },
    terms_digest: sampleDigest('2'), decision: waitingJob().decision, facts: bellFacts, used: { jobs: 0, shots: 0, amount: null }, tags: ['vqe'], agent: { model: 'assistant-1' }, ...change,
  };
}

export function samplePendingEnvelope(change: Partial<PendingEnvelopeView> = {}): PendingEnvelopeView {
  return { envelope: sampleEnvelope(), nonce: 'nonce-2', source: bellSource, source_error: null, drawing: null, budgets: neededBudgets(20_000_000), anomalies: [], ...change };
}

export const samplePrices: readonly PriceView[] = [
  {
    device: 'braket-iqm-garnet', provider: 'Amazon Braket', program: 'openqasm', price: '0.30 a task + 0.00145 a shot USD, each point a task', currency: 'USD', dated: '2026-11-01', valid_until: null,
    source: 'aws.amazon.com/braket/pricing', note: 'read in November', shipped: true, backends: [], age_days: 22, outdated: false, lapsed: false,
  },
  {
    device: 'ibm-heron-payg', provider: 'IBM Quantum', program: 'openqasm', price: '1.60 a second USD, each point a task', currency: 'USD', dated: '2026-05-01', valid_until: null,
    source: 'ibm.com/quantum/pricing', note: null, shipped: true, backends: [], age_days: 206, outdated: true, lapsed: false,
  },
];

export function sampleQuote(change: Partial<DeviceQuote> = {}): DeviceQuote {
  return {
    device: 'braket-iqm-garnet', provider: 'Amazon Braket', configured: false, backends: [], free: false, amount: { currency: 'USD', micros: 1_750_000 }, converted: null, basis: '0.30 a task + 1000 shots × 0.00145',
    dated: '2026-11-01', source: 'aws.amazon.com/braket/pricing', note: null, age_days: 22, outdated: false, why_not: null, ...change,
  };
}

export const sampleStatus: StatusView = {
  version: '0.1.0', pid: 4242, home: '/home/user/.local/state/dewar', since: '2026-11-23T06:00:00.000Z', frozen: false, sessions: 1,
  jobs: { waiting: 1, queued: 0, running: 0, completed: 3, failed: 0, cancelled: 0, denied: 1 },
  journal: { size: 42, root: 'Zm9vYmFy' }, policy: sampleDigest('e'),
};

export const samplePolicy: PolicyView = { digest: sampleDigest('5'), since: '2026-11-27T10:00:00.000Z', by: null, folder: '/home/ada/.config/dewar/policy', modules: { 'quantum_policy.rego': 'package quantum.workflow\n' }, data: {}, problem: null, blind: null };
