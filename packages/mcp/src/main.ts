// The MCP server as a process: stdin and stdout carry the protocol and nothing else, and it ends when its client does.
import { Writable } from 'node:stream';

/** Whatever a library prints by mistake goes to stderr: only the transport holds the real stdout. */
function takeStdout(): Writable {
  const real = process.stdout;
  const write = real.write.bind(real);
  const output = new Writable({ write: (chunk: Uint8Array, _encoding, done) => void write(chunk, (error) => done(error ?? null)) });
  real.on('error', (error) => output.destroy(error));
  real.write = process.stderr.write.bind(process.stderr);
  return output;
}

const output = takeStdout();
const socketPath = process.env['DEWAR_SOCKET'];
if (socketPath === undefined || socketPath === '') {
  process.stderr.write('dewar mcp: DEWAR_SOCKET names no session socket\n  fix: start it with dewar mcp\n');
  process.exit(2);
}
const { serve } = await import('./serve.ts');
serve({ socketPath, input: process.stdin, output, log: (line) => void process.stderr.write(`dewar mcp: ${line}\n`), ended: () => process.exit(0) });
