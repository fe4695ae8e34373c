// Base 64 (RFC 4648 §4) with one text for one value: padding required, no line breaks, unused bits zero.

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const values = Uint8Array.from({ length: 128 }, (_, code) => Math.max(0, alphabet.indexOf(String.fromCharCode(code))));
const form = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export function base64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    text += alphabet.charAt(group >> 18) + alphabet.charAt((group >> 12) & 63);
    text += left > 1 ? alphabet.charAt((group >> 6) & 63) : '=';
    text += left > 2 ? alphabet.charAt(group & 63) : '=';
  }
  return text;
}

/** The bytes, or undefined when the text is not the one canonical encoding of any bytes (RFC 4648 §3.3, §3.5). */
export function fromBase64(text: string): Uint8Array | undefined {
  if (!form.test(text)) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  for (let at = 0, out = 0; at < text.length; at += 4, out += 3) {
    const group = (value(text, at) << 18) | (value(text, at + 1) << 12) | (value(text, at + 2) << 6) | value(text, at + 3);
    bytes[out] = group >> 16;
    if (out + 1 < bytes.length) bytes[out + 1] = (group >> 8) & 255;
    else if (((group >> 8) & 255) !== 0) return undefined;
    if (out + 2 < bytes.length) bytes[out + 2] = group & 255;
    else if ((group & 255) !== 0) return undefined;
  }
  return bytes;
}

function value(text: string, at: number): number {
  return values[text.charCodeAt(at)] ?? 0;
}
