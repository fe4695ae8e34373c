// Patterns of the OpenAPI document: its readers are not all ECMAScript, and many know no Unicode properties and cannot look ahead.

/** What text that may be shown must not hold, as the spec's schema writes it; surrogates are no text that a JSON reader could give. */
const invisible = '\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}\\p{DI}';
let ranges: string | undefined;

/** The same up to U+FFFF, spelled out; undefined where something is left that cannot be. */
export function portablePattern(pattern: string): string | undefined {
  const portable = pattern.replaceAll(invisible, () => (ranges ??= invisibleRanges()));
  return /\\p|\\u\{|\(\?[=!<]/.test(portable) ? undefined : portable;
}

function invisibleRanges(): string {
  const isInvisible = new RegExp(`[${invisible}]`, 'u');
  const escaped = (code: number): string => `\\u${code.toString(16).padStart(4, '0')}`;
  let text = '';
  for (let code = 0; code < 0x1_0000; code += 1) {
    if (!within(code)) continue;
    const first = code;
    while (within(code + 1)) code += 1;
    text += first === code ? escaped(first) : `${escaped(first)}-${escaped(code)}`;
  }
  return text;

  function within(code: number): boolean {
    return code < 0x1_0000 && (code < 0xd800 || code > 0xdfff) && isInvisible.test(String.fromCharCode(code));
  }
}
