// The child's main thread: trades its token for the program, hands that to the worker, passes answers on, and dies with its parent.
import { Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

/** The one channel: a socket pair, newline-delimited JSON. */
const channel = new Socket({ fd: 3, readable: true, writable: true });
const die = (): void => {
  process.kill(process.pid, 'SIGKILL');
};
channel.on('end', die);
channel.on('close', die);
channel.on('error', die);

const send = (line: string): void => {
  channel.write(`${line}\n`);
};
const fail = (code: string, message: string): void => send(JSON.stringify({ type: 'error', error: { code, message } }));

let worker: Worker | null = null;
let pending = '';
channel.setEncoding('utf8');
channel.on('data', (chunk: string) => {
  const lines = (pending + chunk).split('\n');
  pending = lines.pop() ?? '';
  lines.forEach(receive);
});

function receive(line: string): void {
  const message: unknown = JSON.parse(line);
  const type = typeof message === 'object' && message !== null && 'type' in message ? message.type : undefined;
  if (type === 'start' && worker === null && message !== null && typeof message === 'object' && 'token' in message) {
    // The worker loads while the token is on its way.
    worker = start();
    send(JSON.stringify({ type: 'redeem', token: message.token }));
  } else if (type === 'program' && worker !== null) worker.postMessage(line);
  else die();
}

function start(): Worker {
  const started = new Worker(new URL('./worker.ts', import.meta.url), { env: {}, stdin: false });
  started.on('message', (line: unknown) => send(String(line)));
  started.on('error', (error: unknown) => {
    const memory = error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    fail(memory ? 'run_memory_limit' : 'run_failed', memory ? 'the run needs more memory than it may have' : `the simulation stopped: ${String(error).slice(0, 500)}`);
  });
  return started;
}
