// How the tour looks: headings, short paragraphs, grey commands, one status line while something works.
import type { Context } from '../context.ts';
import { ask } from '../ask.ts';
import { wrap, type Line } from '../line.ts';

const redrawMs = 120;
const widest = 80;

export class Stage {
  readonly columns: number;
  /** A person is there to type. */
  readonly hasPerson: boolean;
  readonly #context: Pick<Context, 'output' | 'signal'>;
  readonly #stepwise: boolean;
  readonly #total: number;
  #number = 0;

  constructor(context: Pick<Context, 'output' | 'signal'>, wishes: { readonly step: boolean; readonly total: number }) {
    this.#context = context;
    this.columns = Math.min(widest, context.output.columns);
    this.hasPerson = process.stdin.isTTY && process.stdout.isTTY;
    this.#stepwise = wishes.step && this.hasPerson;
    this.#total = wishes.total;
  }

  /** Begins a step; with `--step`, when Enter was pressed. */
  async step(title: string): Promise<void> {
    await this.enter();
    this.#context.signal.throwIfAborted();
    this.#number += 1;
    const number = `${this.#number}/${this.#total}`;
    this.lines(['', [{ text: `${number}  ${title}`, tone: 'strong' }]]);
  }

  async enter(): Promise<void> {
    if (!this.#stepwise) return;
    this.lines(['']);
    await this.typed('Enter goes on, Ctrl-C ends the tour. ', 0);
  }

  lines(lines: readonly Line[]): void {
    this.#context.output.answer({}, () => lines);
  }

  /** A paragraph. */
  say(text: string): void {
    this.lines(wrap(text, this.columns));
  }

  /** The command that does the same, on as many lines as it needs. */
  command(...commands: readonly string[]): void {
    this.lines(commands.flatMap((command) => shellLines(command, this.columns - 4)).map((text): Line => [{ text, tone: 'faint' }]));
  }

  /** What is going on, on the status line, until the promise settles. */
  async during<T>(text: () => string, work: Promise<T>): Promise<T> {
    const { output } = this.#context;
    const started = performance.now();
    const draw = (): void => output.status(`${text()} · ${Math.floor((performance.now() - started) / 1000)} s`);
    const timer = output.live ? setInterval(draw, redrawMs) : undefined;
    try {
      return await work;
    } finally {
      clearInterval(timer);
      output.status('');
    }
  }

  /** What a person types; empty at the end of input. */
  async typed(prompt: string, waitMs?: number): Promise<string> {
    return (await ask(process.stdin, this.#context.output, prompt, this.#context.signal, waitMs)).trim();
  }

  /** A person's yes or no, asked until it is one of them; the end of input is a no. */
  async saysYes(prompt: string): Promise<boolean> {
    for (;;) {
      const answer = await this.typed(prompt);
      if (answer === 'yes') return true;
      if (answer === 'no' || process.stdin.readableEnded) return false;
      this.say('Type yes or no, and Enter.');
    }
  }
}

/** `$ command`, broken with backslashes at spaces outside quotes, so that it can be pasted as it stands. */
export function shellLines(command: string, columns: number): string[] {
  // An option stays beside its value.
  const words = command.match(/(?:--?[\w-]+ (?!-))?(?:[^\s'"]|'[^']*'|"[^"]*")+/g) ?? [];
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (joined.length <= columns || line === '') {
      line = joined;
      continue;
    }
    lines.push(`${line} \\`);
    line = word;
  }
  lines.push(line);
  return lines.map((text, index) => (index === 0 ? `  $ ${text}` : `      ${text}`));
}
