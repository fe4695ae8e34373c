// The table of a session's addresses: the door and the document are made from it, and nothing is in one and not in the other.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { errorCodes, httpStatus, type Json, type JsonObject } from '@dewar/protocol';
import { newApp } from '../src/server/door.ts';
import { openApiDocument } from '../src/server/openapi.ts';
import { portablePattern } from '../src/server/portable-pattern.ts';
import { addRoutes, routes, type Handler, type Handlers, type Operation, type Route } from '../src/server/routes.ts';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const document = openApiDocument('1.2.3');
const at = (value: Json | undefined, ...path: readonly string[]): JsonObject => path.reduce<Json | undefined>((current, key) => (current as JsonObject)[key], value) as JsonObject;
const answer: Handler = (call) => call.text('here');

test('a handler that is missing, and one that has no address, do not type-check', () => {
  const handlers = Object.fromEntries(Object.keys(routes).map((operation) => [operation, answer])) as unknown as Handlers;
  // @ts-expect-error one is missing
  const missing: Handlers = { hello: answer };
  // @ts-expect-error one is too many
  const more: Handlers = { ...handlers, goodbye: answer };
  assert.ok(missing.hello === more.hello);
});

test('each operation is in the document once, with its summary, its answers and the errors that it may end in', () => {
  const found = Object.entries(at(document, 'paths')).flatMap(([path, methods]) => Object.entries(methods as JsonObject).map(([method, operation]) => ({ path, method, operation: operation as JsonObject })));
  assert.deepEqual(new Set(found.map(({ operation }) => operation['operationId'])), new Set(Object.keys(routes)));
  assert.equal(found.length, Object.keys(routes).length);
  for (const { path, method, operation } of found) {
    const route: Route = routes[operation['operationId'] as Operation];
    assert.deepEqual([path, method], [route.path, route.method]);
    const statuses = new Set([...Object.keys(route.answers), ...route.errors.map((code) => String(httpStatus(code)))]);
    for (const status of statuses) assert.ok(status in at(operation, 'responses'), `${path} ${status}`);
    assert.deepEqual((route.parameters ?? []).filter((each) => each.in === 'path').map(({ name }) => `{${name}}`), path.match(/\{\w+\}/g) ?? []);
  }
});

test('every reference in the document leads somewhere, and each refusal names known codes of its status', () => {
  const text = JSON.stringify(document);
  for (const [, pointer = ''] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) assert.ok(at(document, ...pointer.split('/')) !== undefined, pointer);
  assert.ok(!text.includes('$defs') && !text.includes('"$schema"'));
  for (const [name, response] of Object.entries(at(document, 'components', 'responses'))) {
    const codes = [...((response as JsonObject)['description'] as string).matchAll(/`(\w+)`/g)].map(([, code]) => code ?? '');
    assert.ok(codes.length > 0);
    for (const code of codes) assert.ok((errorCodes as readonly string[]).includes(code) && name.startsWith(`Refusal${httpStatus(code as (typeof errorCodes)[number])}`), `${name} ${code}`);
  }
});

test('the door answers what the table names, and says of other methods which would pass', async () => {
  const app = newApp(() => undefined, { tellsPaths: false });
  addRoutes(app, Object.fromEntries(Object.keys(routes).map((operation) => [operation, answer])));
  const env = { incoming: { headers: {} } };
  for (const { method, path } of Object.values<Route>(routes)) {
    const address = path.replaceAll(/\{\w+\}/g, 'x');
    assert.equal((await app.request(address, { method: method.toUpperCase() }, env)).status, 200, path);
    const other = await app.request(address, { method: 'DELETE' }, env);
    assert.equal(other.status, 405);
    assert.ok(other.headers.get('allow')?.split(', ').includes(method.toUpperCase()));
  }
  assert.equal((await app.request('/v1/nothing', {}, env)).status, 404);
});

test('patterns in the document are those of the schema up to U+FFFF, or left out', () => {
  const printable = '^[^\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}\\p{DI}]+$';
  const portable = new RegExp(portablePattern(printable) ?? '');
  const exact = new RegExp(printable, 'u');
  for (let code = 0; code < 0x1_0000; code += 1) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const sign = String.fromCharCode(code);
    assert.equal(portable.test(sign), exact.test(sign), code.toString(16));
  }
  assert.equal(portablePattern('^[\\p{L}]$'), undefined);
  assert.equal(portablePattern('^(?=a)b$'), undefined);
  assert.equal(portablePattern('^a$'), '^a$');
});

test('docs/api.md tells of every address of a session\'s door', () => {
  const manual = read('docs/api.md');
  for (const { method, path } of Object.values<Route>(routes)) {
    const written = `${method.toUpperCase()} ${path.replaceAll('{id}', 'ID').replaceAll('{digest}', 'DIGEST')}`;
    assert.match(manual, new RegExp(`^###.*${written.replaceAll('.', '\\.')}(?![\\w/])`, 'm'), written);
  }
});

test('the example in the document is the bell circuit of the examples', () => {
  const example = at(document, 'paths', '/submit', 'post', 'requestBody', 'content', 'application/json', 'example');
  assert.equal(example['code_blob'], `sha256:${createHash('sha256').update(read('examples/circuits/bell.qasm')).digest('hex')}`);
});

test('the help for agents is forty lines at most', () => {
  assert.ok(read('docs/agents.md').trimEnd().split('\n').length <= 40);
});
