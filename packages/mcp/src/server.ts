// The MCP server: which tools and resources there are, and how a call becomes an answer or a typed error.
import type { SessionClient } from '@dewar/client';
import { DewarError, shown, type ErrorBody } from '@dewar/protocol';
import {
  CLIENT_CAPABILITIES_META_KEY, CLIENT_INFO_META_KEY, ProtocolError, ProtocolErrorCode, Server, type CallToolRequest, type CallToolResult, type InputRequiredResult, type ServerContext, type Tool as ListedTool,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { instructions } from './instructions.ts';
import { readResource, resourceTemplates } from './resources.ts';
import { plainError, said } from './said.ts';
import type { Call, Tool } from './tool.ts';
import { tools } from './tools.ts';

export interface ServerParts {
  readonly client: SessionClient;
  readonly version: string;
  readonly log: (line: string) => void;
}

/** Calls at a time: each may hold a connection to the broker, and a session's socket has 64 for everybody. */
export const mostCalls = 16;
/** Characters of one answer as JSON. */
export const mostAnswer = 262_144;

export function mcpServer({ client, version, log }: ServerParts): Server {
  const server = new Server({ name: 'dewar', title: 'Dewar: quantum jobs under a person\'s control', version }, { capabilities: { tools: {}, resources: {} }, instructions });
  const byName = new Map(tools.map((one) => [one.name, one]));
  let running = 0;
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- a property of the SDK, which is no event target
  server.onerror = (error) => log(said(error.message));
  async function admitted<T>(run: () => Promise<T>): Promise<T> {
    if (running >= mostCalls) throw new DewarError({ code: 'too_many_requests', message: 'too many calls at a time', got: `${running} calls that have not been answered`, allowed: `at most ${mostCalls}`, fix: 'wait for an answer, or cancel a call' });
    running += 1;
    try {
      return await run();
    } finally {
      running -= 1;
    }
  }
  server.setRequestHandler('tools/list', () => ({ tools: listed() }));
  server.setRequestHandler('tools/call', async ({ params }, ctx) => {
    const tool = byName.get(params.name);
    if (tool === undefined) throw unknownTool(params.name);
    try {
      return await admitted(() => answered(tool, params, callOf(server, client, ctx)));
    } catch (error) {
      ctx.mcpReq.signal.throwIfAborted();
      return failed(bodyOf(error, log));
    }
  });
  server.setRequestHandler('resources/list', () => ({ resources: [] }));
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates }));
  server.setRequestHandler('resources/read', async ({ params }, ctx) => {
    try {
      return await admitted(() => readResource(params.uri, client, ctx.mcpReq.signal));
    } catch (error) {
      ctx.mcpReq.signal.throwIfAborted();
      const body = forAgent(plainError(bodyOf(error, log)));
      throw new ProtocolError(body.code === 'not_found' ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError, `${body.message} (${body.code})`, body);
    }
  });
  return server;
}

/** What is no typed error is told to the log alone. */
function bodyOf(error: unknown, log: ServerParts['log']): ErrorBody {
  if (error instanceof DewarError) return error.toBody();
  log(error instanceof Error ? said(error.stack ?? error.message, 2000, true) : 'something that is no error was thrown');
  return { code: 'internal', message: 'the MCP server failed', fix: 'see its log; then try again' };
}

let list: ListedTool[] | undefined;

function listed(): ListedTool[] {
  list ??= tools.map(({ name, title, description, annotations, input, output }) => ({
    name, title, description, annotations: { title, ...annotations }, inputSchema: jsonSchema(input, 'input'), outputSchema: jsonSchema(output, 'output'),
  }));
  return list;
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): ListedTool['inputSchema'] {
  return slim(z.toJSONSchema(schema, { io }), io) as ListedTool['inputSchema'];
}

/** Without what costs a model context, or trips simple readers, and checks nothing that is not checked here anyway. */
function slim(schema: unknown, io: 'input' | 'output'): unknown {
  if (Array.isArray(schema)) return schema.map((one: unknown) => slim(one, io));
  if (typeof schema !== 'object' || schema === null) return schema;
  const kept = Object.entries(schema).filter(([key, value]) => key !== '$schema' && key !== 'propertyNames' && !(io === 'output' && key === 'additionalProperties' && value === false) && Math.abs(Number(value)) !== Number.MAX_SAFE_INTEGER);
  return Object.fromEntries(kept.map(([key, value]) => (key === 'type' && Array.isArray(value) ? ['anyOf', value.map((type: unknown) => ({ type }))] : [key, slim(value, io)])));
}

async function answered(tool: Tool, { arguments: given }: CallToolRequest['params'], call: Call): Promise<CallToolResult | InputRequiredResult> {
  const told = await tool.call(given ?? {}, call);
  if ('ask' in told) return told.ask;
  const { value, text, link } = told;
  const size = JSON.stringify(value).length + text.length;
  if (size > mostAnswer) throw new DewarError({ code: 'body_too_large', message: 'the answer is too large for a model', got: `${size} characters`, allowed: `at most ${mostAnswer}`, fix: 'ask for less, or read it over HTTP at the session\'s socket' });
  return {
    content: [{ type: 'text', text }, ...(link === undefined ? [] : [{ type: 'resource_link' as const, ...link }])],
    structuredContent: value as Record<string, unknown>,
  };
}

/** An error a model can mend: as text, since a structured answer would have to fit the tool's output schema. */
function failed(body: ErrorBody): CallToolResult {
  return { isError: true, content: [{ type: 'text', text: JSON.stringify({ error: forAgent(plainError(body)) }) }] };
}

/** An agent starts no broker: the person does. */
function forAgent(body: ErrorBody): ErrorBody {
  return body.code === 'not_running' ? { ...body, fix: 'ask the person to run `dewar up` in a terminal of their own; then call again' } : body;
}

function unknownTool(name: string): ProtocolError {
  const body: ErrorBody = { code: 'not_found', message: 'there is no such tool', path: '/name', got: shown(name), allowed: tools.map((one) => one.name).join(', '), fix: 'call tools/list' };
  return new ProtocolError(ProtocolErrorCode.InvalidParams, `${body.message}: ${shown(name)}`, body);
}

function callOf(server: Server, client: SessionClient, ctx: ServerContext): Call {
  const { signal, inputResponses } = ctx.mcpReq;
  const about = aboutClient(server, ctx);
  const name = about.info === undefined ? '' : said(`${about.info.name} ${about.info.version}`, 120).trim();
  const progress = progressOf(ctx);
  return {
    client, signal, canShowPage: about.canShowPage && inputResponses === undefined, ...(progress !== undefined && { progress }),
    // What the client says its name is; the person sees it as unverified.
    agent: { door: 'mcp', ...(name !== '' && { client: name }) },
  };
}

const infoSchema = z.object({ name: z.string(), version: z.string() });
const capabilitiesSchema = z.object({ elicitation: z.object({ url: z.object({}) }) });

/** From protocol 2026-07-28 on a client says with each request what it is and can; before, once in `initialize`. */
function aboutClient(server: Server, { mcpReq }: ServerContext): { readonly info: z.output<typeof infoSchema> | undefined; readonly canShowPage: boolean } {
  const envelope: Readonly<Record<string, unknown>> = mcpReq.envelope ?? {};
  return {
    info: infoSchema.safeParse(envelope[CLIENT_INFO_META_KEY] ?? server.getClientVersion()).data,
    canShowPage: capabilitiesSchema.safeParse(envelope[CLIENT_CAPABILITIES_META_KEY] ?? server.getClientCapabilities()).success,
  };
}

/** Progress is the seconds waited, which only ever grow; what is going on is in the message. */
function progressOf({ mcpReq }: ServerContext): ((message: string) => void) | undefined {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return undefined;
  const started = performance.now();
  let last = 0;
  return (message) => {
    if (mcpReq.signal.aborted) return;
    last = Math.max(last + 0.001, Math.round(performance.now() - started) / 1000);
    mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress: last, message } }).catch(() => undefined);
  };
}
