// Inputs that went wrong: every field of a base deleted, nulled, retyped, wrapped or no longer whole.
import assert from 'node:assert/strict';

export type Plain = null | boolean | number | string | Plain[] | { [key: string]: Plain };
export type Path = readonly (string | number)[];

export function withValue(value: Plain, path: Path, change: Plain | undefined): Plain {
  const [key, ...rest] = path;
  if (key === undefined) return change ?? null;
  assert.ok(typeof value === 'object' && value !== null);
  const copy: Plain = Array.isArray(value) ? [...value] : { ...value };
  const inner = copy as Record<string | number, Plain>;
  if (rest.length > 0) inner[key] = withValue(inner[key] ?? assert.fail(`no ${path.join('.')}`), rest, change);
  else if (change !== undefined) inner[key] = change;
  else if (Array.isArray(copy)) copy.splice(Number(key), 1);
  else delete inner[key];
  return copy;
}

export function paths(value: Plain, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inside = Array.isArray(value) ? value.map((item, index) => paths(item, [...path, index])) : Object.entries(value).map(([key, item]) => paths(item, [...path, key]));
  return [path, ...inside.flat()];
}

export const kind = (value: Plain): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);
export const at = (value: Plain, path: Path): Plain => path.reduce<Plain>((inner, key) => (inner as Record<string | number, Plain>)[key] ?? null, value);
const retypes: readonly Plain[] = [null, '', '1', 'free', 0, 1, -1, 1.5, true, false, [], [1], {}, { a: 1 }];

/** Every field at every depth: gone, of another type, wrapped, emptied, or no longer whole. */
export function* misshapen(base: Plain): Generator<{ readonly path: Path; readonly how: string; readonly input: Plain }> {
  for (const path of paths(base)) {
    const now = at(base, path);
    const wrapped: Plain = Array.isArray(now) ? { ...now } : [now];
    yield { path, how: `as ${JSON.stringify(wrapped)}`, input: withValue(base, path, wrapped) };
    if (typeof now === 'number') yield { path, how: 'with a fraction', input: withValue(base, path, now + 0.5) };
    if (path.length > 0) yield { path, how: 'deleted', input: withValue(base, path, undefined) };
    for (const value of retypes) {
      const emptied = ['""', '[]', '{}'].includes(JSON.stringify(value)) && JSON.stringify(value) !== JSON.stringify(now);
      if (emptied || kind(value) !== kind(now)) yield { path, how: `as ${JSON.stringify(value)}`, input: withValue(base, path, value) };
    }
  }
}
