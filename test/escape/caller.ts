// Sends one request over a UNIX socket and tells the answer on stdout as JSON: it runs in a sandbox, or as another user.
// Usage: node caller.ts SOCKET METHOD PATH [BODY].
import { request } from 'node:http';

const [socketPath = '', method = 'GET', path = '/', body] = process.argv.slice(2);
const sent = request({ socketPath, method, path, agent: false, headers: { host: 'dewar', ...(body !== undefined && { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }) } }, (answer) => {
  let text = '';
  answer.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  answer.on('end', () => process.stdout.write(JSON.stringify({ status: answer.statusCode, text })));
});
sent.on('error', (error: Error & { readonly code?: string }) => process.stdout.write(JSON.stringify({ status: 0, text: error.code ?? error.message })));
sent.end(body);
