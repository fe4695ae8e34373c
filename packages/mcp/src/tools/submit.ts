// Handing in a job, or a sweep: one program at many points, as one job under one decision.
import { DewarError } from '@dewar/protocol';
import { z } from 'zod';
import { parametersInput, specBytes, specInputs, sweepInput, type SpecGiven } from '../inputs.ts';
import { jobOutput, jobText, jobTold } from '../job-told.ts';
import { tool, type Call, type Told } from '../tool.ts';

/** May reach a device that costs money, though never without a person's yes; takes nothing away. */
const submitting = { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true } as const;

async function submitted(given: SpecGiven, { client, agent, signal }: Call): Promise<Told<z.output<typeof jobOutput>>> {
  const answer = await client.submit(await specBytes(client, given, agent, signal), { signal });
  if (answer.dry_run) throw new Error('a submit was answered as a dry run');
  const value = jobTold(answer.job);
  return { value, text: jobText(value) };
}

export const submitJob = tool({
  name: 'submit_job', title: 'Submit a job', annotations: submitting,
  description: 'Submits one OpenQASM program. Answers at once with the job id and its status: queued, waiting (a person must decide), or denied with the narrowest change that would pass. Each call is a new job.',
  input: z.strictObject({ ...specInputs, parameters: parametersInput.exactOptional() }), output: jobOutput,
  run: submitted,
});

export const submitSweep = tool({
  name: 'submit_sweep', title: 'Submit a sweep', annotations: submitting,
  description: 'Submits one OpenQASM program with `input` declarations at many points, as one job: one decision, one price, results in one table. Prefer it to many submit_job calls.',
  input: z.strictObject({ ...specInputs, parameters: sweepInput }), output: jobOutput,
  run: async (given, call) => {
    if (!Object.values(given.parameters).some(Array.isArray)) {
      throw new DewarError({ code: 'request_invalid', message: 'a sweep needs a list', path: '/parameters', got: 'single values only', allowed: 'at least one name with a list of values', fix: 'give a list, or call submit_job' });
    }
    return submitted(given, call);
  },
});
