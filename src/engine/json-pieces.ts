/** About so many characters make a piece. */
const PIECE_LENGTH = 1 << 18;
/** Elements of an array that are turned into text together. */
const ELEMENTS = 1024;

/** The JSON text of a plain value, in pieces that end between tokens: white space may follow each of them. */
export function* jsonPieces(value: unknown): Generator<string> {
  let piece = '';
  for (const text of jsonTexts(value)) {
    piece += text;
    if (piece.length < PIECE_LENGTH) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}

function* jsonTexts(value: unknown): Generator<string> {
  if (Array.isArray(value)) yield* arrayTexts(value);
  else if (typeof value === 'object' && value !== null) yield* objectTexts(value);
  else yield JSON.stringify(value);
}

function* arrayTexts(array: readonly unknown[]): Generator<string> {
  yield '[';
  for (let at = 0; at < array.length; at += ELEMENTS) {
    const text = JSON.stringify(array.slice(at, at + ELEMENTS));
    yield (at === 0 ? '' : ',') + text.slice(1, -1);
  }
  yield ']';
}

function* objectTexts(object: object): Generator<string> {
  let before = '{';
  for (const [name, value] of Object.entries(object)) {
    if (value === undefined) continue;
    yield `${before}${JSON.stringify(name)}:`;
    yield* jsonTexts(value);
    before = ',';
  }
  yield before === '{' ? '{}' : '}';
}
