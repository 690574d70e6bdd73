/** JSON.parse keeps the last of two equal keys and says nothing; the API server names the other. */

interface Reader {
  text: string;
  position: number;
  duplicates: string[];
}

/**
 * The paths of fields that occur twice in a JSON text, as `data.a` or `spec.containers[0].name`, in the order of appearance
 * (sigs.k8s.io/json: UnmarshalStrict). The text must be valid JSON.
 */
export function duplicateFields(text: string): string[] {
  const reader: Reader = { text, position: 0, duplicates: [] };
  readValue(reader, '');
  return reader.duplicates;
}

function skip(reader: Reader, pattern: RegExp): string {
  pattern.lastIndex = reader.position;
  const match = pattern.exec(reader.text)?.[0] ?? '';
  reader.position += match.length;
  return match;
}

const punctuation = /[\s,:]*/y;
const string = /"(?:[^"\\]|\\.)*"/y;
const scalar = /[^\s,\]}]*/y;

function readValue(reader: Reader, path: string): void {
  skip(reader, punctuation);
  const next = reader.text[reader.position];
  if (next === '{') readObject(reader, path);
  else if (next === '[') readArray(reader, path);
  else if (next === '"') skip(reader, string);
  else skip(reader, scalar);
}

function readObject(reader: Reader, path: string): void {
  const seen = new Set<string>();
  const reported = new Set<string>();
  reader.position += 1;
  for (;;) {
    skip(reader, punctuation);
    if (reader.text[reader.position] !== '"') break;
    const key = JSON.parse(skip(reader, string)) as string;
    const here = path === '' ? key : `${path}.${key}`;
    if (seen.has(key) && !reported.has(key)) {
      reader.duplicates.push(here);
      reported.add(key);
    }
    seen.add(key);
    readValue(reader, here);
  }
  reader.position += 1;
}

function readArray(reader: Reader, path: string): void {
  reader.position += 1;
  for (let index = 0; ; index++) {
    skip(reader, punctuation);
    const next = reader.text[reader.position];
    if (next === ']' || next === undefined) break;
    readValue(reader, `${path}[${index}]`);
  }
  reader.position += 1;
}
