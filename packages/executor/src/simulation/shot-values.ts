// Reads the value of one shot as the engine prints it, and builds the keys of counts.

/** One register's bits, bit 0 first. */
export type Bits = readonly boolean[];

/**
 * Reads `One`, `[Zero, One]` or a tuple of these, such as `([Zero, One], One)`, and the empty tuple `()`.
 * Throws on anything else.
 */
export function readShot(text: string): Bits[] {
  const tuple = text.startsWith('(') && text.endsWith(')');
  const inner = tuple ? text.slice(1, -1) : text;
  if (tuple && inner === '') return [];
  const parts = inner.match(/\[[^\]]*\]|[^,[\]]+/g)?.map((part) => part.trim()).filter((part) => part !== '') ?? [];
  const registers = parts.map((part) => (part.startsWith('[') ? part.slice(1, -1).split(', ').filter((bit) => bit !== '') : [part]).map(readBit));
  const again = registers.map((bits, index) => {
    const words = bits.map((bit) => (bit ? 'One' : 'Zero')).join(', ');
    return parts[index]?.startsWith('[') ? `[${words}]` : words;
  });
  // One register is printed without the tuple's parentheses, a tuple of one never is.
  if ((tuple ? `(${again.join(', ')})` : again.join(', ')) !== text || (!tuple && registers.length !== 1)) throw new Error(`unreadable shot ${JSON.stringify(text.slice(0, 120))}`);
  return registers;
}

function readBit(text: string): boolean {
  if (text === 'One') return true;
  if (text === 'Zero') return false;
  throw new Error(`unreadable bit ${JSON.stringify(text.slice(0, 40))}`);
}

/** Qiskit's order: bit 0 rightmost within a register, the first register rightmost, a space between. */
export function keyOf(registers: readonly Bits[]): string {
  return registers.map((bits) => bits.map((bit) => (bit ? '1' : '0')).reverse().join('')).reverse().join(' ');
}
