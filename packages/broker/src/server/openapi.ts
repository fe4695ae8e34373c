// The OpenAPI document of a session's door, from the table that the door itself is made from.
import {
  artifactAnswer, backendsAnswer, budgetsAnswer, budgetSchema, decisionSchema, deviceSchema, drawingAnswer, envelopeAnswer, envelopeRequestSchema, envelopesAnswer, envelopeSchema, envelopeTermsSchema, errorSchema, helloAnswer, httpStatus, jobAnswer, jobFactsSchema, jobsAnswer, jobSchema, jobSpecSchema,
  logsAnswer, moneySchema, pricesAnswer, quoteSchema, quotesAnswer, resultsAnswer, shortSubmitAnswer, submitAnswer, type ErrorCode, type Json, type JsonObject,
} from '@dewar/protocol';
import { z } from 'zod';
import { portablePattern } from './portable-pattern.ts';
import { routes, type Content, type Parameter, type Route } from './routes.ts';

/** Schemas that have a name of their own; the others stand where they are used. */
const named: readonly (readonly [string, z.ZodType])[] = [
  ['JobSpec', jobSpecSchema], ['Job', jobSchema], ['Facts', jobFactsSchema], ['Quote', quoteSchema], ['Decision', decisionSchema], ['Device', deviceSchema], ['Money', moneySchema], ['Budget', budgetSchema], ['Error', errorSchema],
  ['HelloAnswer', helloAnswer], ['ArtifactAnswer', artifactAnswer], ['SubmitAnswer', submitAnswer], ['ShortSubmitAnswer', shortSubmitAnswer], ['JobAnswer', jobAnswer], ['JobsAnswer', jobsAnswer],
  ['ResultsAnswer', resultsAnswer], ['LogsAnswer', logsAnswer], ['Envelope', envelopeSchema], ['EnvelopeRequest', envelopeRequestSchema], ['EnvelopeTerms', envelopeTermsSchema], ['EnvelopeAnswer', envelopeAnswer], ['EnvelopesAnswer', envelopesAnswer], ['DrawingAnswer', drawingAnswer], ['QuotesAnswer', quotesAnswer], ['PricesAnswer', pricesAnswer], ['BackendsAnswer', backendsAnswer], ['BudgetsAnswer', budgetsAnswer],
];
const nameOf: ReadonlyMap<unknown, string> = new Map(named.map(([name, schema]) => [schema, name]));

/** What any address may answer with; the three of the middle row at the TCP door only. */
const everywhere: readonly ErrorCode[] = [
  'http_syntax', 'request_timeout', 'body_too_large', 'too_many_requests', 'method_not_allowed',
  'token_refused', 'origin_refused', 'host_refused',
  'storage_full', 'storage_locked', 'storage_corrupt', 'storage_failed', 'internal',
];

const about = `What an agent may ask of a Dewar broker; docs/api.md and docs/spec say more. The same addresses are on a session's UNIX socket, where no token is needed (\`curl --unix-socket\`), and on the TCP door, where one is.
An error is \`{"error": {"code", "message", "path", "got", "allowed", "fix"}}\`: match on \`code\`. Patterns leave out what is beyond U+FFFF; JSON is read more strictly than a schema can say; docs/spec/job-spec.schema.json is the exact schema of a spec.`;

const texts = new Map<string, string>();

/** The same as text, made once: making it holds everybody up for a tenth of a second. */
export function openApiText(version: string): string {
  const known = texts.get(version) ?? JSON.stringify(openApiDocument(version));
  texts.set(version, known);
  return known;
}

export function openApiDocument(version: string): JsonObject {
  const paths: Record<string, Record<string, Json>> = {};
  const refusals = new Refusals();
  for (const [operationId, route] of Object.entries<Route>(routes)) {
    paths[route.path] = { ...paths[route.path], [route.method]: operation(operationId, route, refusals) };
  }
  return {
    openapi: '3.1.1',
    info: { title: 'Dewar', version, description: about, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: 'https://localhost:{port}', description: 'The TCP door, when a person has opened it.', variables: { port: { default: '7443' } } }],
    security: [{ token: [] }, { tokenAsPassword: [] }],
    paths,
    components: {
      schemas: Object.fromEntries(named.map(([name, schema]) => [name, schemaJson(schema, name)])),
      responses: refusals.components,
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'A session token: `dewar session token NAME`.' },
        tokenAsPassword: { type: 'http', scheme: 'basic', description: 'The session token as password, with any user name.' },
      },
    },
  };
}

function operation(operationId: string, { summary, parameters = [], body, answers, errors }: Route, refusals: Refusals): JsonObject {
  return {
    operationId, summary,
    ...(parameters.length > 0 && { parameters: parameters.map(parameter) }),
    ...(body && { requestBody: { required: true, description: body.description, content: content(body) } }),
    responses: { ...Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, { description: answer.description, content: content(answer) }])), ...refusals.of([...errors, ...everywhere]) },
  };
}

function parameter({ in: where, name, description, schema }: Parameter): JsonObject {
  return { in: where, name, required: where === 'path', description, schema: schemaJson(schema) };
}

function content({ type, schema, example }: Content): JsonObject {
  return { [type]: { ...(schema !== null && { schema: schemaJson(schema) }), ...(example && { example }) } };
}

/** One answer a status and set of codes, written once: `Refusal404`, `Refusal404.2`. */
class Refusals {
  readonly components: Record<string, JsonObject> = {};
  readonly #names = new Map<string, string>();

  of(codes: readonly ErrorCode[]): Record<string, JsonObject> {
    const byStatus = Object.groupBy(new Set(codes), (code) => String(httpStatus(code)));
    return Object.fromEntries(Object.entries(byStatus).map(([status, these = []]) => [status, { $ref: `#/components/responses/${this.#name(status, these)}` }]));
  }

  #name(status: string, codes: readonly ErrorCode[]): string {
    const key = codes.toSorted().join(' ');
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const number = [...this.#names.values()].filter((name) => name.startsWith(`Refusal${status}`)).length;
    const name = `Refusal${status}${number === 0 ? '' : `.${number + 1}`}`;
    this.#names.set(key, name);
    this.components[name] = {
      description: codes.map((code) => `\`${code}\``).join(', '),
      content: { 'application/json': { schema: { type: 'object', properties: { error: { allOf: [reference('Error'), { properties: { code: { enum: codes } } }] } }, required: ['error'] } } },
    };
    return name;
  }
}

function reference(name: string): { $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}

/** @param own the name of the schema itself, which is written out; every other named one is referred to */
function schemaJson(schema: z.ZodType, own?: string): JsonObject {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-2020-12', io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const name = nameOf.get(zodSchema);
      if (typeof jsonSchema.pattern === 'string') {
        const portable = portablePattern(jsonSchema.pattern);
        if (portable === undefined) delete jsonSchema.pattern;
        else jsonSchema.pattern = portable;
      }
      if (name === undefined || name === own) return;
      for (const key of Object.keys(jsonSchema)) delete jsonSchema[key as keyof typeof jsonSchema];
      Object.assign(jsonSchema, reference(name));
    },
  });
  return rest as unknown as JsonObject;
}
