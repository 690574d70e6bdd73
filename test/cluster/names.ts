/** The rules for names, labels and other short texts, each answering with what is wrong: k8s.io/apimachinery/pkg/util/validation, pkg/api/validate/content. */
import { isIP } from 'node:net';

/** content.RegexError. The comma before "or" is Kubernetes' own. */
function regexError(message: string, format: string, ...examples: string[]): string {
  const shown = examples.map((example) => `'${example}', `).join(' or ');
  return `${message} (${shown ? `e.g. ${shown}` : ''}regex used for validation is '${format}')`;
}

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const DNS1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const KEY = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const VALUE = `(${KEY})?`;
const CONFIG_KEY = '[-._a-zA-Z0-9]+';
const anchored = (format: string): RegExp => new RegExp(`^(?:${format})$`, 'v');
// The `v` flag wants `-` escaped inside classes; the texts want Kubernetes' own spelling.
const compile = (format: string): RegExp => anchored(format.replaceAll('[-', '[\\-'));
const labelPattern = compile(LABEL);
const subdomainPattern = compile(SUBDOMAIN);
const dns1035Pattern = compile(DNS1035);
const keyPattern = compile(KEY);
const valuePattern = compile(VALUE);
const configKeyPattern = compile(CONFIG_KEY);

/** The length of a text as Go counts it. */
export const bytes = (text: string): number => Buffer.byteLength(text);

/** A check of one string: the texts of what is wrong with it. */
export type TextRule = (value: string) => string[];
/** The same for object names; with `prefix`, the name of a `generateName`. */
export type NameRule = (name: string, prefix?: boolean) => string[];

/** Names of namespaces, containers, volumes. */
export function isDNS1123Label(value: string): string[] {
  const errors = bytes(value) > 63 ? ['must be no more than 63 characters'] : [];
  if (labelPattern.test(value)) return errors;
  if (subdomainPattern.test(value)) return [...errors, 'must not contain dots'];
  const text =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
  return [...errors, regexError(text, LABEL, 'my-name', '123-abc')];
}

/** `length`: "bytes" where content.IsDNS1123Subdomain is used instead of validation.IsDNS1123Subdomain. */
export function isDNS1123Subdomain(value: string, length = 'characters'): string[] {
  const errors = bytes(value) > 253 ? [`must be no more than 253 ${length}`] : [];
  if (subdomainPattern.test(value)) return errors;
  const text =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
  return [...errors, regexError(text, SUBDOMAIN, 'example.com')];
}

/** Names that start with a letter. */
export function isDNS1035Label(value: string): string[] {
  const errors = bytes(value) > 63 ? ['must be no more than 63 characters'] : [];
  if (dns1035Pattern.test(value)) return errors;
  const text =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
  return [...errors, regexError(text, DNS1035, 'my-name', 'abc-123')];
}

/** Label keys, annotation keys, finalizers. */
export function isQualifiedName(value: string): string[] {
  const message =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
  const text = (): string => regexError(message, KEY, 'MyName', 'my.name', '123-abc');
  const parts = value.split('/');
  if (parts.length > 2)
    return [`a valid label key ${text()} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  const errors: string[] = [];
  const name = parts.at(-1) ?? '';
  const prefix = parts.length === 2 ? parts[0] : undefined;
  if (prefix === '') errors.push('prefix part must be non-empty');
  else if (prefix !== undefined)
    errors.push(...isDNS1123Subdomain(prefix, 'bytes').map((error) => `prefix part ${error}`));
  if (name === '') errors.push('name part must be non-empty');
  else if (bytes(name) > 63) errors.push('name part must be no more than 63 bytes');
  if (!keyPattern.test(name)) errors.push(`name part ${text()}`);
  return errors;
}

/** Values of labels; the empty text is one. */
export function isValidLabelValue(value: string): string[] {
  const errors = bytes(value) > 63 ? ['must be no more than 63 bytes'] : [];
  if (valuePattern.test(value)) return errors;
  const text =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
  return [...errors, regexError(text, VALUE, 'MyValue', 'my_value', '12345')];
}

/** Keys of ConfigMaps and Secrets. */
export function isConfigMapKey(value: string): string[] {
  const errors = bytes(value) > 253 ? ['must be no more than 253 characters'] : [];
  if (!configKeyPattern.test(value)) {
    const text = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
    errors.push(regexError(text, CONFIG_KEY, 'key.name', 'KEY_NAME', 'key-name'));
  }
  if (value === '.') errors.push("must not be '.'");
  else if (value === '..') errors.push("must not be '..'");
  else if (value.startsWith('..')) errors.push("must not start with '..'");
  return errors;
}

/** IANA_SVC_NAME: names of container ports. */
export function isValidPortName(value: string): string[] {
  const errors: string[] = [];
  if (bytes(value) > 15) errors.push('must be no more than 15 characters');
  if (!/^[\-a-z0-9]+$/v.test(value))
    errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/v.test(value)) errors.push('must contain at least one letter (a-z)');
  if (value.includes('--')) errors.push('must not contain consecutive hyphens');
  if (value.startsWith('-') || value.endsWith('-')) errors.push('must not begin or end with a hyphen');
  return errors;
}

/** Shares of a whole, in whole percents. */
export function isValidPercent(value: string): string[] {
  const text = "a valid percent string must be a numeric string followed by an ending '%'";
  return /^[0-9]+%$/v.test(value) ? [] : [regexError(text, '[0-9]+%', '1%', '93%')];
}

/** 1 to 65535. */
export function isValidPortNumber(value: unknown): string[] {
  return isInRange(value, 1, 65_535);
}

/** Numbers from `low` to `high`, both included. */
export function isInRange(value: unknown, low: number, high: number): string[] {
  const inside = typeof value === 'number' && value >= low && value <= high;
  return inside ? [] : [`must be between ${low} and ${high}, inclusive`];
}

// content.maskTrailingDash: a prefix may end with a dash; two characters are replaced by one, as in Kubernetes.
const masked = (name: string, prefix?: boolean): string =>
  prefix && name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name;

export const nameIsDNSLabel: NameRule = (name, prefix) => isDNS1123Label(masked(name, prefix));
export const nameIsDNSSubdomain: NameRule = (name, prefix) => isDNS1123Subdomain(masked(name, prefix));
/** Types with free names: RBAC, CSR. */
export const isPathSegmentName: NameRule = (name, prefix) => {
  if (!prefix && (name === '.' || name === '..')) return [`may not be '${name}'`];
  return ['/', '%'].filter((part) => name.includes(part)).map((part) => `may not contain '${part}'`);
};

/** IsValidIPForLegacyField */
export function isValidIP(value: string): string[] {
  return isIP(value) === 0 ? ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'] : [];
}
