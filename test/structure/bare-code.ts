/**
 * Source text without what only looks like code: comments always, and the insides of strings and regular expressions
 * unless asked to keep strings. Lengths and line breaks stay, so that positions still point into the original.
 *
 * A small scanner, not a parser: it knows comments, quotes, templates (whose `${…}` is code again) and tells a regular
 * expression from a division by what stands before the slash.
 */
export function bareCode(source: string, { keepStrings = false } = {}): string {
  return new Scanner(source, keepStrings).scan();
}

const BEFORE_REGEX = /(?:^|[-(,=:[!&|?{};+*%<>~^]|\b(?:return|typeof|case|in|of|do|else|throw|await|yield))$/;

class Scanner {
  private readonly source: string;
  private readonly keepStrings: boolean;
  private at = 0;
  private out = '';

  constructor(source: string, keepStrings: boolean) {
    this.source = source;
    this.keepStrings = keepStrings;
  }

  scan(): string {
    while (this.at < this.source.length) this.code();
    return this.out;
  }

  /** One piece of code: a comment, a literal, or one character. */
  private code(): void {
    const char = this.source[this.at] as string;
    if (this.source.startsWith('//', this.at)) this.blank(this.end('\n', 0));
    else if (this.source.startsWith('/*', this.at)) this.blank(this.end('*/', 2));
    else if (char === "'" || char === '"') this.literal(new RegExp(`\\\\.|[${char}\\n]`, 'gs'));
    else if (char === '`') this.template();
    else if (char === '/' && BEFORE_REGEX.test(this.out.trimEnd())) this.regularExpression();
    else this.keep(1);
  }

  private end(mark: string, markLength: number): number {
    const found = this.source.indexOf(mark, this.at + 1);
    return found < 0 ? this.source.length : found + markLength;
  }

  /** From the opening quote to the first stop that is no escape. */
  private literal(stop: RegExp): void {
    let end = this.source.length;
    stop.lastIndex = this.at + 1;
    for (let match = stop.exec(this.source); match !== null; match = stop.exec(this.source)) {
      if (match[0].length > 1) continue; // an escaped character
      end = match.index;
      break;
    }
    this.keep(1);
    if (this.keepStrings) this.keep(end - this.at);
    else this.blank(end);
    this.keep(1);
  }

  private regularExpression(): void {
    this.literal(/\\.|\[(?:\\.|[^\]\\\n])*\]|[/\n]/g);
  }

  private template(): void {
    this.keep(1);
    while (this.at < this.source.length && this.source[this.at] !== '`') {
      if (this.source.startsWith('${', this.at)) this.expression();
      else if (this.source[this.at] === '\\') this.text(2);
      else this.text(1);
    }
    this.keep(1);
  }

  private expression(): void {
    this.keep(2);
    for (let depth = 1; depth > 0 && this.at < this.source.length; ) {
      if (this.source[this.at] === '{') depth += 1;
      if (this.source[this.at] === '}') depth -= 1;
      this.code();
    }
  }

  private text(length: number): void {
    if (this.keepStrings) this.keep(length);
    else this.blank(this.at + length);
  }

  private keep(length: number): void {
    this.out += this.source.slice(this.at, this.at + length);
    this.at += length;
  }

  private blank(end: number): void {
    this.out += this.source.slice(this.at, end).replace(/[^\n]/g, ' ');
    this.at = end;
  }
}

export function lineOf(source: string, index: number): number {
  return source.slice(0, index).split('\n').length;
}
