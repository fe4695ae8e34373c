// DSSE v1 (github.com/secure-systems-lab/dsse): the bytes that are signed, and the one writing of an ECDSA P-256 signature that passes.

/** PAE: "DSSEv1" SP len(type) SP type SP len(payload) SP payload, lengths in bytes. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = new TextEncoder().encode(payloadType);
  const head = new TextEncoder().encode(`DSSEv1 ${type.length} ${payloadType} ${payload.length} `);
  const bytes = new Uint8Array(head.length + payload.length);
  bytes.set(head);
  bytes.set(payload, head.length);
  return bytes;
}

/** The order of the P-256 group (FIPS 186-5, SP 800-186 §3.2.1.3). */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/**
 * Of the two signatures (r, s) and (r, n - s) that verify alike, the one with the lower s, so that a receipt has one signature and not two.
 * Answers undefined when the bytes are no DER ECDSA-Sig-Value (RFC 3279 §2.2.3) of P-256.
 */
export function lowS(signature: Uint8Array): Uint8Array | undefined {
  const pair = readPair(signature);
  if (!pair) return undefined;
  const { r, s } = pair;
  return writePair(r, s > order / 2n ? order - s : s);
}

/** True for strict DER with r and s in 1 to n - 1 and s in the lower half. */
export function isLowS(signature: Uint8Array): boolean {
  const pair = readPair(signature);
  return pair !== undefined && pair.s <= order / 2n;
}

function readPair(der: Uint8Array): { r: bigint; s: bigint } | undefined {
  // P-256 signatures have at most 72 bytes, so lengths are of the short form.
  if (der[0] !== 0x30 || der[1] !== der.length - 2 || der.length > 72) return undefined;
  const r = readInteger(der, 2);
  const s = r && readInteger(der, r.end);
  if (!r || !s || s.end !== der.length) return undefined;
  return { r: r.value, s: s.value };
}

function readInteger(der: Uint8Array, at: number): { value: bigint; end: number } | undefined {
  const length = der[at + 1] ?? 0;
  const end = at + 2 + length;
  const first = der[at + 2] ?? 0;
  if (der[at] !== 0x02 || length === 0 || end > der.length || first > 0x7f) return undefined;
  if (first === 0 && (length === 1 || (der[at + 3] ?? 0) <= 0x7f)) return undefined;
  let value = 0n;
  for (const byte of der.subarray(at + 2, end)) value = (value << 8n) | BigInt(byte);
  return value < order ? { value, end } : undefined;
}

function writePair(r: bigint, s: bigint): Uint8Array {
  const body = [...writeInteger(r), ...writeInteger(s)];
  return Uint8Array.of(0x30, body.length, ...body);
}

function writeInteger(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = value; rest > 0n; rest >>= 8n) bytes.unshift(Number(rest & 255n));
  if ((bytes[0] ?? 0) > 0x7f) bytes.unshift(0);
  return [0x02, bytes.length, ...bytes];
}
