// Policies from Rego files to decisions: OPA in a worker, bundles, the engine.
export * from './again.ts';
export * from './bundle.ts';
export * from './cases.ts';
export * from './decide.ts';
export * from './deciders.ts';
export * from './engine.ts';
export * from './faults.ts';
export * from './folder.ts';
export * from './input-schema.ts';
export * from './opa.ts';
export * from './stored.ts';
