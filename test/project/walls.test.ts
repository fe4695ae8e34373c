// The walls fall on what breaks them: each case is a small project with one fault, beside the same without it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspectWalls } from '../../scripts/walls.ts';
import { folderOf } from './folder.ts';

const manifest = (name: string, ...dependencies: string[]): string => JSON.stringify({ name, dependencies: Object.fromEntries(dependencies.map((one) => [one, '1'])) });

const sound: Readonly<Record<string, string>> = {
  'packages/protocol/package.json': manifest('@dewar/protocol', 'zod'),
  'packages/protocol/src/index.ts': "// Words.\nexport * from './words.ts';\n",
  'packages/protocol/src/words.ts': "// One word.\nimport { z } from 'zod';\nexport const word = z.string();\n",
  'packages/receipt/package.json': manifest('@dewar/receipt', '@dewar/protocol'),
  'packages/receipt/src/index.ts': "// Receipts.\nimport '@dewar/protocol';\n",
  'packages/receipt/test/index.test.ts': "// Tests.\nimport '../src/index.ts';\n",
  'packages/policy/package.json': manifest('@dewar/policy', '@dewar/protocol'),
  'packages/policy/src/decide.ts': "// Decides.\nimport '@dewar/protocol';\n",
  'packages/broker/package.json': manifest('@dewar/broker', '@dewar/policy', '@dewar/protocol', '@dewar/receipt', 'hono'),
  'packages/broker/test/fake.ts': "// Stands in.\nimport '../../receipt/test/index.test.ts';\n",
  'packages/broker/src/main.ts': "// The daemon.\nimport './server/door.ts';\nimport './adapters/clock.ts';\n",
  'packages/broker/src/server/door.ts': "// A door.\nimport 'hono';\nimport type { Job } from '../core/job.ts';\nexport type Door = Job;\n",
  'packages/broker/src/adapters/clock.ts': "// The clock.\nimport 'node:fs';\nimport '../core/job.ts';\n",
  'packages/broker/src/core/job.ts': "// A job.\nimport '@dewar/protocol';\nimport '@dewar/receipt/statement';\nimport '@dewar/policy/decide';\nexport type Job = string;\n",
  'packages/mcp/package.json': manifest('@dewar/mcp', '@dewar/protocol', '@modelcontextprotocol/server'),
  'packages/mcp/src/main.ts': "// The MCP server, whose stdout is a wire.\nimport '@modelcontextprotocol/server';\nprocess.stdout.write('{}');\n",
  'packages/cli/package.json': manifest('dewar', '@dewar/broker', '@dewar/receipt', 'commander'),
  'packages/cli/src/main.ts': "#!/usr/bin/env node\n// The command, told over\n// two lines.\nimport 'commander';\nconst { verify } = await import('@dewar/receipt');\nconsole.log(verify, import.meta.resolve('@dewar/broker/bin'));\n",
  'scripts/walk.ts': "// Walks.\nconsole.log('// https://example.org');\n",
};

test('a sound project has no violation, and every file is looked at', (t) => {
  assert.deepEqual(inspectWalls(folderOf(t, sound)), { violations: [], warnings: [], files: 13 });
});

const faults: readonly [says: string, path: string, text: string, expected: RegExp][] = [
  ['a package without a row', 'packages/extra/package.json', manifest('@dewar/extra'), /packages\/extra: has no row/],
  ['a dependency across a wall', 'packages/receipt/package.json', manifest('@dewar/receipt', '@dewar/protocol', '@dewar/broker'), /depends on @dewar\/broker: receipt may import only protocol/],
  ['an import across a wall', 'packages/receipt/src/a.ts', "// A.\nimport { x } from '@dewar/broker/bin';\n", /receipt may import only protocol/],
  ['a type import across a wall', 'packages/receipt/src/a.ts', "// A.\nimport type {\n  X,\n} from '@dewar/broker';\n", /receipt may import only protocol/],
  ['a re-export across a wall', 'packages/receipt/src/a.ts', "// A.\nexport * from '@dewar/broker';\n", /receipt may import only protocol/],
  ['a dynamic import across a wall', 'packages/receipt/src/a.ts', "// A.\nexport const b = await import('@dewar/broker');\n", /receipt may import only protocol/],
  ['the CLI reading the broker', 'packages/cli/src/a.ts', "// A.\nimport '@dewar/broker/bin';\n", /cli may import only/],
  ['the CLI reading the broker by path', 'packages/cli/src/a.ts', "// A.\nimport '../../broker/src/main.ts';\n", /by its name, not by path/],
  ['a test against the arrows', 'packages/receipt/test/a.ts', "// A.\nimport '../../broker/test/fake.ts';\n", /by its name, not by path/],
  ['a test reaching into the source of another package', 'packages/broker/test/a.ts', "// A.\nimport '../../receipt/src/index.ts';\n", /by its name, not by path/],
  ['someone else resolving the broker', 'packages/receipt/src/a.ts', "// A.\nexport const bin = import.meta.resolve('@dewar/broker/bin');\n", /resolves @dewar\/broker\/bin/],
  ['an import of the CLI', 'scripts/a.ts', "// A.\nimport 'dewar';\n", /nobody imports cli/],
  ['an import of the CLI by path', 'test/e2e/a.ts', "// A.\nimport '../../packages/cli/src/main.ts';\n", /nobody imports cli/],
  ['the CLI reading the MCP server', 'packages/cli/src/a.ts', "// A.\nimport '@dewar/mcp/bin';\n", /nobody imports mcp/],
  ['the MCP server reading the broker', 'packages/mcp/src/a.ts', "// A.\nimport '@dewar/broker';\n", /mcp may import only client, protocol/],
  ['an import of the MCP server', 'packages/broker/src/a.ts', "// A.\nimport '@dewar/mcp';\n", /nobody imports mcp/],
  ['the MCP SDK in the broker', 'packages/broker/src/a.ts', "// A.\nimport '@modelcontextprotocol/server';\n", /@modelcontextprotocol\/server lives in mcp only/],
  ['a print in the MCP server', 'packages/mcp/src/a.ts', "// A.\nprocess.stdout.write('x');\n", /only the CLI prints/],
  ['core using Node', 'packages/broker/src/core/a.ts', "// A.\nimport 'node:fs';\n", /nothing of Node/],
  ['core using an adapter', 'packages/broker/src/core/a.ts', "// A.\nimport '../adapters/clock.ts';\n", /core does not import adapters/],
  ['core using the whole receipt package', 'packages/broker/src/core/a.ts', "// A.\nimport '@dewar/receipt';\n", /single pure parts/],
  ['core using the whole policy package', 'packages/broker/src/core/a.ts', "// A.\nimport '@dewar/policy';\n", /single pure parts/],
  ['what core uses of policy using Node', 'packages/policy/src/decide.ts', "// A.\nimport 'node:fs';\n", /nothing of Node/],
  ['OPA\'s engine in the broker', 'packages/broker/src/adapters/a.ts', "// A.\nimport '@open-policy-agent/opa-wasm';\n", /opa-wasm lives in policy only/],
  ['core using a library', 'packages/broker/src/core/a.ts', "// A.\nimport 'hono';\n", /core imports no library/],
  ['a door using an adapter', 'packages/broker/src/server/a.ts', "// A.\nimport '../adapters/clock.ts';\n", /server does not import adapters/],
  ['an adapter using a door', 'packages/broker/src/adapters/a.ts', "// A.\nimport '../server/door.ts';\n", /adapters does not import server/],
  ['core using main', 'packages/broker/src/core/a.ts', "// A.\nimport '../main.ts';\n", /core does not import main/],
  ['the protocol using Node', 'packages/protocol/src/a.ts', "// A.\nimport 'node:crypto';\n", /nothing of Node/],
  ['a module of Node without its prefix', 'packages/receipt/src/a.ts', "// A.\nimport 'fs';\n", /write node:fs/],
  ['a library away from its home', 'packages/receipt/src/a.ts', "// A.\nimport 'koffi';\n", /koffi lives in broker only/],
  ['a library that is not declared', 'packages/receipt/src/a.ts', "// A.\nimport 'zod';\n", /zod is not in the dependencies/],
  ['src importing a test', 'packages/receipt/src/a.ts', "// A.\nimport '../test/index.test.ts';\n", /src does not import tests/],
  ['an import of nothing', 'packages/receipt/src/a.ts', "// A.\nimport './b.ts';\n", /there is no such file/],
  ['a vague file name', 'packages/receipt/src/string-utils.ts', '// A.\n', /"utils" says nothing/],
  ['a vague folder name', 'packages/receipt/src/helpers/a.ts', '// A.\n', /"helpers" says nothing/],
  ['a file without an opening sentence', 'packages/receipt/src/a.ts', 'export {};\n', /opens without/],
  ['an opening that is no sentence', 'packages/receipt/src/a.ts', '// things\n', /not a whole sentence/],
  ['a file too long', 'packages/receipt/src/a.ts', `// A.\n${'\n'.repeat(400)}`, /401 lines, at most 400/],
  ['a print outside the CLI', 'packages/receipt/src/a.ts', "// A.\nconsole.log('x');\n", /a\.ts:2: only the CLI prints/],
  ['a write to stdout outside the CLI', 'packages/receipt/src/a.ts', "// A.\nprocess.stdout.write('x');\n", /only the CLI prints/],
  ['a circle of one', 'packages/receipt/src/a.ts', "// A.\nimport './a.ts';\n", /circle: packages\/receipt\/src\/a\.ts -> packages\/receipt\/src\/a\.ts/],
];

for (const [says, path, text, expected] of faults) {
  test(`falls: ${says}`, (t) => {
    const { violations } = inspectWalls(folderOf(t, { ...sound, [path]: text }));
    assert.equal(violations.length, 1, violations.join('\n'));
    assert.match(violations[0] ?? '', expected);
  });
}

test('falls: a circle through three files, named once', (t) => {
  const step = (next: string): string => `// A step.\nimport type { X } from './${next}.ts';\nexport type Y = X;\n`;
  const { violations } = inspectWalls(folderOf(t, { ...sound, 'packages/receipt/src/a.ts': step('b'), 'packages/receipt/src/b.ts': step('c'), 'packages/receipt/src/c.ts': step('a') }));
  assert.deepEqual(violations, ['circle: packages/receipt/src/a.ts -> packages/receipt/src/b.ts -> packages/receipt/src/c.ts -> packages/receipt/src/a.ts']);
});

test('warns between 351 and 400 lines, and no fixture or comment counts', (t) => {
  const found = inspectWalls(folderOf(t, { ...sound, 'packages/receipt/src/a.ts': `// A.\n\n// import '@dewar/broker';\n/**\n * import '@dewar/broker';\n */\n${'\n'.repeat(370)}`, 'packages/receipt/test/fixtures/b.ts': "import '@dewar/broker';\n" }));
  assert.deepEqual(found.violations, []);
  assert.deepEqual(found.warnings, ['packages/receipt/src/a.ts: 376 lines, better under 350']);
});
