// Every tool there is. None approves, none holds a credential, none changes an account or a budget.
import type { Tool } from './tool.ts';
import { drawCircuit, putArtifact } from './tools/artifacts.ts';
import { budget, check, estimate, listBackends } from './tools/devices.ts';
import { closeEnvelope, envelopeStatus, requestEnvelope } from './tools/envelopes.ts';
import { cancelJob, jobStatus, listJobs, waitForJob } from './tools/jobs.ts';
import { quote } from './tools/quote.ts';
import { jobResults } from './tools/results.ts';
import { submitJob, submitSweep } from './tools/submit.ts';

export const tools: readonly Tool[] = [
  listBackends, estimate, quote, check, submitJob, submitSweep, jobStatus, waitForJob, jobResults, cancelJob, listJobs, putArtifact, drawCircuit, budget, requestEnvelope, envelopeStatus, closeEnvelope,
];
