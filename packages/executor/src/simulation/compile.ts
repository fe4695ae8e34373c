// The only room that knows qsharp-lang: compiles a program to QIR, or runs it shot by shot, inside a worker that may be killed.
import { readFile } from 'node:fs/promises';
import type { ICompiler, QdkDiagnostics as Diagnostics } from 'qsharp-lang';
import { DewarError, shown } from '@dewar/protocol';
import { Random } from './random.ts';

const cryptoStream = 1;

/** Base-profile text, or that the base profile cannot say it: `unmeasured` bits are recorded, or classical control is `needed`. */
export type Compiled = { readonly kind: 'qir'; readonly text: string } | { readonly kind: 'unmeasured' } | { readonly kind: 'refused'; readonly why: string };

export interface Compiler {
  /** Throws `program_invalid` with the line where the program is wrong. */
  compile(text: string): Promise<Compiled>;
  /** Gives each shot's value as text, such as `([Zero, One], One)`. Throws `program_invalid`. */
  simulate(text: string, shots: number, onShot: (value: string) => void): Promise<void>;
}

/** @param seed all randomness of the engine comes from it: its only source is replaced before it loads, in this thread alone */
export async function openCompiler(seed: number): Promise<Compiler> {
  seedCrypto(seed);
  const engine = await import('qsharp-lang');
  const bytes = await readFile(new URL('../lib/web/qsc_wasm_bg.wasm', import.meta.resolve('qsharp-lang')));
  await engine.loadWasmModule(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const compiler = await engine.getCompiler();
  const { QdkDiagnostics, QscEventTarget } = engine;
  return {
    compile: async (text) => {
      try {
        return { kind: 'qir', text: await compiler.getQir({ ...program(text), profile: 'base' }) };
      } catch (error) {
        return refusal(error, QdkDiagnostics);
      }
    },
    simulate: async (text, shots, onShot) => {
      const target = new QscEventTarget(false);
      let failure: string | null = null;
      target.addEventListener('Result', ({ detail }) => {
        if (detail.success) onShot(detail.value);
        else failure ??= detail.value.message;
      });
      try {
        await compiler.run({ ...program(text), profile: 'unrestricted' }, '', shots, target);
      } catch (error) {
        throw error instanceof QdkDiagnostics ? invalid(error) : failure === null ? broken(error) : stopped(failure);
      }
      if (failure !== null) throw stopped(failure);
    },
  };
}

function program(text: string): Parameters<ICompiler['getQir']>[0] {
  return { sources: [['program.qasm', text]], languageFeatures: [], projectType: 'openqasm' };
}

function refusal(error: unknown, kind: typeof Diagnostics): Compiled {
  if (!(error instanceof kind)) throw broken(error);
  const codes = error.diagnostics.map(({ diagnostic }) => diagnostic.code ?? '');
  if (codes.includes('Qdk.Qsc.PartialEval.OutputResultLiteral')) return { kind: 'unmeasured' };
  if (codes.length > 0 && codes.every((code) => /^Qdk\.Qsc\.(CapabilitiesCk|PartialEval)\./.test(code))) return { kind: 'refused', why: firstLine(error) };
  throw invalid(error);
}

function invalid(error: Diagnostics): DewarError {
  const line = (error.diagnostics[0]?.diagnostic.range.start.line ?? 0) + 1;
  return new DewarError({
    code: 'program_invalid', message: `the program does not compile: line ${line}: ${firstLine(error)}`,
    got: `line ${line}`, allowed: 'OpenQASM 2 or 3 that qsharp-lang compiles', fix: `correct line ${line}`,
  });
}

/** The compiler is WebAssembly, which traps where it should have refused, such as on `negctrl @ ctrl @`. */
function broken(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== 'RuntimeError') return error;
  return new DewarError({
    code: 'run_failed', message: `the compiler broke down on this program: ${error.message.slice(0, 200)}`, got: shown(error.message),
    allowed: 'gates, also under one kind of modifier; ctrl @ before negctrl @; no subroutine that calls itself', fix: 'write every ctrl @ before the first negctrl @, or write the gates out without modifiers',
  });
}

function stopped(message: string): DewarError {
  return new DewarError({
    code: 'program_invalid', message: `the program stopped while it ran: ${message.slice(0, 300)}`,
    got: shown(message), allowed: 'a program whose every shot ends', fix: 'correct the program',
  });
}

function firstLine(error: Diagnostics): string {
  return (error.diagnostics[0]?.diagnostic.message ?? error.message).split('\n')[0]?.slice(0, 300) ?? '';
}

function seedCrypto(seed: number): void {
  const random = new Random(seed, cryptoStream);
  const fill = <T extends ArrayBufferView | null>(view: T): T => {
    if (view !== null) {
      const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      for (let index = 0; index < bytes.length; index += 1) bytes[index] = random.word() >>> 24;
    }
    return view;
  };
  Object.defineProperty(globalThis.crypto, 'getRandomValues', { value: fill });
}
