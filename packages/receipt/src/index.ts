// Build, sign and verify Dewar receipts and journal proofs.
export * from './base64.ts';
export { formatBundle, parseBundle, signReceipt, type Bundle } from './bundle.ts';
export * from './checkpoint-key.ts';
export { preAuthEncoding } from './dsse.ts';
export * from './event.ts';
export * from './hash.ts';
export * from './merkle.ts';
export * from './note.ts';
export * from './receipt-key.ts';
export * from './statement.ts';
export * from './verify.ts';
