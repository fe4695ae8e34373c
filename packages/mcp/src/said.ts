// Text from the broker, a device, a program or another agent, made plain and short before a model reads it (invariant 9).
import { formatMoney, plainText, practiceCurrency, type ErrorBody, type Money } from '@dewar/protocol';

/** One line of plain text; with `keepLines`, line feeds and tabs stay. */
export function said(text: string, max = 400, keepLines = false): string {
  return plainText(text, { max, lines: keepLines });
}

/** An error's body with every text made plain; the code is one of ours. */
export function plainError(body: ErrorBody): ErrorBody {
  const part = (name: 'path' | 'got' | 'allowed' | 'fix', max: number): Partial<ErrorBody> => {
    const text = body[name];
    return text === undefined ? {} : { [name]: said(text, max) };
  };
  return { code: body.code, message: said(body.message), ...part('path', 200), ...part('got', 200), ...part('allowed', 600), ...part('fix', 400) };
}

export function moneyText(money: Money): string {
  return money.currency === practiceCurrency ? `${formatMoney(money)} (practice money)` : formatMoney(money);
}

/** Lines of text, those that are undefined left out. */
export function lines(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join('\n');
}
