// Static facts from OpenQASM 2 and 3: what a program asks of a machine, worked out without running or unrolling it.
export { analyse, analyserId } from './analyse.ts';
export { draw, type DrawOptions } from './draw.ts';
export { normalise, type Normalised } from './normalise.ts';
export { sniff } from './tokens.ts';
export { bind, checkGiven, inputsOf, type Given, type Input } from './bind.ts';
export type { Bound } from './reading.ts';
