// Sending bytes to the broker's store, and looking at a program that is there.
import { DewarError, limits } from '@dewar/protocol';
import { z } from 'zod';
import { codeOf, programInputs } from '../inputs.ts';
import { programFactsOutput, programFactsText, programFactsTold } from '../job-told.ts';
import { lines, said } from '../said.ts';
import { reading, tool } from '../tool.ts';

export const putArtifact = tool({
  name: 'put_artifact', title: 'Send an artifact',
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  description: 'Stores bytes (a program, data) in the broker and gives their digest, for code_blob. The same bytes again are no fault. A program can also be given to submit_job as text.',
  input: z.strictObject({
    text: z.string().max(limits.artifact_bytes).meta({ description: 'The bytes as text, stored as UTF-8. Give text or base64, not both.' }).exactOptional(),
    base64: z.string().max(Math.ceil(limits.artifact_bytes / 3) * 4).meta({ description: `The bytes in base64; at most ${limits.artifact_bytes} bytes.` }).exactOptional(),
  }),
  output: z.object({ digest: z.string(), size: z.number() }),
  run: async ({ text, base64: encoded }, { client, signal }) => {
    const value = await client.putArtifact(bytesOf(text, encoded), { signal });
    return { value, text: `${value.digest} (${value.size} bytes)` };
  },
});

function bytesOf(text: string | undefined, encoded: string | undefined): Uint8Array {
  if ((text === undefined) === (encoded === undefined)) {
    throw new DewarError({ code: 'request_invalid', message: 'an artifact is given either as text or in base64', path: '/text', got: text === undefined ? 'neither text nor base64' : 'both text and base64', allowed: 'text or base64', fix: 'give one of them' });
  }
  if (text !== undefined) return new TextEncoder().encode(text);
  const bytes = Buffer.from(encoded ?? '', 'base64');
  if (bytes.toString('base64') === encoded) return bytes;
  throw new DewarError({ code: 'request_invalid', message: 'not base64', path: '/base64', got: 'other characters, or a length that no bytes have', allowed: 'base64 with its padding and no line breaks (RFC 4648 §4)', fix: 'encode the bytes again, or give them as text' });
}

export const drawCircuit = tool({
  name: 'draw_circuit', title: 'Draw a circuit', annotations: reading,
  description: 'The circuit as text, and what the broker reads in the program. No drawing where it is too large or not a straight line of gates.',
  input: z.strictObject({ ...programInputs, columns: z.int().min(20).max(200).default(76).meta({ description: 'Width in characters, 20 to 200; 76 if left out.' }) }),
  output: z.object({ digest: z.string(), drawing: z.string().nullable(), facts: programFactsOutput }),
  run: async ({ columns, ...given }, { client, signal }) => {
    const { digest, drawing, facts } = await client.drawing(await codeOf(client, given, signal), columns, { signal });
    const value = { digest, drawing: drawing === null ? null : said(drawing, 65_536, true), facts: programFactsTold(facts) };
    return { value, text: lines(value.drawing ?? 'No drawing: it is too large, or not a straight line of gates.', programFactsText(value.facts)) };
  },
});
