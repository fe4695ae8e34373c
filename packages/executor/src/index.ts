// Runs one granted job in a child process of its own, and says beforehand what it can run.
export { calibrationSchema, parseCalibration, practiceCalibration, type Calibration } from './calibration.ts';
export { practiceLimit, simulatorLimit, type Load } from './limit.ts';
export { maxQubits as simulatorQubits } from './wire.ts';
export { run, type RunOptions, type RunOutcome } from './run.ts';
export type { RunRequest } from './request.ts';
