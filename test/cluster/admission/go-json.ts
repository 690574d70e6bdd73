/** Go's messages for JSON that it cannot read (encoding/json). */

function character(text: string | undefined): string {
  return text === "'" ? `'\\''` : text === '"' ? `'"'` : `'${text ?? ''}'`;
}

/** The scanner of encoding/json, for its complaints only. @throws Error always, when the text is no JSON */
function complain(text: string): void {
  let at = 0;
  const fail = (context: string): Error =>
    new Error(
      at >= text.length ? 'unexpected end of JSON input' : `invalid character ${character(text[at])} ${context}`,
    );
  const next = (): string => {
    while (/^[ \t\r\n]$/.test(text[at] ?? '')) at += 1;
    return text[at] ?? '';
  };
  const expect = (pattern: RegExp, context: string): void => {
    if (!pattern.test(text[at] ?? '')) throw fail(context);
    at += 1;
  };
  const string = (): void => {
    at += 1;
    while (text[at] !== '"') {
      if (text[at] === '\\') {
        at += 1;
        const digitsLeft = text[at] === 'u' ? 4 : 0;
        expect(/^["\\/bfnrtu]$/, 'in string escape code');
        for (let digit = 0; digit < digitsLeft; digit++) expect(/^[\da-fA-F]$/, 'in \\u hexadecimal character escape');
      } else if ((text[at] ?? '') >= ' ') at += 1;
      else throw fail('in string literal');
    }
    at += 1;
  };
  const digits = (context: string): void => {
    expect(/^\d$/, context);
    while (/^\d$/.test(text[at] ?? '')) at += 1;
  };
  const number = (): void => {
    if (text[at] === '-') at += 1;
    if (text[at] === '0') at += 1;
    else digits('in numeric literal');
    if (text[at] === '.') {
      at += 1;
      digits('after decimal point in numeric literal');
    }
    if (!/^[eE]$/.test(text[at] ?? '')) return;
    at += 1;
    if (/^[+-]$/.test(text[at] ?? '')) at += 1;
    digits('in exponent of numeric literal');
  };
  const literal = (word: string): void => {
    for (const letter of word) {
      if (text[at] !== letter) throw fail(`in literal ${word} (expecting ${character(letter)})`);
      at += 1;
    }
  };
  const members = (end: string, member: () => void, context: string): void => {
    at += 1;
    if (next() === end) at += 1;
    else
      for (;;) {
        member();
        const found = next();
        if (found !== end && found !== ',') throw fail(context);
        at += 1;
        if (found === end) return;
      }
  };
  const key = (): void => {
    if (next() !== '"') throw fail('looking for beginning of object key string');
    string();
    if (next() !== ':') throw fail('after object key');
    at += 1;
    value();
  };
  const value = (): void => {
    const first = next();
    const word = ['true', 'false', 'null'].find((name) => name.startsWith(first));
    if (first === '{') members('}', key, 'after object key:value pair');
    else if (first === '[') members(']', value, 'after array element');
    else if (first === '"') string();
    else if (/^[\d-]$/.test(first)) number();
    else if (first !== '' && word) literal(word);
    else throw fail('looking for beginning of value');
  };
  value();
  if (next() !== '') throw fail('after top-level value');
}

/** JSON.parse with Go's message when the text is no JSON. @throws Error */
export function parseGoJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    complain(text);
    throw error;
  }
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value;
}

/** The message of a value whose type does not fit a field of a Go struct; undefined when it fits. */
export function typeMismatch(
  value: unknown,
  expected: 'string' | 'boolean' | 'object' | 'array',
  field: string,
  goType: string,
): string | undefined {
  if (value === undefined || value === null) return undefined;
  const fits = expected === 'array' ? Array.isArray(value) : typeof value === expected && !Array.isArray(value);
  return fits ? undefined : `json: cannot unmarshal ${goKind(value)} into Go struct field ${field} of type ${goType}`;
}
