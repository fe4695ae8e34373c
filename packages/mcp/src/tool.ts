// What a tool is: a name, its schemas, and one function from checked arguments to a value and the same in words.
import type { SessionClient } from '@dewar/client';
import { DewarError, pointer, shown } from '@dewar/protocol';
import type { InputRequiredResult, ToolAnnotations } from '@modelcontextprotocol/server';
import { z } from 'zod';

/** What one call is given. */
export interface Call {
  readonly client: SessionClient;
  /** Aborted when the client cancels the call or goes away. */
  readonly signal: AbortSignal;
  /** Present where the client asked for progress. */
  readonly progress?: (message: string) => void;
  /** What the client says of itself: recorded with a job as unverified. */
  readonly agent: Readonly<Record<string, string>>;
  /** Whether the client can show a person a web page (URL-mode elicitation) and has not been asked to in this call. */
  readonly canShowPage: boolean;
}

export interface ResourceLink {
  readonly uri: string;
  readonly name: string;
  readonly description: string;
  readonly mimeType: string;
}

/** A tool's answer: `value` fits the output schema, `text` says the same in few words. */
export interface Told<T> {
  readonly value: T;
  readonly text: string;
  readonly link?: ResourceLink;
}

/** Instead of an answer: the client is to show a person a page, and to call again. */
export interface Asked {
  readonly ask: InputRequiredResult;
}

export interface Tool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly annotations: ToolAnnotations;
  readonly input: z.ZodType;
  readonly output: z.ZodType;
  /** Checks the arguments, then runs. Throws a DewarError. */
  readonly call: (given: unknown, call: Call) => Promise<Told<unknown> | Asked>;
}

interface ToolParts<I extends z.ZodType, O extends z.ZodType> extends Omit<Tool, 'call' | 'input' | 'output'> {
  readonly input: I;
  readonly output: O;
  readonly run: (given: z.output<I>, call: Call) => Promise<Told<z.output<O>> | Asked>;
}

export function tool<I extends z.ZodType, O extends z.ZodType>({ run, ...parts }: ToolParts<I, O>): Tool {
  return { ...parts, call: (given, call) => run(checked(parts.input, given), call) };
}

export const reading: ToolAnnotations = { readOnlyHint: true, idempotentHint: true, openWorldHint: false };

/** Throws `request_invalid` with the place in the arguments. */
export function checked<S extends z.ZodType>(schema: S, given: unknown): z.output<S> {
  const parsed = schema.safeParse(given);
  if (parsed.success && !hidesKey(given)) return parsed.data;
  if (parsed.success) {
    throw new DewarError({ code: 'request_invalid', message: 'an argument has a field named __proto__', path: '', got: '"__proto__"', allowed: 'any other name', fix: 'name it otherwise' });
  }
  const issue = parsed.error.issues[0];
  const path = (issue?.path ?? []).map(String);
  if (issue?.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    throw new DewarError({
      code: 'request_invalid', message: `there is no argument ${shown(key)}`, path: pointer([...path, key]), got: shown(key),
      allowed: schema instanceof z.ZodObject ? Object.keys(schema.shape).join(', ') : 'no such argument', fix: `remove ${shown(key)}`,
    });
  }
  const got = at(given, path);
  throw new DewarError({
    code: 'request_invalid', message: got === undefined && path.length > 0 ? `the argument ${pointer(path)} is missing` : `${path.length === 0 ? 'the arguments do' : `the argument ${pointer(path)} does`} not pass: ${(issue?.message ?? '').replace('Invalid input: ', '')}`,
    path: pointer(path), got: shown(got), allowed: allowedAt(schema, path[0]) ?? issue?.message ?? 'what the input schema says', fix: "see the tool's input schema",
  });
}

/** What an argument is described with says what passes, in words better than the library's. */
function allowedAt(schema: z.ZodType, name: string | undefined): string | undefined {
  if (!(schema instanceof z.ZodObject) || name === undefined) return undefined;
  let field: unknown = schema.shape[name];
  while (field instanceof z.ZodExactOptional || field instanceof z.ZodDefault) field = field.unwrap();
  return field instanceof z.ZodType ? field.meta()?.description : undefined;
}

/** The library's records leave this one key out without a word: another experiment would run than was asked for. */
function hidesKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.hasOwn(value, '__proto__') || Object.values(value).some(hidesKey);
}

function at(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const key of path) current = typeof current === 'object' && current !== null && Object.hasOwn(current, key) ? (current as Record<string, unknown>)[key] : undefined;
  return current;
}
