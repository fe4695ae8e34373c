// What OPA's strict check lets pass and Dewar does not: comparisons that null wins, and data that is not there.
import type { Json, JsonObject } from '@dewar/protocol';
import { fault, type Fault } from './faults.ts';
import { isObject } from './input-schema.ts';

export interface LintWith {
  /** Dotted paths that may be null, as `nullablePaths` writes them. */
  readonly nullable: readonly string[];
  readonly data: JsonObject;
  /** Packages of the modules, `data.quantum.workflow`. */
  readonly packages: readonly string[];
}

const orders: ReadonlySet<string> = new Set(['lt', 'lte', 'gt', 'gte']);
/** Tests that a null does not pass. A comparison beside one of them, in its body or around it, is sound. */
const typeTests: ReadonlySet<string> = new Set(['is_number', 'is_string', 'is_boolean', 'is_array', 'is_object', 'floor', 'ceil', 'round', 'abs']);

/** The faults of one file, from its syntax tree. */
export function lintModule(file: string, tree: Json, { nullable, data, packages }: LintWith): Fault[] {
  const faults: Fault[] = [];
  const fields = new Set(nullable);

  const compared = (call: readonly Json[], { names, guarded, location }: Scope): void => {
    if (!orders.has(operator(call[0]) ?? '')) return;
    for (const side of call.slice(1)) {
      const path = pathOf(side, names);
      if (path === undefined || guarded.has(path) || !fields.has(general(path, fields))) continue;
      faults.push(at(file, location, 'null_compared', `${path} may be null, which Rego orders below every number: add is_number(${path}) before the comparison`));
    }
  };

  const visit = (node: Json, scope: Scope): void => {
    if (Array.isArray(node)) {
      // A body is a list of expressions: what one of them tests holds for all of them.
      const more = node.flatMap((one: Json) => guardOf(one, scope.names));
      for (const one of node as readonly Json[]) visit(one, more.length === 0 ? scope : { ...scope, guarded: new Set([...scope.guarded, ...more]) });
      return;
    }
    if (!isObject(node)) return;
    const here = node['location'] === undefined ? scope : { ...scope, location: node['location'] };
    const call = Array.isArray(node['terms']) ? node['terms'] : node['type'] === 'call' && Array.isArray(node['value']) ? node['value'] : undefined;
    if (call !== undefined) compared(call as readonly Json[], here);
    const missing = missingData(node, scope.names, data, packages);
    if (missing !== undefined) faults.push(at(file, here.location, 'data_missing', `${missing} is not in data.json`));
    for (const [key, inner] of Object.entries(node)) if (key !== 'location') visit(inner, here);
  };
  const parts = isObject(tree) ? tree : {};
  const imported = aliasesOf(parts['imports'] ?? [], new Map());
  const nowhere = (Array.isArray(parts['imports']) ? (parts['imports'] as readonly Json[]) : []).flatMap((one) => (isObject(one) && isObject(one['path']) ? [missingData(one['path'], new Map(), data, packages)] : []));
  for (const missing of nowhere) if (missing !== undefined) faults.push(at(file, undefined, 'data_missing', `${missing} is not in data.json`));
  const rules = Array.isArray(parts['rules']) ? (parts['rules'] as readonly Json[]) : [];
  for (const rule of rules) visit(rule, { names: aliasesOf(rule, imported), guarded: new Set(), location: undefined });
  return faults;
}

interface Scope {
  readonly names: Aliases;
  /** Fields that are known not to be null here. */
  readonly guarded: ReadonlySet<string>;
  readonly location: Json | undefined;
}

function at(file: string, location: Json | undefined, code: string, message: string): Fault {
  const number = (key: string): number => (isObject(location) && typeof location[key] === 'number' ? location[key] : 0);
  return fault(code, message, file, number('row'), number('col'));
}

/** A field of a node where it is a text. */
function word(node: Json | undefined, key: string): string {
  const value = isObject(node) ? node[key] : undefined;
  return typeof value === 'string' ? value : '';
}

/** `lt` of an operator's reference; undefined for a function of more than one word. */
function operator(term: Json | undefined): string | undefined {
  if (!isObject(term) || term['type'] !== 'ref' || !Array.isArray(term['value'])) return undefined;
  return (term['value'] as readonly Json[]).map((part) => word(part, 'value')).join('.');
}

type Aliases = ReadonlyMap<string, string>;

/** `x := input.max_cost` and `import input.quote as q` are other names of a field. A name with two meanings in one rule is neither's. */
function aliasesOf(tree: Json, outer: Aliases): Aliases {
  const found = new Map(outer);
  const twice = new Set<string>();
  const note = (name: string, path: string | undefined): void => {
    if (path === undefined || (found.has(name) && found.get(name) !== path)) twice.add(name);
    else found.set(name, path);
  };
  const visit = (node: Json): void => {
    if (Array.isArray(node)) for (const one of node as readonly Json[]) visit(one);
    if (!isObject(node)) return;
    const terms = node['terms'];
    const [call, left, right] = Array.isArray(terms) ? (terms as readonly Json[]) : [];
    if (operator(call) === 'assign' && word(left, 'type') === 'var' && right !== undefined) note(word(left, 'value'), pathOf(right, found));
    if (isObject(node['path']) && node['path']['type'] === 'ref') {
      const path = pathOf(node['path'], found);
      note(typeof node['alias'] === 'string' ? node['alias'] : (path?.split('.').at(-1) ?? ''), path);
    }
    for (const inner of Object.values(node)) visit(inner);
  };
  visit(tree);
  return new Map([...found].filter(([name, path]) => !twice.has(name) && /^(input|data)\./.test(path)));
}

/** `input.quote.currency` of a reference, `*` where a part is not a fixed name. */
function pathOf(term: Json | undefined, aliases: Aliases): string | undefined {
  if (!isObject(term)) return undefined;
  if (term['type'] === 'var') return aliases.get(word(term, 'value'));
  if (term['type'] !== 'ref' || !Array.isArray(term['value'])) return undefined;
  const [head, ...rest] = term['value'] as readonly Json[];
  const name = word(head, 'value');
  const start = name === 'input' || name === 'data' ? name : aliases.get(name);
  return start === undefined ? undefined : [start, ...rest.map((part) => (word(part, 'type') === 'string' ? word(part, 'value') : '*'))].join('.');
}

/** The nullable field that this path is one of: `input.budgets.XTS.limit` is one of `input.budgets.*.limit`. */
function general(path: string, fields: ReadonlySet<string>): string {
  if (fields.has(path)) return path;
  const parts = path.split('.');
  return [...fields].find((field) => {
    const wanted = field.split('.');
    return wanted.length === parts.length && wanted.every((name, index) => name === '*' || parts[index] === '*' || name === parts[index]);
  }) ?? path;
}

/** What an expression of a body proves not to be null: `is_number(x)`, `x != null`, `x == floor(x)`. */
function guardOf(expression: Json, aliases: Aliases): string[] {
  if (!isObject(expression) || expression['negated'] === true || !Array.isArray(expression['terms'])) return [];
  const [call, ...operands] = expression['terms'] as readonly Json[];
  const name = operator(call) ?? '';
  const paths = operands.flatMap((one) => pathOf(one, aliases) ?? []);
  if (typeTests.has(name)) return paths;
  if (name === 'neq' && operands.some((one) => word(one, 'type') === 'null')) return paths;
  if (name !== 'equal' && name !== 'eq') return [];
  // Equal to a value that is no null, or to the result of a numeric function of itself.
  if (operands.some((one) => ['number', 'string', 'boolean'].includes(word(one, 'type')))) return paths;
  return operands.some((one) => isObject(one) && one['type'] === 'call' && Array.isArray(one['value']) && typeTests.has(operator(one['value'][0] as Json) ?? '')) ? paths : [];
}

/** A reference to data whose fixed names lead nowhere, unless they lead into a package. */
function missingData(node: JsonObject, aliases: Aliases, data: JsonObject, packages: readonly string[]): string | undefined {
  if (node['type'] !== 'ref' || !Array.isArray(node['value'])) return undefined;
  const path = pathOf(node, aliases);
  if (path === undefined || !path.startsWith('data.')) return undefined;
  const fixed = path.split('.*')[0] ?? path;
  if (packages.some((name) => `${fixed}.`.startsWith(`${name}.`) || `${name}.`.startsWith(`${fixed}.`))) return undefined;
  let value: Json | undefined = data;
  for (const name of fixed.split('.').slice(1)) {
    const inner: Json | undefined = isObject(value) ? (Object.hasOwn(value, name) ? value[name] : undefined) : undefined;
    if (inner === undefined) return fixed;
    value = inner;
  }
  return undefined;
}
