// What a completed job gave: the top of it here, all of it as a resource.
import { DewarError } from '@dewar/protocol';
import { z } from 'zod';
import { jobIdInput } from '../inputs.ts';
import { mostOutcomes, resultsOutput, resultsText, resultsTold, resultsUri } from '../results-told.ts';
import { reading, tool } from '../tool.ts';

export const jobResults = tool({
  name: 'job_results', title: 'Results of a job', annotations: reading,
  description: 'The counts of a completed job: the most frequent outcomes with probabilities, or one row a point for a sweep. All of it is the resource that `whole` names.',
  input: z.strictObject({
    job_id: jobIdInput,
    top: z.int().min(1).max(mostOutcomes).default(16).meta({ description: `How many outcomes, 1 to ${mostOutcomes}; 16 if left out.` }),
    point: z.int().min(0).max(1000).meta({ description: 'Of a sweep: the outcomes of this one point, from 0.' }).exactOptional(),
    from_point: z.int().min(0).max(1000).default(0).meta({ description: 'Of a sweep: the table from this point on.' }),
  }),
  output: resultsOutput,
  run: async (given, { client, signal }) => {
    const answer = await client.results(given.job_id, { signal });
    const points = answer.results.format === 'dewar.sweep/v1' ? answer.results.points.length : 1;
    if ((given.point ?? given.from_point) >= points) {
      const path = given.point === undefined ? '/from_point' : '/point';
      throw new DewarError({ code: 'request_invalid', message: 'there is no such point', path, got: String(given.point ?? given.from_point), allowed: `0 to ${points - 1}`, fix: 'leave it out' });
    }
    const value = resultsTold(answer, given);
    return {
      value, text: resultsText(value),
      link: { uri: resultsUri(given.job_id), name: `results of ${given.job_id}`, description: 'All counts, seed and engine as JSON', mimeType: 'application/json' },
    };
  },
});
