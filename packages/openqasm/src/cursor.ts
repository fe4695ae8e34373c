// Walks the tokens of one program forward; reading past the end answers with an empty token.
import { invalid, maxNesting, type Token, type Tokens } from './tokens.ts';

export class Cursor {
  readonly tokens: Tokens;
  private index = 0;
  private depth = 0;
  private readonly none: Token;

  constructor(tokens: Tokens) {
    this.tokens = tokens;
    this.none = { kind: 'symbol', text: '', start: tokens.source.length, end: tokens.source.length, partner: -1 };
  }

  get done(): boolean {
    return this.index >= this.tokens.list.length;
  }

  /** Offset of the next token in the source. */
  get at(): number {
    return this.peek().start;
  }

  peek(ahead = 0): Token {
    return this.tokens.list[this.index + ahead] ?? this.none;
  }

  next(): Token {
    const token = this.peek();
    if (!this.done) this.index += 1;
    return token;
  }

  /** The next token is this symbol or word; strings and other literals never are. */
  is(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.text === text && (token.kind === 'symbol' || token.kind === 'word');
  }

  take(text: string): boolean {
    const found = this.is(text);
    if (found) this.next();
    return found;
  }

  takeWord(): Token | undefined {
    return this.peek().kind === 'word' ? this.next() : undefined;
  }

  /** How far ahead the token after this opening bracket's partner is; `ahead` itself when it opens nothing. */
  past(ahead: number): number {
    const token = this.peek(ahead);
    return token.partner > this.index + ahead ? token.partner - this.index + 1 : ahead;
  }

  /** Leaves the bracket that opens here, unread. */
  skipBracket(): void {
    this.index += Math.max(1, this.past(0));
  }

  /** Moves to the next `;` or closing bracket on this level, over whole brackets, and over the `;` itself. */
  skipStatement(): void {
    while (!this.done && !this.is(';') && !this.is('}') && !this.is(')') && !this.is(']')) this.skipBracket();
    if (!this.take(';') && !this.is('}')) this.next();
  }

  /** Moves to `stop`, a place in the token list, unless already past it. */
  moveTo(stop: number): void {
    this.index = Math.max(this.index, stop);
  }

  /** Index of the next token. */
  get place(): number {
    return this.index;
  }

  /** The tokens from one place up to another. */
  between(from: number, to: number): readonly Token[] {
    return this.tokens.list.slice(from, to);
  }

  /** Index of the partner of the bracket that opens here. */
  get closing(): number {
    return this.peek().partner;
  }

  /** Runs `read` one level deeper. Throws `program_invalid` when statements nest too deep. */
  deeper<T>(read: () => T): T {
    this.depth += 1;
    if (this.depth > maxNesting) throw invalid(this.tokens.source, this.at, `statements nested deeper than ${maxNesting}`, 'flatten the program');
    const result = read();
    this.depth -= 1;
    return result;
  }
}
