// Writes the published JSON Schemas and the OpenAPI document from what the broker itself goes by; `--check` writes nothing and fails where they differ.
import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { pricesFileSchema, ratesFileSchema } from '../packages/broker/src/adapters/price-files.ts';
import { version } from '../packages/broker/src/broker.ts';
import { openApiDocument } from '../packages/broker/src/server/openapi.ts';
import { envelopeRequestSchema, envelopeTermsSchema, jobSpecSchema, policyInputSchema } from '../packages/protocol/src/index.ts';

const schemas: readonly { readonly file: string; readonly title: string; readonly description: string; readonly schema: z.ZodType; readonly version?: number }[] = [
  {
    file: 'job-spec', title: 'Dewar job spec', schema: jobSpecSchema,
    description: 'What an agent submits. The broker is stricter than a schema can say: see job-spec.md for the JSON text itself, and count lengths in UTF-16 units. Patterns need Unicode mode.',
  },
  {
    file: 'policy-input', title: 'Dewar policy input', schema: policyInputSchema, version: 2,
    description: 'What a policy sees: every field always present, nothing else; a field that does not apply is null. Money is in millionths of a unit, except max_cost.',
  },
  {
    file: 'envelope', title: 'Dewar envelope request', schema: envelopeRequestSchema,
    description: 'What an agent asks a person for: a bounded family of jobs under one yes. See envelope.md.',
  },
  {
    file: 'envelope-terms', title: 'Dewar envelope terms', schema: envelopeTermsSchema,
    description: 'The canonical document that a yes to an envelope binds, made by the broker. Its digest is SHA-256 of its RFC 8785 form. See envelope.md.',
  },
  {
    file: 'prices', title: 'Dewar price list', schema: pricesFileSchema, version: 2,
    description: 'prices.json and the catalogue. The broker is stricter: one line a device; a line has a plan, or a currency and at least one part of a price. See operations.md.',
  },
  {
    file: 'rates', title: 'Dewar rates between currencies', schema: ratesFileSchema,
    description: 'rates.json: one unit of `from` is `rate` units of `to`. The broker is stricter: a rate is above zero, of two currencies, neither of them XTS. See operations.md.',
  },
];

/** The text of one schema file, JSON Schema draft 2020-12. */
function published({ file, title, description, schema, version: form = 1 }: (typeof schemas)[number]): string {
  const { $schema, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12' });
  return `${JSON.stringify({ $schema, $id: `urn:dewar:${file}:v${form}`, title, description, ...(file === 'policy-input' ? (choices(rest) as object) : rest) }, null, 2)}\n`;
}

/** A list of types as a choice, which says the same: of the list OPA's type checker, and so an editor of policies, takes the first alone. */
function choices(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(choices);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { type, ...rest } = schema as { readonly type?: unknown };
  const inner = Object.fromEntries(Object.entries(rest).map(([word, value]) => [word, choices(value)]));
  if (Array.isArray(type)) return { anyOf: type.map((one: unknown) => ({ type: one })), ...inner };
  return type === undefined ? inner : Object.fromEntries(Object.keys(schema).map((word) => [word, word === 'type' ? choices(type) : inner[word]]));
}

const files: readonly (readonly [string, string])[] = [
  ...schemas.map((each) => [`${each.file}.schema.json`, published(each)] as const),
  ['openapi.json', `${JSON.stringify(openApiDocument(version), null, 2)}\n`],
];

let stale = 0;
for (const [file, text] of files) {
  const path = new URL(`../docs/spec/${file}`, import.meta.url);
  if (!process.argv.includes('--check')) writeFileSync(path, text);
  else if (readIfThere(path) !== text) {
    process.stderr.write(`docs/spec/${file} differs from the code: run node scripts/publish-schemas.ts\n`);
    stale += 1;
  }
}
process.exitCode = stale === 0 ? 0 : 1;

function readIfThere(path: URL): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
