// Receipts signed with the broker's P-256 key, as Sigstore bundles.
import { signReceipt, type Signer } from '@dewar/receipt';
import type { ReceiptSigner } from '../core/ports.ts';

export function bundleSigner(key: Signer): ReceiptSigner {
  return { sign: (predicate) => signReceipt(predicate, key) };
}
