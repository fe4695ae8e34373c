// The verification of a receipt, offline: each line of `verifyReceipt` names one check, in the order of docs/spec/receipt.md.
import { z } from 'zod';
import { canonicalJson, DewarError, digestOf, isSweep, limits, parseJson, pointSchema, pointsOf, shown, type JobSpec } from '@dewar/protocol';
import { parseBundle, parseStatement, payloadType, type Bundle } from './bundle.ts';
import { checkClaims } from './claims.ts';
import { isLowS, preAuthEncoding } from './dsse.ts';
import { sha256 } from './hash.ts';
import { pinnedKey, type PinnedKey } from './receipt-key.ts';
import type { ReceiptPredicate, ReceiptStatement } from './statement.ts';

export interface Trust {
  /** SPKI PEM of every broker key whose receipts count. */
  readonly receiptKeys: readonly string[];
}

export interface VerifiedReceipt {
  readonly statement: ReceiptStatement;
  readonly predicate: ReceiptPredicate;
  /** The job spec as the agent sent it. */
  readonly spec: JobSpec;
  /** The pinned key that signed it. */
  readonly key: { readonly pem: string; readonly hint: string };
  /** Whether the results' own bytes were given, and are the ones that were signed for. */
  readonly results: 'checked' | 'not-given' | 'none';
}

/**
 * Verifies a receipt's bytes against pinned keys and, where given, the results' bytes. A receipt that is returned was signed by a pinned key and does not
 * contradict itself. Throws, in this order: `config_invalid` (a pinned key is no P-256 key), `receipt_invalid` (form), `key_unpinned`, `receipt_signature`,
 * `receipt_invalid` (statement), `receipt_subject`, `receipt_invalid` (claims), `receipt_subject` (results).
 */
export function verifyReceipt(bytes: Uint8Array, trust: Trust, results?: Uint8Array): VerifiedReceipt {
  const pinned = trust.receiptKeys.map(pinnedKey);
  const bundle = parseBundle(bytes);
  const key = findPinned(bundle, pinned);
  checkSignature(bundle, key);
  const statement = parseStatement(bundle.payload);
  const spec = checkClaims(statement, sha256);
  const checked = checkResults(statement.predicate, spec, results);
  return { statement, predicate: statement.predicate, spec, key: { pem: key.pem, hint: key.hint }, results: checked };
}

function findPinned({ hint }: Bundle, pinned: readonly PinnedKey[]): PinnedKey {
  const key = pinned.find((candidate) => candidate.hint === hint);
  if (key) return key;
  throw new DewarError({
    code: 'key_unpinned', message: 'the receipt names a key that is not pinned', path: '/verificationMaterial/publicKey/hint', got: shown(hint),
    allowed: pinned.map((candidate) => candidate.hint).join(', ') || 'no key is pinned', fix: 'if you trust the broker that signed it, name its public key: dewar verify FILE --key broker.pem',
  });
}

function checkSignature({ payload, signature }: Bundle, key: PinnedKey): void {
  if (isLowS(signature) && key.verify(preAuthEncoding(payloadType, payload), signature)) return;
  throw new DewarError({
    code: 'receipt_signature', message: 'the signature does not verify: the receipt was changed, or not signed by this key', path: '/dsseEnvelope/signatures/0/sig',
    allowed: 'strict DER, low s, ECDSA P-256 with SHA-256 over the DSSE encoding', fix: 'get the receipt from its broker again: dewar receipt JOB',
  });
}

/** What the results say of themselves that the receipt says too. */
const resultsClaims = z.looseObject({ shots: z.int(), practice: z.looseObject({}).optional(), parameters: pointSchema.optional(), points: z.array(z.looseObject({ parameters: pointSchema })).optional() });

function checkResults({ outcome, device, grant }: ReceiptPredicate, { parameters }: JobSpec, results: Uint8Array | undefined): VerifiedReceipt['results'] {
  if (outcome.kind !== 'completed') {
    if (results) throw mismatch(`the job ${outcome.kind}: it has no results`, 'results', 'no results');
    return 'none';
  }
  if (!results) return 'not-given';
  const digest = digestOf(results, sha256);
  if (digest !== outcome.results) throw mismatch('these are not the results that were signed for', digest, outcome.results);
  const claims = resultsClaims.safeParse(parseResults(results));
  const points = pointsOf(parameters);
  if (!claims.success || claims.data.shots * points.length !== grant?.shots) throw mismatch('the results are not of the shots that were granted', claims.data?.shots, String(grant?.shots));
  const bound = isSweep(parameters) ? claims.data.points?.map((point) => point.parameters) : claims.data.points === undefined ? [claims.data.parameters ?? {}] : undefined;
  if (bound === undefined || canonicalJson([...bound]) !== canonicalJson([...points])) throw mismatch('the results are of other points than the spec asks for', bound, shown(points));
  if ((claims.data.practice !== undefined) !== (device.practice && device.kind === 'qpu')) throw mismatch('the results and the receipt differ on whether this was practice', claims.data.practice, String(device.practice));
  return 'checked';
}

function parseResults(results: Uint8Array): unknown {
  try {
    return parseJson(results, { bytes: limits.artifact_bytes, depth: 16, values: 2_000_000 });
  } catch (cause) {
    throw new DewarError({ code: 'receipt_subject', message: 'the results are not strict JSON' }, { cause });
  }
}

function mismatch(message: string, got: unknown, allowed: string): DewarError {
  return new DewarError({ code: 'receipt_subject', message, got: shown(got), allowed });
}
