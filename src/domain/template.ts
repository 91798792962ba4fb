/**
 * Annotations with placeholders: `{{ session }} sent {{ value }} e-mails`. Names are looked up, nothing is evaluated,
 * and what is put in is never read again. One pass, linear in text and values.
 */
export interface Placeholder {
  /** What stands between the braces, trimmed. */
  readonly name: string;
  readonly start: number;
  /** After the closing braces; the text's length where they are missing. */
  readonly end: number;
  readonly closed: boolean;
}

export function placeholders(text: string): readonly Placeholder[] {
  const found: Placeholder[] = [];
  for (let start = text.indexOf('{{'); start >= 0; ) {
    const close = text.indexOf('}}', start + 2);
    const closed = close >= 0;
    const end = closed ? close + 2 : text.length;
    found.push({ name: text.slice(start + 2, closed ? close : end).trim(), start, end, closed });
    start = closed ? text.indexOf('{{', end) : -1;
  }
  return found;
}

/** Puts values in the place of names; `-` where there is none. An unclosed placeholder stays as it stands. */
export function renderTemplate(text: string, lookUp: (name: string) => string | undefined): string {
  let out = '';
  let at = 0;
  for (const { name, start, end, closed } of placeholders(text)) {
    out += text.slice(at, start) + (closed ? (lookUp(name) ?? '-') : text.slice(start, end));
    at = end;
  }
  return out + text.slice(at);
}
