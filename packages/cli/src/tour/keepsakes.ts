// The folder `dewar-tour`: what stays when the tour is over, and an index that says what is what.
import { lstat, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { usage } from '../exit.ts';
import type { Trust } from '../trust.ts';
import { dewar, short } from './places.ts';

const folderName = 'dewar-tour';
/** The index's first line: by it a later tour knows that it may replace the folder. */
const mark = '# What the Dewar tour left here';

export interface Kept {
  /** Relative to the working directory. */
  readonly file: string;
  readonly about: string;
}

export class Keepsakes {
  readonly path = resolve(folderName);
  readonly #kept: Kept[] = [];
  readonly #signal: AbortSignal;

  private constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Makes the folder anew. Throws `usage_invalid` when there is one that no tour made, or when it cannot be written. */
  static async make(signal: AbortSignal): Promise<Keepsakes> {
    const made = new Keepsakes(signal);
    const found = await lstat(made.path).catch(() => undefined);
    if (found !== undefined && !(found.isDirectory() && (await made.#isOurs()))) {
      throw usage('there is something in the way of the folder that the tour keeps its receipts in', { got: made.path, fix: 'move it away, or start the tour in another folder' });
    }
    try {
      await rm(made.path, { recursive: true, force: true });
      for (const folder of ['', 'circuits', 'specs', 'receipts']) await mkdir(join(made.path, folder));
      await made.#writeIndex();
    } catch (cause) {
      throw usage('the folder for the receipts cannot be made', { got: `${made.path}: ${cause instanceof Error && 'code' in cause ? String(cause.code) : 'failed'}`, fix: 'start the tour in a folder that you may write to' });
    }
    return made;
  }

  /** The public keys, which say whose receipts these are. */
  async keys(trust: Trust): Promise<string> {
    await this.#write('trust.json', `${JSON.stringify(trust, null, 2)}\n`, "the tour's public keys, as dewar up pins them");
    return this.#write('receipt-key.pem', trust.receipt_pem, 'the public key that signed the receipts');
  }

  async circuit(name: string, source: Uint8Array, about: string): Promise<string> {
    return this.#write(`circuits/${name}`, source, about);
  }

  async spec(name: string, text: string, about: string): Promise<string> {
    return this.#write(`specs/${name}.json`, text, about);
  }

  async receipt(name: string, bytes: Uint8Array, about: string): Promise<string> {
    return this.#write(`receipts/${name}.sigstore.json`, bytes, about);
  }

  /** Without a single receipt there is nothing to keep. */
  async close(): Promise<void> {
    if (!this.#kept.some(({ file }) => file.startsWith('receipts/'))) await rm(this.path, { recursive: true, force: true });
  }

  async #write(file: string, bytes: Uint8Array | string, about: string): Promise<string> {
    this.#signal.throwIfAborted();
    const path = join(this.path, file);
    await writeFile(path, bytes);
    this.#kept.push({ file, about });
    await this.#writeIndex();
    return short(path);
  }

  async #isOurs(): Promise<boolean> {
    return (await readFile(join(this.path, 'README.md'), 'utf8').catch(() => '')).startsWith(`${mark}\n`);
  }

  async #writeIndex(): Promise<void> {
    const rows = this.#kept.map(({ file, about }) => `- \`${file}\`: ${about}`);
    const receipts = this.#kept.filter(({ file }) => file.startsWith('receipts/')).map(({ file }) => `    ${this.verifyCommand(short(join(this.path, file)))}`);
    await writeFile(join(this.path, 'README.md'), [
      mark, '', 'The broker that signed these ran in a throwaway home, which is gone, and its private key with it. The receipts verify without it:', '',
      ...receipts, '', 'What is what:', '', ...rows, '', 'All hardware in them is the practice QPU: a noisy simulation, practice money (XTS), no real device.',
      'The next tour replaces this folder; `npm run clean` removes it.', '',
    ].join('\n'));
  }

  /** Works when the tour is over, and needs no broker. */
  verifyCommand(receipt: string): string {
    return dewar('verify', receipt, '--key', short(join(this.path, 'receipt-key.pem')));
  }
}
