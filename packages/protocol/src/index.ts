// The words both sides of a wall share. No IO.
export * from './answers.ts';
export * from './canonical-json.ts';
export * from './decimal.ts';
export * from './decision.ts';
export * from './digest.ts';
export * from './error.ts';
export * from './facts.ts';
export * from './home.ts';
export * from './ids.ts';
export * from './json.ts';
export * from './money.ts';
export * from './plain-text.ts';
export * from './policy-input.ts';
export * from './results.ts';
export * from './spec.ts';
export * from './strict-json.ts';
export * from './wire.ts';
