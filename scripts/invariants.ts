// Holds docs/invariants.md to the code: every invariant has a row, and every file and test that a row names is there.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const numbers = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const columns = ['number', 'invariant', 'kept in (file)', 'proved by (test file :: test name)', 'status'];

interface Row {
  readonly number: number;
  readonly invariant: string;
  readonly keptIn: readonly string[];
  readonly provedBy: readonly string[];
  readonly status: string;
}

/** The entries of a cell, one a `<br>`, in backticks or bare; a dash is none. */
function entries(cell: string): string[] {
  return cell.split('<br>').map((one) => one.trim().replace(/^`(.*)`$/, '$1')).filter((one) => one !== '' && one !== '-');
}

function rowsOf(text: string): { readonly rows: readonly Row[]; readonly faults: readonly string[] } {
  const table = text.split('\n').filter((line) => line.startsWith('|')).map((line) => line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim().replaceAll('\\|', '|')));
  const [heading = [], , ...body] = table;
  if (heading.join(' | ') !== columns.join(' | ')) return { rows: [], faults: [`docs/invariants.md: the table's columns are not: ${columns.join(' | ')}`] };
  const rows = body.map(([number = '', invariant = '', keptIn = '', provedBy = '', status = '']) => ({ number: Number(number), invariant, keptIn: entries(keptIn), provedBy: entries(provedBy), status }));
  return { rows, faults: [] };
}

function rowFaults(root: string, row: Row): string[] {
  const faults: string[] = [];
  const fault = (text: string): void => {
    faults.push(`invariant ${row.number}: ${text}`);
  };
  if (!numbers.includes(row.number)) fault('no such number');
  if (row.invariant === '') fault('is not said in words');
  const notYet = /^not yet:\s*\S.*\(issue [^)]+\)$/.test(row.status);
  if (!notYet && row.status !== 'kept') fault(`status is "${row.status}"; it is "kept" or "not yet: reason (issue name)"`);
  if (row.status === 'kept' && row.keptIn.length === 0) fault('names no file that keeps it');
  if (row.status === 'kept' && row.provedBy.length === 0) fault('names no test that proves it');
  for (const path of row.keptIn) if (!existsSync(join(root, path))) fault(`kept in ${path}, which is not there`);
  for (const proof of row.provedBy) {
    const [path = '', name = ''] = proof.split(' :: ');
    if (name.trim() === '') fault(`"${proof}" is not "test file :: test name"`);
    else if (!path.endsWith('.test.ts') || !existsSync(join(root, path))) fault(`proved by ${path}, which is no test file here`);
    else if (!testNames(readFileSync(join(root, path), 'utf8')).some((title) => title.includes(name))) fault(`no test in ${path} is called "${name}"`);
  }
  return faults;
}

/** The names given to test(), it(), describe() in a file, skipped and todo ones left out. */
function testNames(text: string): string[] {
  return [...text.matchAll(/(?:^|[\s;(.])(?:test|it|describe|suite)\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g)].map((match) => (match[2] ?? '').replaceAll(/\\(.)/g, '$1'));
}

/** What is wrong with docs/invariants.md under `root`; nothing when each number has one true row. */
export function inspectInvariants(root: string): { readonly faults: readonly string[]; readonly notYet: readonly string[] } {
  const { rows, faults } = rowsOf(readFileSync(join(root, 'docs/invariants.md'), 'utf8'));
  const counted = numbers.flatMap((number) => {
    const count = rows.filter((row) => row.number === number).length;
    return count === 1 ? [] : [`invariant ${number}: has ${count} rows, not one`];
  });
  return {
    faults: [...faults, ...counted, ...rows.flatMap((row) => rowFaults(root, row))],
    notYet: rows.filter((row) => row.status !== 'kept').map((row) => `invariant ${row.number}: ${row.status}`),
  };
}

if (import.meta.main) {
  const { faults, notYet } = inspectInvariants(dirname(import.meta.dirname));
  for (const line of [...notYet, ...faults]) console.log(line);
  console.log(`${notYet.length} not yet kept, ${faults.length} faults`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}
