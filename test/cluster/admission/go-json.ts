/** Go's messages for JSON that it cannot read (encoding/json). */

function character(text: string | undefined): string {
  return text === "'" ? `'\\''` : text === '"' ? `'"'` : `'${text ?? ''}'`;
}

/** JSON.parse with Go's message when the text is no JSON. @throws Error */
export function parseGoJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const at = /at position (\d+)/.exec((error as Error).message)?.[1];
    const trimmed = text.trimStart();
    if (trimmed === '' || /unexpected end|unterminated/i.test((error as Error).message))
      throw new Error('unexpected end of JSON input', { cause: error });
    const first = at === undefined ? trimmed[0] : text[Number(at)];
    throw new Error(`invalid character ${character(first)} looking for beginning of value`, { cause: error });
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
