/** Gives numbers from 0 up; which ones is up to the test. */
export type Choose = (below: number) => number;

/** Choices from a tape that begins again at its end. */
export function tape(choices: readonly number[]): Choose {
  let next = 0;
  return (below) => (choices[next++ % choices.length] ?? 0) % below;
}

/** JSON text of a value in some way of writing it: white space, escapes, forms of numbers, double members. */
export function writeJson(value: unknown, choose: Choose): string {
  const text = Array.isArray(value)
    ? `[${value.map((element) => writeJson(element, choose)).join(',')}${space(choose)}]`
    : typeof value === 'object' && value !== null
      ? writeObject(value, choose)
      : typeof value === 'string'
        ? writeString(value, choose)
        : typeof value === 'number'
          ? writeNumber(value, choose)
          : JSON.stringify(value);
  return space(choose) + text + space(choose);
}

function writeObject(value: object, choose: Choose): string {
  const members = Object.entries(value).flatMap(([name, member]) => {
    const written = () => `${space(choose)}${writeString(name, choose)}${space(choose)}:${writeJson(member, choose)}`;
    return choose(40) === 0 ? [`${JSON.stringify(name)}:1`, written()] : [written()];
  });
  return `{${members.join(',')}${space(choose)}}`;
}

function writeString(value: string, choose: Choose): string {
  const plain = JSON.stringify(value);
  if (choose(6) !== 0 || value === '') return plain;
  const at = choose(value.length);
  const unit = value.charCodeAt(at).toString(16).padStart(4, '0');
  const escaped = `\\u${choose(2) === 0 ? unit : unit.toUpperCase()}`;
  return `"${JSON.stringify(value.slice(0, at)).slice(1, -1)}${escaped}${JSON.stringify(value.slice(at + 1)).slice(1, -1)}"`;
}

function writeNumber(value: number, choose: Choose): string {
  const plain = Object.is(value, -0) ? '-0' : JSON.stringify(value);
  const forms = [plain, plain, plain, value.toExponential(), value.toExponential().toUpperCase(), `${plain}e0`];
  const form = forms[choose(forms.length)] as string;
  if (/[eE]/.test(form)) return form.replace(/e(.*)e0$/, 'e$1');
  return choose(4) === 0 && !form.includes('.') ? `${form}.0${'0'.repeat(choose(20))}` : form;
}

function space(choose: Choose): string {
  return choose(8) === 0 ? [' ', '\n', '\t\r ', '  '][choose(4)]! : '';
}

/** One change of one byte somewhere. */
export interface Damage {
  readonly kind: 'replace' | 'insert' | 'delete' | 'cut';
  /** From 0 up to below 1. */
  readonly where: number;
  readonly byte: number;
}

export function damaged(bytes: Uint8Array, damages: readonly Damage[]): Uint8Array {
  let result = [...bytes];
  for (const { kind, where, byte } of damages) {
    const at = Math.floor(where * result.length);
    if (kind === 'replace') result[at] = byte;
    else if (kind === 'insert') result.splice(at, 0, byte);
    else if (kind === 'delete') result.splice(at, 1);
    else result = result.slice(0, at);
  }
  return Uint8Array.from(result);
}
