// Lies that a broker with a valid key could sign: each one false claim in an otherwise true receipt, with where the verifier must stop.
import { canonicalJson, specDigest, termsDigest, type Json } from '@dewar/protocol';
import { sha256, type ReceiptPredicate } from '../src/index.ts';
import { askReason, at, completed, denied, denyReason, ends, enveloped, eventsOf, leafText, rebound, simulated, type Draft } from './fixture.ts';

type Receipt = Draft<ReceiptPredicate>;
export interface Lie {
  readonly name: string;
  readonly from: () => ReceiptPredicate;
  readonly change: (receipt: Receipt) => void;
  /** A prefix of the error's path. */
  readonly path: string;
}

const zeros = `sha256:${'0'.repeat(64)}` as const;
const end = (name: string) => ends[name] ?? (() => { throw new Error(name); });
const granted = (receipt: Receipt) => receipt.grant ?? fail();
const approvalOf = (receipt: Receipt) => receipt.approval ?? fail();
/** The true receipt, for what another kind of end lacks. */
const whole = () => completed() as unknown as Receipt;
const fail = (): never => { throw new Error('the fixture has none'); };

/** The spec is another one, and everything that follows from it follows. */
function respec(receipt: Receipt, change: (spec: Record<string, unknown>) => void, text = (spec: Json) => canonicalJson(spec)): void {
  const spec = JSON.parse(receipt.spec) as Record<string, unknown>;
  change(spec);
  receipt.spec = text(spec as Json);
  receipt.spec_digest = specDigest(spec as never, sha256);
  receipt.resolved['spec'] = receipt.spec_digest;
  rebound(receipt);
}

function resolve(receipt: Receipt, field: string, value: Json): void {
  receipt.resolved[field] = value;
  rebound(receipt);
}

const lie = (name: string, path: string, change: (receipt: Receipt) => void, from = completed): Lie => ({ name, from, change, path });

const specLies: Lie[] = [
  lie('spec text that is not canonical', '/predicate/spec', (receipt) => respec(receipt, () => {}, (spec) => JSON.stringify(spec, null, 1))),
  lie('spec text that is no JSON', '/predicate/spec', (receipt) => { receipt.spec = '{'; }),
  lie('spec with a field that specs do not have', '/predicate/spec', (receipt) => respec(receipt, (spec) => { spec['approved'] = true; })),
  lie('spec of a dry run', '/predicate/spec', (receipt) => respec(receipt, (spec) => { spec['dry_run'] = true; })),
  lie('another spec digest', '/predicate/spec_digest', (receipt) => { receipt.spec_digest = zeros; resolve(receipt, 'spec', zeros); }),
  lie('another program digest', '/predicate/program_digest', (receipt) => { receipt.program_digest = zeros; resolve(receipt, 'program', { digest: zeros }); }),
];

const resolvedLies: Lie[] = [
  lie('a resolved job that its digest is not of', '/predicate/resolved_digest', (receipt) => { receipt.resolved['data'] = [{ digest: zeros, size: 1 }]; }),
  lie('a resolved job without its device', '/predicate/resolved', (receipt) => { delete receipt.resolved['device']; rebound(receipt); }),
  lie('a resolved job of another format', '/predicate/resolved', (receipt) => resolve(receipt, 'version', 2)),
  lie('resolved from another spec', '/predicate/resolved/spec', (receipt) => resolve(receipt, 'spec', zeros)),
  lie('resolved to another program', '/predicate/resolved/program', (receipt) => resolve(receipt, 'program', { digest: zeros })),
  lie('resolved to other code', '/predicate/resolved/code', (receipt) => resolve(receipt, 'code', { digest: zeros, size: 1 })),
  lie('resolved for another backend', '/predicate/resolved/backend', (receipt) => resolve(receipt, 'backend', 'ibmq_qpu_2')),
  lie('resolved to more shots', '/predicate/resolved/shots', (receipt) => { granted(receipt).shots = 1025; resolve(receipt, 'shots', 1025); }),
  lie('resolved to other than the default shots', '/predicate/resolved/shots', (receipt) => { granted(receipt).shots = 10; resolve(receipt, 'shots', 10); }, simulated),
  lie('resolved to a longer time', '/predicate/resolved/time_limit_s', (receipt) => resolve(receipt, 'time_limit_s', 61)),
  lie('resolved to another image', '/predicate/resolved/image', (receipt) => resolve(receipt, 'image', { reference: 'miner:1', verified: false })),
  lie('resolved without the image', '/predicate/resolved/image', (receipt) => resolve(receipt, 'image', null)),
  lie('an image said to be verified', '/predicate/resolved/image', (receipt) => resolve(receipt, 'image', { reference: 'quantum-runner:1.2.0', verified: true })),
  lie('another image at the top', '/predicate/image', (receipt) => { receipt.image = null; }),
  lie('another device name', '/predicate/device', (receipt) => { receipt.device.name = 'ibm_torino'; }),
  lie('a QPU called simulator', '/predicate/device', (receipt) => { receipt.device.kind = 'simulator'; }),
  lie('practice called hardware', '/predicate/device', (receipt) => { receipt.device.practice = false; }),
  lie('another policy than the one that was approved', '/predicate/resolved/policy', (receipt) => { receipt.decision.policy = zeros; }),
  lie('facts of another analyser', '/predicate/resolved/analyser', (receipt) => { receipt.facts.analyser = 'openqasm/2.0.0'; }),
  lie('a dearer quote than the one approved', '/predicate/resolved/amount', (receipt) => { if (receipt.quote.kind === 'priced') receipt.quote.amount.micros += 1; }),
  lie('a priced job called free', '/predicate/resolved/amount', (receipt) => { receipt.quote = { kind: 'free', basis: 'a gift' }; }),
];

const decisionLies: Lie[] = [
  lie('ask called allow', '/predicate/decision/effect', (receipt) => { receipt.decision.effect = 'allow'; receipt.approval = null; }),
  lie('deny called ask', '/predicate/decision/effect', (receipt) => { receipt.decision.reasons.push({ ...denyReason }); }),
  lie('the deciding reason out of sight', '/predicate/decision/reasons/0', (receipt) => { receipt.decision.reasons.reverse(); }),
  lie('denied by policy, yet it ran', '/predicate/outcome', (receipt) => { receipt.decision.effect = 'deny'; receipt.decision.reasons = [{ ...denyReason }]; }),
  lie('denied by policy, called cancelled', '/predicate/outcome', (receipt) => { receipt.outcome = { kind: 'cancelled', by: 'session' }; }, denied),
  lie('asked, called denied by policy', '/predicate/outcome', (receipt) => { receipt.outcome = { kind: 'denied', by: 'policy', reasons: [{ ...denyReason }] }; }, end('denied by a person')),
  lie('a person who was not asked said no', '/predicate/outcome/by', (receipt) => { receipt.decision.effect = 'allow'; receipt.decision.reasons = [{ ...askReason, effect: 'allow' }]; }, end('denied by a person')),
  lie('a wait that never was expired', '/predicate/outcome/by', (receipt) => { receipt.decision.effect = 'allow'; receipt.decision.reasons = [{ ...askReason, effect: 'allow' }]; }, end('denied by expiry')),
  lie('a reason that the policy did not give', '/predicate/outcome/reasons/0', (receipt) => { receipt.outcome = { kind: 'denied', by: 'policy', reasons: [{ ...denyReason, message: 'because' }] }; }, denied),
  lie('denied for a reason that does not deny', '/predicate/outcome/reasons/0/effect', (receipt) => { receipt.outcome = { kind: 'denied', by: 'policy', reasons: [{ ...askReason }] }; }, denied),
];

const grantLies: Lie[] = [
  lie('denied, with a grant', '/predicate/grant', (receipt) => { receipt.grant = { ...granted(whole()), amount: null }; }, end('denied by a person')),
  lie('completed without a start', '/predicate/outcome', (receipt) => { receipt.times.started = null; receipt.provider_job_id = null; }),
  lie('started at no provider', '/predicate/times/started', (receipt) => { receipt.provider_job_id = null; }, end('cancelled while it ran')),
  lie('a provider job that never started', '/predicate/times/started', (receipt) => { receipt.times.started = null; }, end('cancelled while it ran')),
  lie('completed without a grant', '/predicate/outcome', (receipt) => { receipt.grant = null; }),
  lie('failed without a grant', '/predicate/outcome', (receipt) => { receipt.grant = null; }, end('failed, cost unknown')),
  lie('started without a grant', '/predicate/times/started', (receipt) => { receipt.times.started = at(22); }, end('cancelled while it waited')),
  lie('a provider job without a grant', '/predicate/provider_job_id', (receipt) => { receipt.provider_job_id = 'practice-000001'; }, end('cancelled while it waited')),
  lie('a cost without a grant', '/predicate/cost', (receipt) => { receipt.cost = { currency: 'XTS', micros: 1 }; receipt.overrun = true; }, denied),
  lie('an unknown cost without a grant', '/predicate/cost', (receipt) => { receipt.cost = 'unknown'; }, denied),
  lie('a yes to another resolved job', '/predicate/approval/resolved_digest', (receipt) => { approvalOf(receipt).resolved_digest = zeros; }),
  lie('a yes that nobody was asked for', '/predicate/approval', (receipt) => { receipt.approval = { ...approvalOf(whole()), resolved_digest: receipt.resolved_digest }; }, simulated),
  lie('a yes, and denied by a person', '/predicate/outcome', (receipt) => { receipt.outcome = { kind: 'denied', by: 'person', reasons: [{ ...denyReason }] }; }, end('approved, denied by the budget')),
  lie('an ask without a yes', '/predicate/approval', (receipt) => { receipt.decision.effect = 'ask'; receipt.decision.reasons = [{ ...askReason }]; }, simulated),
  lie('a grant of more shots', '/predicate/grant/shots', (receipt) => { granted(receipt).shots = 1025; }),
  lie('a grant in another currency', '/predicate/grant/amount/currency', (receipt) => { granted(receipt).amount = { currency: 'EUR', micros: 1 }; receipt.cost = null; }),
  lie('a grant of money for a free run', '/predicate/grant/amount', (receipt) => { granted(receipt).amount = { currency: 'XTS', micros: 1 }; }, simulated),
  lie('a grant of more money than was approved', '/predicate/grant/amount', (receipt) => { granted(receipt).amount = { currency: 'XTS', micros: 1_221_601 }; }),
  lie('a grant above max_cost', '/predicate/grant/amount', (receipt) => respec(receipt, (spec) => { spec['max_cost'] = 1.2; })),
];

const moneyLies: Lie[] = [
  lie('a cost in another currency', '/predicate/cost/currency', (receipt) => { receipt.cost = { currency: 'USD', micros: 1 }; }),
  lie('a bill above the grant, not marked', '/predicate/overrun', (receipt) => { receipt.overrun = false; }, end('billed above the grant')),
  lie('an overrun that was none', '/predicate/overrun', (receipt) => { receipt.overrun = true; }),
  lie('a bill for a free run, not marked', '/predicate/overrun', (receipt) => { receipt.cost = { currency: 'USD', micros: 1 }; }, simulated),
  lie('practice money on real hardware', '/predicate/device/practice', (receipt) => { receipt.device.practice = false; resolve(receipt, 'device', { name: 'practice_qpu', kind: 'qpu', practice: false }); }),
  lie('real money on a practice device', '/predicate/device/practice', (receipt) => {
    const euros = { currency: 'EUR', micros: 1_221_600 };
    receipt.quote = { kind: 'priced', amount: euros, basis: '', prices_dated: '' };
    granted(receipt).amount = euros;
    receipt.cost = euros;
    resolve(receipt, 'amount', euros);
  }),
  lie('practice money charged for a real run', '/predicate/device/practice', (receipt) => { receipt.cost = { currency: 'XTS', micros: 1 }; receipt.overrun = true; receipt.events = eventsOf('job.submitted', 'job.decided', 'grant.issued', 'run.ended', 'budget.overrun'); }, simulated),
  lie('a provider id that hides practice', '/predicate/provider_job_id', (receipt) => { receipt.provider_job_id = 'd4f8a2c0'; }),
];

const timeLies: Lie[] = [
  lie('decided before submitted', '/predicate/times', (receipt) => { receipt.times.decided = at(-1); }),
  lie('approved before decided', '/predicate/times', (receipt) => { approvalOf(receipt).at = at(0); }),
  lie('started before approved', '/predicate/times', (receipt) => { receipt.times.started = at(10); }),
  lie('ended before started', '/predicate/times', (receipt) => { receipt.times.ended = at(21.5); }),
  lie('granted before the yes', '/predicate/grant/issued', (receipt) => { granted(receipt).issued = at(19); }),
  lie('granted before the decision', '/predicate/grant/issued', (receipt) => { granted(receipt).issued = at(0); }, simulated),
  lie('granted after the end', '/predicate/grant/issued', (receipt) => { granted(receipt).issued = at(26); }),
  lie('a grant that ends before it begins', '/predicate/grant/expires', (receipt) => { granted(receipt).issued = at(24); granted(receipt).expires = at(23); }),
  lie('started after the grant expired', '/predicate/grant/expires', (receipt) => { granted(receipt).expires = at(21.5); }),
];

const eventLies: Lie[] = [
  lie('an event of another job', '/predicate/events/0/leaf', (receipt) => { const [first] = receipt.events; if (first) first.leaf = first.leaf.replace('job_06h0ghqy000000000001', 'job_06h0ghqy000000000002'); }),
  lie('an event of the broker', '/predicate/events/0/leaf', (receipt) => { const [first] = receipt.events; if (first) first.leaf = first.leaf.replace('"job_06h0ghqy000000000001"', 'null'); }),
  lie('an event that is no leaf', '/predicate/events/1/leaf', (receipt) => { const [, second] = receipt.events; if (second) second.leaf = '{}'; }),
  lie('a leaf that is not canonical', '/predicate/events/0/leaf', (receipt) => { const [first] = receipt.events; if (first) first.leaf = first.leaf.replace(',', ', '); }),
  lie('an event beyond the journal', '/predicate/events/9/index', (receipt) => { receipt.journal.size = 22; }),
  lie('two events at one place', '/predicate/events/1/index', (receipt) => { const [, second] = receipt.events; if (second) second.index = 4; }),
  lie('events out of order in time', '/predicate/events/1/leaf', (receipt) => { const [first] = receipt.events; if (first) first.leaf = leafText(1, 'job.submitted', 5); }),
  lie('one event told twice', '/predicate/events', (receipt) => { const last = receipt.events.at(-1); if (last) receipt.events.push({ ...last, index: last.index + 1 }); }),
  ...['job.submitted', 'job.decided', 'approval.given', 'grant.issued', 'run.ended'].map((type) =>
    lie(`no ${type} event`, '/predicate/events', (receipt) => { receipt.events = receipt.events.filter(({ leaf }) => !leaf.includes(`"${type}"`)); })),
  lie('a yes in the journal, and none in the receipt', '/predicate/events', (receipt) => { receipt.events = eventsOf('job.submitted', 'job.decided', 'approval.given', 'approval.denied'); }, end('denied by a person')),
  lie('a grant in the journal, and none in the receipt', '/predicate/events', (receipt) => { receipt.events = eventsOf('job.submitted', 'job.decided', 'grant.issued', 'job.cancelled'); }, end('cancelled while it waited')),
  lie('an overrun that the journal does not have', '/predicate/events', (receipt) => { receipt.events = eventsOf('job.submitted', 'job.decided', 'approval.given', 'grant.issued', 'run.ended'); }, end('billed above the grant')),
  lie('an overrun that only the journal has', '/predicate/events', (receipt) => { receipt.events = eventsOf('job.submitted', 'job.decided', 'approval.given', 'grant.issued', 'run.ended', 'budget.overrun'); }),
  lie('a receipt of its own receipt', '/predicate/events', (receipt) => { receipt.events = eventsOf('job.submitted', 'job.decided', 'approval.given', 'grant.issued', 'run.ended', 'receipt.signed'); }),
];

/** The terms are others, and their digest follows. */
function reterm(receipt: Receipt, change: (terms: Record<string, unknown>) => void): void {
  const envelope = receipt.envelope ?? fail();
  change(envelope.terms);
  envelope.terms_digest = termsDigest(envelope.terms, sha256);
}
const termLie = (name: string, change: (terms: Record<string, unknown>) => void): Lie => lie(name, '/predicate/envelope/terms', (receipt) => reterm(receipt, change), enveloped);

const envelopeLies: Lie[] = [
  lie('terms that their digest is not of', '/predicate/envelope/terms_digest', (receipt) => { (receipt.envelope ?? fail()).terms.max_jobs = 6; }, enveloped),
  lie('an envelope that the spec does not name', '/predicate/envelope/id', (receipt) => { (receipt.envelope ?? fail()).id = 'env_00000000000000000000'; }, enveloped),
  lie('an envelope that nobody asked for', '/predicate/envelope/id', (receipt) => { receipt.envelope = (enveloped() as unknown as Receipt).envelope ?? fail(); receipt.approval = null; }),
  lie('an envelope and a yes', '/predicate/approval', (receipt) => { receipt.approval = { ...approvalOf(whole()), resolved_digest: receipt.resolved_digest }; }, enveloped),
  lie('no envelope, no yes', '/predicate/approval', (receipt) => { delete receipt.envelope; }, enveloped),
  termLie('terms of fewer shots in all than this job took', (terms) => { terms['max_shots'] = 1023; }),
  termLie('terms of less money in all than this job reserved', (terms) => { terms['max_amount'] = { currency: 'XTS', micros: 1 }; }),
  lie('a yes after the submit', '/predicate/envelope/approval/at', (receipt) => { (receipt.envelope ?? fail()).approval.at = at(1); }, enveloped),
  lie('a submit after the end', '/predicate/envelope/approval/at', (receipt) => reterm(receipt, (terms) => { terms['until'] = at(0); }), enveloped),
  lie('no event of the envelope', '/predicate/events', (receipt) => { receipt.events = receipt.events.filter(({ leaf }) => !leaf.includes('envelope.applied')); }, enveloped),
  lie('an event of an envelope, and none in the receipt', '/predicate/events', (receipt) => { receipt.events = eventsOf('job.submitted', 'job.decided', 'envelope.applied', 'approval.given', 'grant.issued', 'run.ended'); }),
  lie('a sweep that was resolved as one point', '/predicate/resolved/points', (receipt) => resolve(receipt, 'points', 1), enveloped),
  lie('a sweep granted the shots of one point', '/predicate/grant/shots', (receipt) => { granted(receipt).shots = 512; }, enveloped),
  termLie('terms for another program', (terms) => { terms['code'] = { digest: zeros, size: 1 }; }),
  termLie('terms for a smaller range', (terms) => { terms['parameters'] = { theta: { min: -0.4, max: 1 } }; }),
  termLie('terms for another parameter', (terms) => { terms['parameters'] = { phi: { min: -1, max: 1 } }; }),
  termLie('terms for fewer shots a job', (terms) => { terms['shots'] = 1023; }),
  termLie('terms for another backend', (terms) => { terms['backend'] = 'simulator'; }),
  termLie('terms for another device', (terms) => { terms['device'] = { name: 'ibm_torino', kind: 'qpu', practice: true }; }),
  termLie('terms for another account', (terms) => { terms['account'] = 'lab'; }),
  termLie('terms for other data', (terms) => { terms['data'] = [{ digest: zeros, size: 1 }]; }),
  termLie('terms without the image', (terms) => { terms['image'] = null; }),
  termLie('terms with packages', (terms) => { terms['packages'] = ['qiskit==2.1.0']; }),
  termLie('terms for less time', (terms) => { terms['time_limit_s'] = 59; }),
  termLie('terms for a cheaper job', (terms) => { terms['job_amount'] = { currency: 'XTS', micros: 1 }; }),
  termLie('terms for a free run', (terms) => { terms['job_amount'] = null; }),
  termLie('terms of another price list', (terms) => { terms['prices_dated'] = '2026-12-01'; }),
  termLie('terms under another policy', (terms) => { terms['policy'] = zeros; }),
  termLie('terms by another analyser', (terms) => { terms['analyser'] = 'openqasm/9'; }),
];

export const lies: readonly Lie[] = [...specLies, ...resolvedLies, ...decisionLies, ...grantLies, ...moneyLies, ...timeLies, ...eventLies, ...envelopeLies];

/** The lie, as a predicate. */
export function told({ from, change }: Lie): ReceiptPredicate {
  const receipt = JSON.parse(canonicalJson(from() as unknown as Json)) as Receipt;
  change(receipt);
  return receipt;
}

