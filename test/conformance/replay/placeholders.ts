/** `{{name}}` and, URI-encoded, `{{name|uri}}` in requests. */

import { randomInt } from 'node:crypto';
import { isObject, mapEntries } from './json.ts';

/** The alphabet of generated names: k8s.io/apimachinery/pkg/util/rand. */
export const GENERATED_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** A new identifier that makes the names of one run unique on a server. */
export const newRunId = (): string =>
  `r${Array.from({ length: 5 }, () => GENERATED_ALPHABET[randomInt(GENERATED_ALPHABET.length)]).join('')}`;

/**
 * The value with all placeholders filled in. A string that is nothing but a placeholder takes the variable's own type.
 * Throws for a variable that nobody has set.
 */
export const substitute = (value: unknown, variables: ReadonlyMap<string, unknown>): unknown => {
  const lookup = (expression: string): unknown => {
    const [name = '', filter] = expression.split('|');
    const found = variables.get(name);
    if (found === undefined) throw new Error(`unresolved placeholder {{${expression}}}`);
    return filter === 'uri' ? encodeURIComponent(asText(found)) : found;
  };
  const text = (template: string): string =>
    template.replaceAll(/\{\{([^{}]+)\}\}/g, (_, expression: string) => asText(lookup(expression)));
  const walk = (current: unknown): unknown => {
    if (typeof current === 'string') {
      const [, whole] = /^\{\{([^{}]+)\}\}$/.exec(current) ?? [];
      return whole === undefined ? text(current) : lookup(whole);
    }
    if (Array.isArray(current)) return current.map(walk);
    return isObject(current) ? mapEntries(current, (key, child) => [text(key), walk(child)]) : current;
  };
  return walk(value);
};

const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
