// The only place that prints: results to stdout, the rest to stderr, every character escaped at the rim.
import { DewarError, type ErrorBody } from '@dewar/protocol';
import { clip, escape, escapeJson } from './escape.ts';
import { row, wrap, type Line, type Tone } from './line.ts';

export interface Sink {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface OutputOptions {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** One JSON document on stdout, errors as `{error}` on stderr, nothing else. */
  readonly json: boolean;
}

/** SGR codes (ECMA-48 §8.3.117). */
const codes: Readonly<Record<Tone, string>> = { strong: '1', faint: '2', good: '32', warn: '33', bad: '31' };
const frames = ['-', '\\', '|', '/'] as const;

export class Output {
  readonly json: boolean;
  /** Columns that lines may take: the terminal's, at least 40; 80 in a pipe. */
  readonly columns: number;
  /** The same for tables, which a pipe gets uncut. */
  readonly tableColumns: number;
  /** Someone looks at stderr while work goes on. */
  readonly live: boolean;
  readonly #options: OutputOptions;
  #status = '';
  #frame = 0;

  constructor(options: OutputOptions) {
    this.#options = options;
    this.json = options.json;
    this.columns = Math.max(40, options.stdout.isTTY === true ? columnsOf(options.stdout) : 80);
    this.tableColumns = options.stdout.isTTY === true ? this.columns : Infinity;
    this.live = options.stderr.isTTY === true && !options.json && options.env['TERM'] !== 'dumb';
  }

  /** What was asked for: the document with `--json`, else the lines. */
  answer(document: object, lines: () => readonly Line[]): void {
    this.#clear();
    const { stdout } = this.#options;
    if (this.json) stdout.write(`${escapeJson(JSON.stringify(document, null, 2))}\n`);
    else for (const line of lines()) stdout.write(`${this.#render(line, stdout)}\n`);
  }

  /** JSON that was signed or stored elsewhere, as it is; characters that could harm a terminal are written as `\uXXXX`. */
  jsonText(text: string): void {
    this.#clear();
    this.#options.stdout.write(`${escapeJson(text.trimEnd())}\n`);
  }

  /** Anything besides the result; not said with `--json`. */
  note(...lines: readonly Line[]): void {
    if (this.json) return;
    this.#clear();
    for (const line of lines) this.#options.stderr.write(`${this.#render(line, this.#options.stderr)}\n`);
    this.#draw();
  }

  failure(error: unknown): void {
    this.status('');
    const body = errorBody(error);
    if (this.json) {
      this.#options.stderr.write(`${escapeJson(JSON.stringify({ error: body }))}\n`);
      return;
    }
    const { stderr } = this.#options;
    this.note(...failureLines(body, stderr.isTTY === true ? Math.max(40, columnsOf(stderr)) : Infinity));
  }

  /** Help and the like, which this program wrote itself, line by line. */
  help(text: string, toStderr: boolean): void {
    const sink = toStderr ? this.#options.stderr : this.#options.stdout;
    for (const line of text.replace(/\n$/, '').split('\n')) sink.write(`${escape(line)}\n`);
  }

  /** For another program: a row a line, its cells parted by tabs. Cells are escaped, so none can end its row. */
  rows(rows: readonly (readonly string[])[]): void {
    this.#options.stdout.write(rows.map((cells) => `${cells.map((cell) => escape(cell)).join('\t')}\n`).join(''));
  }

  /** The one line that changes while work goes on; empty takes it away. Only on a terminal. */
  status(text: string): void {
    if (!this.live) return;
    this.#clear();
    this.#status = text;
    this.#draw();
  }

  /** A question at the end of a line, on stderr. */
  prompt(text: string): void {
    this.status('');
    this.#options.stderr.write(escape(text));
  }

  #draw(): void {
    if (this.#status === '') return;
    this.#frame = (this.#frame + 1) % frames.length;
    this.#options.stderr.write(`${frames[this.#frame] ?? ''} ${clip(escape(this.#status), columnsOf(this.#options.stderr) - 3)}`);
  }

  #clear(): void {
    if (this.#status !== '') this.#options.stderr.write('\r\u001b[2K');
  }

  #render(line: Line, sink: Sink): string {
    const { env } = this.#options;
    const colour = sink.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
    const parts = typeof line === 'string' ? [line] : line;
    return parts.map((part) => {
      if (typeof part === 'string') return escape(part);
      return colour ? `\u001b[${codes[part.tone]}m${escape(part.text)}\u001b[0m` : escape(part.text);
    }).join('');
  }
}

/** A terminal that does not know its width says 0. */
function columnsOf(sink: Sink): number {
  return sink.columns === undefined || sink.columns === 0 ? 80 : sink.columns;
}

export function errorBody(error: unknown): ErrorBody {
  if (error instanceof DewarError) return error.toBody();
  return { code: 'internal', message: error instanceof Error ? error.message : String(error), fix: 'dewar doctor' };
}

/** @param columns to wrap to; a pipe gets each line whole */
export function failureLines(body: ErrorBody, columns: number): Line[] {
  const [first = '', ...rest] = wrap(`error: ${body.message} (${body.code})`, columns);
  const detail = (name: string, text: string | undefined): Line[] => (text === undefined || text === '' ? [] : row(`  ${name}`, text, columns));
  return [
    [{ text: first.slice(0, 5), tone: 'bad' }, first.slice(5)], ...rest,
    ...detail('at', body.path), ...detail('got', body.got), ...detail('allowed', body.allowed), ...detail('fix', body.fix),
  ];
}
