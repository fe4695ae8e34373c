// Strict JSON at the door: RFC 8259 within I-JSON (RFC 7493), where one text can mean one value only.
import { isExactNumber } from './decimal.ts';
import { DewarError, pointer, shown, type ErrorCode } from './error.ts';
import type { Json } from './json.ts';

export interface JsonLimits {
  /** Most bytes of the text. */
  readonly bytes: number;
  /** Most arrays and objects inside one another. */
  readonly depth: number;
  /** Most values of any kind, the outermost one counted; 10,000 if left out. */
  readonly values?: number;
}

export const jsonLimits = { bytes: 65_536, depth: 32, values: 10_000 } as const satisfies JsonLimits;

/**
 * Parses one JSON text. Beyond RFC 8259 it refuses: ill-formed UTF-8, a byte order mark, surrogates without their partner and
 * noncharacters (RFC 7493 §2.1), a key twice (§2.3, compared unescaped), and every number whose decimal value a double does not keep
 * (§2.2; `5.00` and `0.1` pass, `9007199254740993`, `1e400` and `-0` do not), so that `String(number)` is exactly what was sent.
 * Objects have no prototype: `__proto__` and `constructor` are keys like any other. Time and memory are linear in the bytes.
 *
 * Throws `body_too_large`, `json_syntax`, `json_depth`, `json_duplicate_key`, `json_number` or `json_unicode`, with the JSON Pointer of
 * the place as `path` and the byte offset in the message.
 */
export function parseJson(bytes: Uint8Array, limits: JsonLimits = jsonLimits): Json {
  if (bytes.length > limits.bytes) {
    throw new DewarError({
      code: 'body_too_large', message: 'the JSON text is too long', got: `${bytes.length} bytes`, allowed: `at most ${limits.bytes} bytes`,
      fix: 'send less in one text',
    });
  }
  return new Reader(decode(bytes), limits).read();
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    const mended = new TextEncoder().encode(new TextDecoder('utf-8', { fatal: false, ignoreBOM: true }).decode(bytes));
    const at = mended.findIndex((byte, index) => byte !== bytes[index]);
    throw new DewarError({
      code: 'json_unicode', message: `the text is not UTF-8 at byte ${at}`, path: '', got: `byte 0x${(bytes[at] ?? 0).toString(16).padStart(2, '0')}`,
      allowed: 'well-formed UTF-8', fix: 'encode the text as UTF-8',
    }, { cause });
  }
}

interface Complaint {
  readonly message: string;
  readonly got: string;
  readonly allowed: string;
  readonly fix: string;
}

const escapes: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** One pass from left to right; `at` counts UTF-16 units and only errors turn it into bytes. */
class Reader {
  readonly #text: string;
  readonly #limits: JsonLimits;
  readonly #mostValues: number;
  readonly #path: string[] = [];
  #at = 0;
  #depth = 0;
  #values = 0;

  constructor(text: string, limits: JsonLimits) {
    this.#text = text;
    this.#limits = limits;
    this.#mostValues = limits.values ?? jsonLimits.values;
  }

  read(): Json {
    if (this.#text.startsWith('\ufeff')) {
      this.#fail('json_unicode', { message: 'the text begins with a byte order mark', got: '"\\ufeff"', allowed: 'no byte order mark', fix: 'write the text without a byte order mark' });
    }
    const value = this.#value();
    if (this.#next() !== '') this.#unexpected('the end of the text', 'send one JSON value and nothing after it');
    return value;
  }

  #value(): Json {
    this.#values += 1;
    if (this.#values > this.#mostValues) {
      this.#fail('body_too_large', { message: 'the JSON text holds too many values', got: `more than ${this.#mostValues} values`, allowed: `at most ${this.#mostValues} values`, fix: 'send less in one text' });
    }
    const next = this.#next();
    if (next === '{') return this.#nested(() => this.#object());
    if (next === '[') return this.#nested(() => this.#array());
    if (next === '"') return this.#string();
    return this.#word();
  }

  #nested(read: () => Json): Json {
    this.#depth += 1;
    if (this.#depth > this.#limits.depth) {
      this.#fail('json_depth', { message: 'the JSON text is nested too deeply', got: `${this.#depth} levels`, allowed: `at most ${this.#limits.depth} levels`, fix: 'nest fewer arrays and objects' });
    }
    this.#at += 1;
    const value = read();
    this.#depth -= 1;
    return value;
  }

  #object(): Json {
    const object = Object.create(null) as Record<string, Json>;
    if (this.#take('}')) return object;
    do {
      if (this.#next() !== '"') this.#unexpected('a key in double quotes', 'put keys in double quotes and no comma after the last');
      const start = this.#at;
      const key = this.#string();
      this.#path.push(key);
      if (key in object) {
        this.#at = start;
        this.#fail('json_duplicate_key', { message: `the key ${shown(key)} stands twice in one object`, got: shown(key), allowed: 'each key once', fix: `keep one ${shown(key)}` });
      }
      if (!this.#take(':')) this.#unexpected('":"', 'put a colon between key and value');
      object[key] = this.#value();
      this.#path.pop();
    } while (this.#take(','));
    if (!this.#take('}')) this.#unexpected('"," or "}"', 'put commas between members and close the object');
    return object;
  }

  #array(): Json {
    const array: Json[] = [];
    if (this.#take(']')) return array;
    do {
      this.#path.push(String(array.length));
      array.push(this.#value());
      this.#path.pop();
    } while (this.#take(','));
    if (!this.#take(']')) this.#unexpected('"," or "]"', 'put commas between items and close the array');
    return array;
  }

  /** RFC 8259 §7. */
  #string(): string {
    const start = this.#at;
    const parts: string[] = [];
    this.#at += 1;
    for (;;) {
      // oxlint-disable-next-line no-control-regex -- the grammar's own range: unescaped = %x20-21 / %x23-5B / %x5D-10FFFF
      parts.push(this.#match(/[^"\\\u0000-\u001f]*/y));
      const end = this.#text[this.#at];
      if (end === '"') break;
      if (end !== '\\') this.#unexpected('a closing quote', 'close the string, and escape control characters such as a line break as \\n');
      parts.push(this.#escape());
    }
    this.#at += 1;
    const value = parts.join('');
    const bad = /[\p{Cs}\p{Noncharacter_Code_Point}]/u.exec(value)?.[0];
    if (bad !== undefined) {
      this.#at = start;
      this.#fail('json_unicode', { message: 'a string holds what is no character', got: shown(bad), allowed: 'Unicode characters: surrogates only in pairs, no noncharacters (RFC 7493 §2.1)', fix: 'leave it out, or encode binary data as base64' });
    }
    return value;
  }

  #escape(): string {
    const letter = this.#text[this.#at + 1] ?? '';
    if (letter === 'u') {
      const digits = this.#match(/\\u[0-9a-fA-F]{4}/y);
      if (digits !== '') return String.fromCharCode(Number.parseInt(digits.slice(2), 16));
    } else if (Object.hasOwn(escapes, letter)) {
      this.#at += 2;
      return escapes[letter] ?? '';
    }
    return this.#unexpected('an escape: \\" \\\\ \\/ \\b \\f \\n \\r \\t or \\u with four hexadecimal digits', 'write a backslash as \\\\');
  }

  /** true, false, null or a number; anything else that looks like one is told apart from other mistakes. */
  #word(): Json {
    const start = this.#at;
    const word = this.#match(/[-+.\w]+/y);
    if (word === 'true') return true;
    if (word === 'false') return false;
    if (word === 'null') return null;
    this.#at = start;
    if (!/^(?:[-+.\d]|NaN|Infinity)/.test(word)) this.#unexpected('a JSON value', 'send an object, array, string in double quotes, number, true, false or null');
    if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(word)) {
      this.#fail('json_number', { message: 'not a JSON number', got: shown(word), allowed: 'a number such as 1024, 5.00 or 1e-3 (RFC 8259 §6)', fix: 'write digits, at most one point with digits on both sides, no leading zero or plus, no NaN or Infinity' });
    }
    if (!isExactNumber(word)) {
      const value = Number(word);
      this.#fail('json_number', {
        message: 'the number would change on reading', got: shown(word), allowed: 'a number that a double keeps: at most 15 significant digits, below 1.8e308, not -0 (RFC 7493 §2.2)',
        fix: Number.isFinite(value) ? `write ${Object.is(value, -0) ? '0' : String(value)} if you mean that, or send it as a string` : 'send it as a string',
      });
    }
    this.#at += word.length;
    return Number(word);
  }

  /** Steps over white space and looks at what stands there; `''` at the end. */
  #next(): string {
    this.#match(/[ \t\n\r]*/y);
    return this.#text[this.#at] ?? '';
  }

  #take(sign: string): boolean {
    if (this.#next() !== sign) return false;
    this.#at += 1;
    return true;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #unexpected(allowed: string, fix: string): never {
    const point = this.#text.codePointAt(this.#at);
    const got = point === undefined ? 'the end of the text' : shown(String.fromCodePoint(point));
    return this.#fail('json_syntax', { message: 'not JSON', got, allowed, fix: point === undefined ? 'send the whole text: it ends too early' : fix });
  }

  #fail(code: ErrorCode, { message, ...rest }: Complaint): never {
    const offset = new TextEncoder().encode(this.#text.slice(0, this.#at)).length;
    throw new DewarError({ code, message: `${message} at byte ${offset}`, path: pointer(this.#path), ...rest });
  }
}
