// The official inspector's command line and the official conformance suite, on `dewar mcp` with a real broker.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { bell, TestHome } from './broker-process.ts';
import { bridgeTo, type Bridge } from './mcp-bridge.ts';
import { dewar } from './mcp-process.ts';

/** Both come with 230 packages that nothing else needs: test/mcp-tools says how to install them elsewhere. */
function onPath(name: string): string | undefined {
  const folders = [...(process.env['MCP_TOOLS'] ?? '').split(delimiter), ...(process.env['PATH'] ?? '').split(delimiter)].filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

const inspector = onPath('mcp-inspector');
const conformance = onPath('conformance');

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const home = new TestHome();
before(() => home.start());
after(() => home.close());

function run(program: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [program, ...args], { env: { PATH: process.env['PATH'], HOME: home.folder, NO_COLOR: '1' }, cwd: home.folder, timeout: 60_000, maxBuffer: 16_777_216 }, (_error, stdout, stderr) => resolve({ code: child.exitCode ?? 1, stdout, stderr }));
  });
}

describe('the inspector 2.12.0', { skip: inspector === undefined ? 'no mcp-inspector on PATH or in $MCP_TOOLS (test/mcp-tools)' : false }, () => {
  const inspect = (...args: string[]): Promise<Ended> => run(inspector ?? '', ['--cli', '-e', `DEWAR_SOCKET=${home.session()}`, ...args, process.execPath, dewar, 'mcp']);

  async function called(tool: string, args: Readonly<Record<string, unknown>> = {}): Promise<{ structuredContent: Record<string, unknown> }> {
    const pairs = Object.entries(args).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
    const { code, stdout, stderr } = await run(inspector ?? '', ['--cli', process.execPath, dewar, 'mcp', '-e', `DEWAR_SOCKET=${home.session()}`, '--method', 'tools/call', '--tool-name', tool, ...(pairs.length > 0 ? ['--tool-arg', ...pairs] : [])]);
    assert.equal(code, 0, `${tool}: ${stdout}${stderr}`);
    return JSON.parse(stdout) as { structuredContent: Record<string, unknown> };
  }

  test('finds every tool schema portable: no error, no warning', async () => {
    const { code, stderr } = await inspect('--method', 'tools/list', '--strict');
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /Warning|Error|warnings/);
  });

  test('drives a job from its check to its results', async () => {
    assert.match(JSON.stringify(await called('list_backends')), /practice-qpu/);
    assert.equal((await called('check', { program: bell })).structuredContent['decision'], 'allow');
    const id = String((await called('submit_job', { program: bell, shots: 10 })).structuredContent['job_id']);
    assert.equal((await called('wait_for_job', { job_id: id })).structuredContent['status'], 'completed');
    assert.equal((await called('job_results', { job_id: id })).structuredContent['shots'], 10);
    assert.match(String((await called('draw_circuit', { program: bell })).structuredContent['drawing']), /─H─/);
    const { code, stdout } = await inspect('--method', 'resources/read', '--uri', `dewar://jobs/${id}/results`);
    assert.equal(code, 0);
    assert.match(stdout, /dewar\.results\/v1/);
  });

  test('shows a typed error as one', async () => {
    const { code, stdout } = await run(inspector ?? '', ['--cli', process.execPath, dewar, 'mcp', '-e', `DEWAR_SOCKET=${home.session()}`, '--method', 'tools/call', '--tool-name', 'job_status', '--tool-arg', 'job_id=nope']);
    assert.notEqual(code, 0);
    assert.match(stdout, /request_invalid/);
  });
});

describe('the conformance suite 0.1.16', { skip: conformance === undefined ? 'no conformance on PATH or in $MCP_TOOLS (test/mcp-tools)' : false }, () => {
  let bridge: Bridge;
  before(async () => {
    bridge = await bridgeTo(home);
  });
  after(() => bridge.close());

  // Its other scenarios are of a server made for the suite (tools by given names, prompts, sampling), or of HTTP itself.
  for (const scenario of ['server-initialize', 'ping', 'tools-list', 'resources-list']) {
    test(`passes ${scenario}`, async () => {
      const { code, stdout, stderr } = await run(conformance ?? '', ['server', '--url', bridge.url, '--scenario', scenario]);
      assert.equal(code, 0, stdout + stderr);
      assert.match(stdout + stderr, /Passed: [1-9]\d*\/\d+, 0 failed/);
    });
  }
});
