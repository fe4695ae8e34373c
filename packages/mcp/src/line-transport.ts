// MCP's stdio transport: one JSON-RPC message a line, read strictly, and every line that is none answered with a typed error.
import type { Readable, Writable } from 'node:stream';
import { DewarError, parseJson, shown, type ErrorBody } from '@dewar/protocol';
import { isJSONRPCNotification, isJSONRPCRequest, isJSONRPCResponse, ProtocolErrorCode, serializeMessage, type JSONRPCMessage, type RequestId, type Transport } from '@modelcontextprotocol/server';

/** What a line may hold: the largest artifact in base64 and room around it. */
export const lineLimits = { bytes: 25_165_824, depth: 32, values: 20_000 } as const;
const newline = 0x0a;

export class LineTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #input: Readable;
  readonly #output: Writable;
  readonly #ended: () => void;
  #chunks: Buffer[] = [];
  #size = 0;
  /** The line under way is too long: what is left of it is thrown away. */
  #skipping = false;
  #closed = false;

  /** @param ended told once, when either side has gone and all that was under way has been told to stop */
  constructor(input: Readable, output: Writable, ended: () => void) {
    this.#input = input;
    this.#output = output;
    this.#ended = ended;
  }

  async start(): Promise<void> {
    this.#output.on('error', this.#end);
    this.#output.on('close', this.#end);
    this.#output.on('drain', this.#resume);
    this.#input.on('data', this.#read);
    this.#input.on('error', this.#end);
    this.#input.on('end', this.#end);
    this.#input.on('close', this.#end);
  }

  /** A client that sends and does not read is not read from either, so that answers to it do not pile up. */
  async send(message: JSONRPCMessage): Promise<void> {
    if (this.#closed) return;
    if (!this.#output.write(serializeMessage(message))) this.#input.pause();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#input.off('data', this.#read);
    this.#input.pause();
    this.#chunks = [];
    this.onclose?.();
    this.#ended();
  }

  readonly #end = (): void => void this.close();

  readonly #resume = (): void => {
    if (!this.#closed) this.#input.resume();
  };

  readonly #read = (chunk: Buffer): void => {
    let rest = chunk;
    for (;;) {
      if (this.#closed) return;
      const end = rest.indexOf(newline);
      this.#keep(end < 0 ? rest : rest.subarray(0, end));
      if (end < 0) return;
      this.#line();
      rest = rest.subarray(end + 1);
    }
  };

  #keep(part: Buffer): void {
    if (this.#skipping) return;
    this.#size += part.length;
    if (this.#size > lineLimits.bytes) {
      this.#skipping = true;
      this.#chunks = [];
    } else if (part.length > 0) this.#chunks.push(part);
  }

  #line(): void {
    const skipped = this.#skipping;
    const line = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#size = 0;
    this.#skipping = false;
    if (skipped) {
      this.#refuse(undefined, ProtocolErrorCode.InvalidRequest, {
        code: 'body_too_large', message: 'the message is too long', got: `more than ${lineLimits.bytes} bytes in a line`, allowed: `at most ${lineLimits.bytes} bytes`, fix: 'send less in one message',
      });
      return;
    }
    const text = line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
    if (text.length > 0) this.#message(text);
  }

  #message(line: Buffer): void {
    try {
      parseJson(line, lineLimits);
    } catch (error) {
      const loose = looselyParsed(line);
      this.#refuse(idIn(loose), loose === undefined ? ProtocolErrorCode.ParseError : ProtocolErrorCode.InvalidRequest, error instanceof DewarError ? error.toBody() : internal);
      return;
    }
    // The strict reader's objects have no prototype, which not all code of the SDK expects.
    const message: unknown = JSON.parse(line.toString('utf8'));
    if (isJSONRPCRequest(message) || isJSONRPCNotification(message) || isJSONRPCResponse(message)) {
      this.onmessage?.(message);
      return;
    }
    this.#refuse(idIn(message), ProtocolErrorCode.InvalidRequest, {
      code: 'request_invalid', message: Array.isArray(message) ? 'a batch is no message of this protocol' : 'not a JSON-RPC 2.0 message', got: shown(message),
      allowed: 'one request, notification or response a line, with "jsonrpc": "2.0"', fix: 'send one message a line',
    });
  }

  #refuse(id: RequestId | undefined, code: number, body: ErrorBody): void {
    void this.send({ jsonrpc: '2.0', ...(id !== undefined && { id }), error: { code, message: `${body.message} (${body.code})`, data: body } });
  }
}

const internal: ErrorBody = { code: 'internal', message: 'the message could not be read' };

function looselyParsed(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The id of what was meant as a request, so that its sender does not wait for an answer that never comes. */
function idIn(message: unknown): RequestId | undefined {
  if (typeof message !== 'object' || message === null || !('id' in message) || !('method' in message)) return undefined;
  const { id } = message;
  return (typeof id === 'string' && id.length <= 256) || Number.isSafeInteger(id) ? (id as RequestId) : undefined;
}
