// One program from source to counts: normalise, compile, then the sampler, the practice device's noise, or the engine shot by shot.
import { normalise } from '@dewar/openqasm';
import { DewarError, type Register } from '@dewar/protocol';
import { sampleSeconds, shotLoopSeconds } from '../cost.ts';
import { maxKeys, maxQubits, type Program, type RunMethod } from '../wire.ts';
import type { Compiler } from './compile.ts';
import { exactAngles } from './angles.ts';
import { lowestFirst } from './bit-order.ts';
import { controlled, refuseLoss, refuseWrong } from './controls.ts';
import { exactGates } from './exact.ts';
import { sampleNoisy } from './noise.ts';
import { readQir, unmeasured, type QirProgram } from './qir.ts';
import { Random } from './random.ts';
import { prepare, type Prepared } from './registers.ts';
import { positionsOf, sampleExact } from './sample.ts';
import { tokens } from './scan.ts';
import { keyOf, readShot } from './shot-values.ts';

const samplerStream = 0;

export interface Simulated {
  readonly registers: readonly Register[];
  /** Bit strings in ascending order. */
  readonly keys: readonly string[];
  /** Shots of each key. */
  readonly counts: readonly number[];
  readonly method: RunMethod;
}

/** One point's program, its inputs bound. */
export type Bound = Omit<Program, 'points'>;

/** Throws `program_invalid`, `run_too_large`, `run_output_limit` or `device_refused`. The same program gives the same answer, byte for byte. */
export async function simulate(program: Bound, compiler: Compiler, onProgress: (done: number) => void): Promise<Simulated> {
  const { text: plain, physical } = normalise(program.source);
  if (program.measurements === 0) throw measuresNothing();
  const normalised = lowestFirst(plain);
  const list = tokens(normalised);
  refuseWrong(normalised, list, controlled(list));
  const angles = exactAngles(normalised);
  refuseLoss(angles.lossy);
  const { text, compilable } = exactGates(angles.text);
  if (!compilable && program.noise !== null) throw controlledPhase();
  const circuit = !compilable || (program.dynamic && program.noise === null) ? null : await staticCircuit(text, compiler);
  const random = new Random(program.seed, samplerStream);
  if (program.noise !== null) {
    if (circuit === null) throw dynamicOnDevice();
    // A qubit beyond the program's own stands for one that was measured or reset on the way.
    if (circuit.qir.qubits > program.qubits) throw dynamicOnDevice();
    const noise = { calibration: program.noise, physical: physical.length > 0 ? physical : null };
    return simulated(circuit, sampleNoisy(circuit.qir, noise, program.shots, random, onProgress), 'noisy-trajectories');
  }
  if (circuit !== null && sampled(circuit.qir, program, positionsOf(circuit.qir).size)) return simulated(circuit, sampleExact(circuit.qir, program.shots, random), 'state-vector');
  if (program.qubits > maxQubits) throw tooManyQubits(program.qubits);
  return shotByShot(text, program.shots, compiler, onProgress);
}

/** Deferred measurements may have grown the circuit past what the engine's own loop costs. */
function sampled({ gates, qubits }: QirProgram, { qubits: own, shots }: Bound, size: number): boolean {
  if (size > maxQubits) return false;
  return qubits <= own || sampleSeconds(gates.length, size, shots) <= shotLoopSeconds(gates.length, own, shots);
}

interface Circuit {
  readonly qir: QirProgram;
  readonly names: readonly string[];
}

/** `null` where the base profile cannot say the program. */
async function staticCircuit(text: string, compiler: Compiler): Promise<Circuit | null> {
  let prepared = prepare(text, false);
  let compiled = await compiler.compile(prepared.text);
  if (compiled.kind === 'unmeasured') {
    prepared = prepare(text, true);
    compiled = await compiler.compile(prepared.text);
  }
  return compiled.kind === 'qir' ? { qir: withoutLeading(readQir(compiled.text), prepared), names: prepared.names } : null;
}

/** Takes the added qubits out again: a bit measured from one is 0. */
function withoutLeading(qir: QirProgram, { leading }: Prepared): QirProgram {
  if (leading === 0) return qir;
  return {
    ...qir,
    qubits: qir.qubits - leading,
    gates: qir.gates.map((gate) => ({ ...gate, qubits: gate.qubits.map((qubit) => qubit - leading) })),
    measured: new Map([...qir.measured].map(([result, qubit]) => [result, qubit < leading ? unmeasured : qubit - leading])),
  };
}

function simulated({ qir, names }: Circuit, counts: ReadonlyMap<string, number>, method: RunMethod): Simulated {
  return { registers: named(names, qir.registers.map((register) => register.length)), ...sorted(counts), method };
}

async function shotByShot(text: string, shots: number, compiler: Compiler, onProgress: (done: number) => void): Promise<Simulated> {
  const { text: prepared, names } = prepare(text, false);
  const seen = new Map<string, { key: string; count: number }>();
  let sizes: readonly number[] | null = null;
  let done = 0;
  await compiler.simulate(prepared, shots, (value) => {
    let entry = seen.get(value);
    if (entry === undefined) {
      const bits = readShot(value);
      sizes ??= bits.map((register) => register.length);
      if (bits.length !== sizes.length || bits.some((register, index) => register.length !== sizes?.[index])) throw new Error('two shots differ in shape');
      entry = { key: keyOf(bits), count: 0 };
      seen.set(value, entry);
    }
    entry.count += 1;
    done += 1;
    onProgress(done);
  });
  if (done !== shots) throw new Error(`asked for ${shots} shots, got ${done}`);
  const counts = new Map([...seen.values()].map(({ key, count }) => [key, count]));
  return { registers: named(names, sizes ?? []), ...sorted(counts), method: 'shot-by-shot' };
}

function named(names: readonly string[], sizes: readonly number[]): Register[] {
  if (names.length !== sizes.length) throw new Error(`${names.length} registers are declared and ${sizes.length} came back`);
  if (names.length === 0) throw measuresNothing();
  return names.map((name, index) => ({ name, size: sizes[index] ?? 0 }));
}

function sorted(counts: ReadonlyMap<string, number>): Pick<Simulated, 'keys' | 'counts'> {
  if (counts.size > maxKeys) {
    throw new DewarError({
      code: 'run_output_limit', message: 'the results have too many different bit strings', got: `${counts.size} bit strings`,
      allowed: `${maxKeys} bit strings`, fix: 'measure fewer qubits, or take fewer shots',
    });
  }
  const keys = [...counts.keys()].sort();
  return { keys, counts: keys.map((key) => counts.get(key) ?? 0) };
}

function measuresNothing(): DewarError {
  return new DewarError({
    code: 'program_invalid', message: 'the program measures nothing, so there is nothing to count', got: 'no measurement into a bit',
    allowed: 'at least one measurement into a bit', fix: 'declare a bit register and measure into it, for example: bit[2] c; c = measure q;',
  });
}

function dynamicOnDevice(): DewarError {
  return new DewarError({
    code: 'device_refused', message: 'the practice QPU measures at the end only: no classical control, mid-circuit measurement or reset', got: 'a dynamic circuit',
    allowed: 'gates, then measurements', fix: 'run it on the simulator, or move the measurements to the end',
  });
}

function controlledPhase(): DewarError {
  return new DewarError({
    code: 'device_refused', message: 'the practice QPU cannot compile ctrl @ on a gate with a phase of its own', got: 'ctrl @ or negctrl @',
    allowed: 'ctrl @ on x, y, z, h, s, t, sx, rx, ry, rz, swap and their inverses', fix: 'write the gate out, for example cp for ctrl @ p, or run it on the simulator',
  });
}

function tooManyQubits(qubits: number): DewarError {
  return new DewarError({ code: 'run_too_large', message: `the simulator holds ${maxQubits} qubits`, got: `${qubits} qubits`, allowed: `${maxQubits} qubits`, fix: 'use fewer qubits' });
}
