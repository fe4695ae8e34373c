// Asking a person: what was typed before the question was on the screen does not count.
import { setTimeout as sleep } from 'node:timers/promises';
import { Interrupted } from './exit.ts';
import type { Output } from './output.ts';

/** The part of process.stdin that is needed. */
export interface Terminal {
  readonly isTTY?: boolean;
  setRawMode(raw: boolean): unknown;
  on(event: 'data', listener: (data: Uint8Array | string) => void): unknown;
  off(event: 'data', listener: (data: Uint8Array | string) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  off(event: 'end', listener: () => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

/** How long after the card a person needs at least; keys before that are thrown away. */
export const armedAfterMs = 1000;
const interruptKey = '\u0003';

/**
 * The line that a person types after the prompt, without its line end; an empty text at the end of input.
 * Raw mode while disarmed also takes keys that the terminal still holds back for want of an Enter.
 */
export async function ask(terminal: Terminal, output: Output, prompt: string, signal: AbortSignal, waitMs: number = armedAfterMs): Promise<string> {
  let interrupted = false;
  const discard = (data: Uint8Array | string): void => {
    if (String(data).includes(interruptKey)) interrupted = true;
  };
  terminal.setRawMode(true);
  terminal.on('data', discard);
  terminal.resume();
  try {
    await sleep(waitMs, undefined, { signal });
  } catch {
    interrupted = true;
  } finally {
    terminal.off('data', discard);
    terminal.setRawMode(false);
  }
  if (interrupted) {
    terminal.pause();
    throw new Interrupted();
  }
  output.prompt(prompt);
  return readLine(terminal, output, signal);
}

function readLine(terminal: Terminal, output: Output, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed = '';
    const finish = (settle: () => void): void => {
      terminal.off('data', onData);
      terminal.off('end', onEnd);
      signal.removeEventListener('abort', onAbort);
      terminal.pause();
      settle();
    };
    const onData = (data: Uint8Array | string): void => {
      typed += typeof data === 'string' ? data : new TextDecoder().decode(data);
      const end = typed.search(/[\r\n]/);
      if (end >= 0) finish(() => resolve(typed.slice(0, end)));
    };
    const onEnd = (): void => finish(() => resolve(''));
    const onAbort = (): void => finish(() => {
      output.note('');
      reject(new Interrupted());
    });
    signal.addEventListener('abort', onAbort);
    terminal.on('data', onData);
    terminal.on('end', onEnd);
  });
}
