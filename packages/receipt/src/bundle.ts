// A receipt as a file: a Sigstore bundle v0.3 with a public-key hint around a DSSE envelope, which cosign also reads.
import { z } from 'zod';
import { canonicalJson, DewarError, parseJson, shown, type Json } from '@dewar/protocol';
import { base64, fromBase64 } from './base64.ts';
import { checkClaims } from './claims.ts';
import { lowS, preAuthEncoding } from './dsse.ts';
import { sha256 } from './hash.ts';
import { pinnedKey, type Signer } from './receipt-key.ts';
import { statementOf, statementSchema, statementText, type ReceiptPredicate, type ReceiptStatement } from './statement.ts';

export const bundleMediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
export const payloadType = 'application/vnd.in-toto+json';
/** Most bytes of a receipt. */
export const receiptBytes = 4_194_304;
const readLimits = { bytes: receiptBytes, depth: 32, values: 200_000 } as const;

export interface Bundle {
  readonly hint: string;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

// Closed: transparency-log entries, when they come, are a change of this schema and of docs/spec/receipt.md.
const bundleSchema = z.strictObject({
  mediaType: z.literal(bundleMediaType),
  verificationMaterial: z.strictObject({ publicKey: z.strictObject({ hint: z.string() }) }),
  dsseEnvelope: z.strictObject({
    payload: z.string(),
    payloadType: z.literal(payloadType),
    // The key id is empty: it is not authenticated, and cosign refuses a bundle whose key id is the hint.
    signatures: z.tuple([z.strictObject({ sig: z.string(), keyid: z.literal('') })]),
  }),
});

/**
 * Signs the statement of a job that has ended, and answers the bundle's bytes. What a verifier would refuse is not signed: throws `receipt_invalid` or
 * `receipt_subject` when the predicate contradicts itself, `receipt_signature` when the signer's answer does not verify under its own public key.
 */
export async function signReceipt(predicate: ReceiptPredicate, signer: Signer): Promise<Uint8Array> {
  const payload = new TextEncoder().encode(statementText(statementOf(predicate, sha256)));
  checkClaims(parseStatement(payload), sha256);
  const key = pinnedKey(signer.publicKeyPem);
  const signed = preAuthEncoding(payloadType, payload);
  const signature = lowS(await signer.sign(signed));
  if (!signature || !key.verify(signed, signature)) throw new DewarError({ code: 'receipt_signature', message: 'the signer gave no signature by its own key' });
  return formatBundle({ hint: key.hint, payload, signature });
}

export function formatBundle({ hint, payload, signature }: Bundle): Uint8Array {
  const bundle: z.infer<typeof bundleSchema> = {
    mediaType: bundleMediaType,
    verificationMaterial: { publicKey: { hint } },
    dsseEnvelope: { payload: base64(payload), payloadType, signatures: [{ sig: base64(signature), keyid: '' }] },
  };
  return new TextEncoder().encode(`${canonicalJson(bundle)}\n`);
}

/** Throws `receipt_invalid` on all but strict JSON of exactly the bundle's fields. Nothing in it is verified yet. */
export function parseBundle(bytes: Uint8Array): Bundle {
  const bundle = bundleSchema.safeParse(strictJson(bytes, 'the receipt'));
  if (!bundle.success) throw schemaRefusal(bundle.error, 'a Sigstore bundle v0.3 with one signature by a public key');
  const { verificationMaterial, dsseEnvelope } = bundle.data;
  const payload = fromBase64(dsseEnvelope.payload);
  const signature = fromBase64(dsseEnvelope.signatures[0].sig);
  if (!payload || !signature) throw new DewarError({ code: 'receipt_invalid', message: 'payload and signature are base64', path: '/dsseEnvelope' });
  return { hint: verificationMaterial.publicKey.hint, payload, signature };
}

/** Throws `receipt_invalid` unless the payload is the RFC 8785 text of a receipt statement, with every field and no other. */
export function parseStatement(payload: Uint8Array): ReceiptStatement {
  const value = strictJson(payload, 'the statement');
  const statement = statementSchema.safeParse(value);
  if (!statement.success) throw schemaRefusal(statement.error, 'an in-toto statement with predicate urn:dewar:receipt:v1');
  // What is checked from here on is exactly what was signed: nothing dropped or reordered in between.
  if (statementText(statement.data) !== new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload)) {
    throw new DewarError({ code: 'receipt_invalid', message: 'the statement is not RFC 8785 text' });
  }
  return statement.data;
}

function strictJson(bytes: Uint8Array, what: string): Json {
  try {
    return parseJson(bytes, readLimits);
  } catch (cause) {
    const why = cause instanceof DewarError ? `: ${cause.message}` : '';
    throw new DewarError({ code: 'receipt_invalid', message: `${what} is not strict JSON${why}` }, { cause });
  }
}

function schemaRefusal(error: z.ZodError, allowed: string): DewarError {
  const issue = error.issues[0];
  const path = `/${(issue?.path ?? []).map(String).join('/')}`;
  return new DewarError({ code: 'receipt_invalid', message: `the receipt is not of the documented form at ${path}`, path, got: shown(issue?.message), allowed, fix: 'see docs/spec/receipt.md' });
}
