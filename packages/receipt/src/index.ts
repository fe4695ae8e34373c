// Build, sign and verify Dewar receipts and journal proofs.
export * from './base64.ts';
export * from './checkpoint-key.ts';
export * from './event.ts';
export * from './hash.ts';
export * from './merkle.ts';
export * from './note.ts';
