// Ids: a kind, an underscore and 20 Crockford base-32 characters (48 bits of time in ms, 52 random bits), so ids sort by time.

export type IdKind = 'job' | 'grant' | 'evt' | 'session' | 'apr' | 'env';
export type Id<K extends IdKind = IdKind> = `${K}_${string}`;
export type JobId = Id<'job'>;

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** @param timeMs whole milliseconds since 1970, below 2^48; @param random at least 7 random bytes. Throws RangeError on less. */
export function makeId<K extends IdKind>(kind: K, timeMs: number, random: Uint8Array): Id<K> {
  if (!Number.isSafeInteger(timeMs) || timeMs < 0 || timeMs >= 2 ** 48) throw new RangeError('an id needs a time in whole milliseconds');
  if (random.length < 7) throw new RangeError('an id needs 7 random bytes');
  let bits = BigInt(timeMs);
  let tail = 0n;
  for (const byte of random.subarray(0, 7)) tail = (tail << 8n) | BigInt(byte);
  bits = (bits << 52n) | (tail & ((1n << 52n) - 1n));
  let text = '';
  for (let index = 0; index < 20; index += 1) {
    text = alphabet.charAt(Number(bits & 31n)) + text;
    bits >>= 5n;
  }
  return `${kind}_${text}`;
}

export function isId<K extends IdKind>(kind: K, text: string): text is Id<K> {
  return text.startsWith(`${kind}_`) && /^[0-9abcdefghjkmnpqrstvwxyz]{20}$/.test(text.slice(kind.length + 1));
}
