// Runs a circuit as the practice QPU would: Pauli errors after gates, SWAPs for qubits that are not coupled, wrong readings at the end.
import { DewarError } from '@dewar/protocol';
import { pathBetween, pairKey, type Calibration } from '../calibration.ts';
import { apply, type Gate, type GateName } from './gates.ts';
import { unmeasured, type QirProgram } from './qir.ts';
import type { Random } from './random.ts';
import { at, positionsOf, readout } from './sample.ts';
import { keyOf } from './shot-values.ts';
import { drawn, StateVector } from './state-vector.ts';

export interface Noise {
  readonly calibration: Calibration;
  /** Program qubit to device qubit; `null`: qubits are virtual, number k sits on device qubit k. */
  readonly physical: readonly number[] | null;
}

/** A place where an error may strike, after gate number `after`. */
interface Site {
  readonly after: number;
  /** One program qubit, or two; -1 where a SWAP passes a device qubit that the program does not use. */
  readonly qubits: readonly number[];
  readonly probability: number;
}

/** What struck in one shot: site number and a code with two bits (0 none, 1 X, 2 Y, 3 Z) for each of the site's qubits. */
type Strike = readonly [site: number, pauli: number];

const paulis: readonly (GateName | null)[] = [null, 'x', 'y', 'z'];

/**
 * All shots' errors are drawn first; shots with the same errors share one simulation, and all share the gates before their first error.
 * Throws `device_refused` for qubits that the device lacks and for two-qubit gates of a `$n` program on qubits that are not coupled.
 */
export function sampleNoisy(program: QirProgram, noise: Noise, shots: number, random: Random, onProgress: (done: number) => void): Map<string, number> {
  const native: QirProgram = { ...program, gates: program.gates.flatMap(nativeGates) };
  const device = deviceQubits(native, noise);
  const sites = sitesOf(native.gates, device, noise);
  const groups = drawStrikes(sites, shots, random);
  const positions = positionsOf(native);
  const clean = new StateVector(positions.size);
  const work = new StateVector(positions.size);
  const counts = new Map<string, number>();
  let cleanGates = 0;
  let done = 0;
  const ordered = [...groups].toSorted((a, b) => firstGate(a.strikes, sites) - firstGate(b.strikes, sites));
  for (const { strikes, shots: count } of ordered) {
    const first = firstGate(strikes, sites);
    for (const gate of native.gates.slice(cleanGates, first)) apply(clean, gate, at(positions, gate.qubits));
    cleanGates = Math.max(cleanGates, Math.min(first, native.gates.length));
    work.copyFrom(clean);
    let next = 0;
    for (let index = cleanGates; index <= native.gates.length; index += 1) {
      for (let strike = strikes[next]; strike !== undefined && sites[strike[0]]?.after === index - 1; next += 1, strike = strikes[next]) hit(work, strike, sites, positions);
      const gate = native.gates[index];
      if (gate !== undefined) apply(work, gate, at(positions, gate.qubits));
    }
    const sums = work.collapse();
    for (let shot = 0; shot < count; shot += 1) {
      const key = readNoisy(native, positions, drawn(sums, random.unit()), device, noise.calibration, random);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    done += count;
    onProgress(done);
  }
  return counts;
}

/** The device has no three-qubit gate: ccx is six cx and nine one-qubit gates (Nielsen and Chuang, figure 4.9); swap is three cx. */
function nativeGates(gate: Gate): Gate[] {
  const [a = 0, b = 0, c = 0] = gate.qubits;
  const one = (name: GateName, qubit: number): Gate => ({ name, angle: 0, qubits: [qubit] });
  const cx = (control: number, target: number): Gate => ({ name: 'cx', angle: 0, qubits: [control, target] });
  if (gate.name === 'swap') return [cx(a, b), cx(b, a), cx(a, b)];
  if (gate.name !== 'ccx') return [gate];
  return [
    one('h', c), cx(b, c), one('t_adj', c), cx(a, c), one('t', c), cx(b, c), one('t_adj', c), cx(a, c),
    one('t', b), one('t', c), one('h', c), cx(a, b), one('t', a), one('t_adj', b), cx(a, b),
  ];
}

function deviceQubits(program: QirProgram, { calibration, physical }: Noise): ReadonlyMap<number, number> {
  const used = new Set([...program.gates.flatMap(({ qubits }) => qubits), ...program.registers.flat().map((result) => program.measured.get(result) ?? unmeasured)]);
  used.delete(unmeasured);
  return new Map([...used].map((qubit) => {
    const place = physical === null ? qubit : physical[qubit];
    if (place === undefined || calibration.qubits[place] === undefined) {
      throw new DewarError({
        code: 'device_refused', message: `${calibration.device} has no qubit ${place ?? qubit}`, got: `qubit ${place ?? qubit}`,
        allowed: `qubits 0 to ${calibration.qubits.length - 1}`, fix: `use at most ${calibration.qubits.length} qubits`,
      });
    }
    return [qubit, place];
  }));
}

function sitesOf(gates: readonly Gate[], device: ReadonlyMap<number, number>, { calibration, physical }: Noise): Site[] {
  const resident = new Map([...device].map(([qubit, place]) => [place, qubit]));
  const errors = new Map(calibration.coupling.map(({ pair: [a, b], error }) => [pairKey(a, b), error]));
  const sites: Site[] = [];
  gates.forEach(({ qubits: [a = 0, b] }, after) => {
    const from = device.get(a) ?? 0;
    if (b === undefined) {
      sites.push({ after, qubits: [a], probability: calibration.qubits[from]?.gate_error ?? 0 });
      return;
    }
    const to = device.get(b) ?? 0;
    const path = pathBetween(calibration, from, to);
    if (path === null || (physical !== null && path.length > 2)) throw uncoupled(calibration, from, to);
    // The qubit is brought next to its partner and back: three cx a hop, both ways, all noisy.
    for (let hop = 0; hop + 2 < path.length; hop += 1) {
      const passed = path[hop + 1] ?? 0;
      const probability = errors.get(pairKey(path[hop] ?? 0, passed)) ?? 0;
      for (let cx = 0; cx < 6; cx += 1) sites.push({ after, qubits: [a, resident.get(passed) ?? -1], probability });
    }
    sites.push({ after, qubits: [a, b], probability: errors.get(pairKey(path.at(-2) ?? 0, to)) ?? 0 });
  });
  return sites;
}

function uncoupled(calibration: Calibration, from: number, to: number): DewarError {
  return new DewarError({
    code: 'device_refused', message: `${calibration.device} has no coupling between $${from} and $${to}`, got: `a two-qubit gate on $${from}, $${to}`,
    allowed: calibration.coupling.map(({ pair: [a, b] }) => `$${a}-$${b}`).join(' '), fix: 'route the circuit to coupled qubits, or write it with a qubit register',
  });
}

function drawStrikes(sites: readonly Site[], shots: number, random: Random): { strikes: readonly Strike[]; shots: number }[] {
  const groups = new Map<string, { strikes: readonly Strike[]; shots: number }>();
  for (let shot = 0; shot < shots; shot += 1) {
    const strikes: Strike[] = [];
    for (let index = 0; index < sites.length; index += 1) {
      const site = sites[index] as Site;
      if (random.unit() < site.probability) strikes.push([index, 1 + random.below(site.qubits.length === 1 ? 3 : 15)]);
    }
    const key = strikes.join(';');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { strikes, shots: 1 });
    else group.shots += 1;
  }
  return [...groups.values()];
}

/** The number of gates before the first error; all of them where there is none. */
function firstGate(strikes: readonly Strike[], sites: readonly Site[]): number {
  const first = strikes[0];
  return first === undefined ? Number.MAX_SAFE_INTEGER : (sites[first[0]]?.after ?? 0) + 1;
}

function hit(state: StateVector, [site, code]: Strike, sites: readonly Site[], positions: ReadonlyMap<number, number>): void {
  (sites[site]?.qubits ?? []).forEach((qubit, index) => {
    const name = paulis[(code >>> (2 * index)) & 3] ?? null;
    const position = positions.get(qubit);
    if (name !== null && position !== undefined) apply(state, { name, angle: 0, qubits: [] }, [position]);
  });
}

function readNoisy(
  program: QirProgram, positions: ReadonlyMap<number, number>, index: number, device: ReadonlyMap<number, number>, calibration: Calibration, random: Random,
): string {
  const flipped = new Map<number, boolean>();
  return keyOf(readout(program, positions, index).map((register) => register.map(({ bit, qubit, result }) => {
    let flip = flipped.get(result);
    if (flip === undefined) {
      const qubitErrors = calibration.qubits[device.get(qubit) ?? -1];
      flip = random.unit() < ((bit ? qubitErrors?.read_0_when_1 : qubitErrors?.read_1_when_0) ?? 0);
      flipped.set(result, flip);
    }
    return bit !== flip;
  })));
}
