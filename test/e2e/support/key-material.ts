/** What must not be in a log: every private key, in all the ways in which it could get there. */

import { createPrivateKey } from 'node:crypto';
import type { Secret } from '../../../src/kube/objects.ts';

export interface KeyMaterial {
  /** How many different keys. */
  readonly keys: number;
  /** Texts of `LENGTH` characters, each of which gives a part of a key away. */
  readonly fragments: ReadonlySet<string>;
}

/** Short enough for half a line of a PEM, long enough that chance does not make it: 24 characters of base64 are 144 bits. */
const LENGTH = 24;
const PRIVATE_HEADER = /BEGIN [A-Z ]*PRIVATE KEY/;

/** All keys that the versions of Secrets ever held, and more texts. */
export const keyMaterialOf = (secrets: readonly Secret[], more: readonly string[]): KeyMaterial => {
  const texts = new Set(more);
  for (const { data = {} } of secrets) {
    for (const [name, encoded] of Object.entries(data)) {
      if (name.endsWith('key') && encoded !== '') texts.add(Buffer.from(encoded, 'base64').toString());
    }
  }
  const fragments = new Set<string>();
  for (const text of texts) {
    for (const form of formsOf(text)) {
      // Every place where a part may begin: what is logged may be cut anywhere.
      for (let start = 0; start + LENGTH <= form.length; start += 1) fragments.add(form.slice(start, start + LENGTH));
    }
  }
  return { keys: texts.size, fragments };
};

/** The secret part of a key as it may be written: the lines of its PEM, these in base64 again, its numbers in hexadecimal. */
const formsOf = (text: string): string[] => {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('-----'));
  // The beginning of each PKCS#8 text is the same for all keys, and says nothing.
  const body = lines.join('').slice(44);
  const encoded = Buffer.from(text).toString('base64');
  // The header and that beginning, in base64 of base64.
  const again = encoded.slice(100);
  return [...lines.slice(1), body, again, Buffer.from(body, 'base64').toString('hex'), ...numbersOf(text)];
};

/** The secret numbers of a key, as Node shows them in a JSON Web Key. */
const numbersOf = (text: string): string[] => {
  try {
    const { d, p, q, dp, dq, qi } = createPrivateKey(text).export({ format: 'jwk' });
    return [d, p, q, dp, dq, qi].flatMap((number) => number ?? []);
  } catch {
    // Half a key has none.
    return [];
  }
};

/** Lines that hold a part of a key, or speak of one; each cut short. */
export const leaksIn = (lines: readonly string[], { fragments }: KeyMaterial): string[] =>
  lines.filter((line) => PRIVATE_HEADER.test(line) || hasFragment(line, fragments)).map((line) => line.slice(0, 200));

const hasFragment = (line: string, fragments: ReadonlySet<string>): boolean => {
  // In JSON the ends of lines are two characters.
  for (const form of [line, line.replaceAll(/\\r|\\n|\s/g, '')]) {
    for (let start = 0; start + LENGTH <= form.length; start += 1) {
      if (fragments.has(form.slice(start, start + LENGTH))) return true;
    }
  }
  return false;
};
