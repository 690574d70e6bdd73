import type { Environment } from '@marcbachmann/cel-js';
import { registerAuthorization } from './authorizer.ts';
import { Address, Block, parseAddress, parseBlock, parseURL } from './network.ts';
import { Quantity, parseQuantity } from './quantity.ts';
import { goRegExp } from './regexp.ts';

/** What the name `sets` stands for. */
class Sets {
  readonly name = 'sets';
}

type Ordered = bigint | number | string;

/** Adds the functions that Kubernetes has beyond the language (apiserver/pkg/cel/library) and that the package lacks. */
export function registerKubernetesFunctions(environment: Environment): Environment {
  const define = (signature: string, handler: (...values: never[]) => unknown): void => {
    environment.registerFunction(signature, handler);
  };
  registerLists(define);
  registerStrings(define);
  environment.registerType('kubernetes.Quantity', { ctor: Quantity });
  environment.registerType('net.IP', { ctor: Address });
  environment.registerType('net.CIDR', { ctor: Block });
  environment.registerType('kubernetes.URL', { ctor: URL });
  environment.registerType('kubernetes.Sets', { ctor: Sets });
  environment.registerConstant('sets', 'kubernetes.Sets', new Sets());
  registerAuthorization(environment);
  registerQuantities(define);
  registerAddresses(define);
  const contains = (list: unknown[], parts: unknown[]): boolean =>
    parts.every((part) => list.some((item) => same(item, part)));
  define('kubernetes.Sets.contains(list, list): bool', (_: Sets, a: unknown[], b: unknown[]) => contains(a, b));
  define(
    'kubernetes.Sets.equivalent(list, list): bool',
    (_: Sets, a: unknown[], b: unknown[]) => contains(a, b) && contains(b, a),
  );
  define('kubernetes.Sets.intersects(list, list): bool', (_: Sets, a: unknown[], b: unknown[]) =>
    b.some((part) => contains(a, [part])),
  );
  return environment;
}

type Define = (signature: string, handler: (...values: never[]) => unknown) => void;

function registerLists(define: Define): void {
  const extreme = (list: Ordered[], sign: 1 | -1): Ordered => {
    const [first, ...rest] = list;
    if (first === undefined) throw new Error(`${sign === 1 ? 'max' : 'min'} called on empty list`);
    return rest.reduce((best, item) => ((sign === 1 ? item > best : item < best) ? item : best), first);
  };
  define('list.isSorted(): bool', (list: Ordered[]) =>
    list.every((item, index) => index === 0 || (list[index - 1] ?? item) <= item),
  );
  define('list.sum(): dyn', (list: (bigint | number)[]) =>
    list.every((item) => typeof item === 'bigint')
      ? list.reduce<bigint>((sum, item) => sum + item, 0n)
      : list.reduce<number>((sum, item) => sum + Number(item), 0),
  );
  define('list.min(): dyn', (list: Ordered[]) => extreme(list, -1));
  define('list.max(): dyn', (list: Ordered[]) => extreme(list, 1));
  define('list.indexOf(dyn): int', (list: unknown[], value: unknown) =>
    BigInt(list.findIndex((item) => same(item, value))),
  );
  define('list.lastIndexOf(dyn): int', (list: unknown[], value: unknown) =>
    BigInt(list.findLastIndex((item) => same(item, value))),
  );
}

function registerStrings(define: Define): void {
  define('string.find(string): string', (text: string, pattern: string) => goRegExp(pattern).exec(text)?.[0] ?? '');
  const findAll = (text: string, pattern: string, limit = -1n): string[] =>
    [...text.matchAll(goRegExp(pattern, 'g'))]
      .map((match) => match[0])
      .slice(0, limit < 0n ? undefined : Number(limit));
  define('string.findAll(string): list<string>', (text: string, pattern: string) => findAll(text, pattern));
  define('string.findAll(string, int): list<string>', findAll);
  define('string.charAt(int): string', (text: string, index: bigint) => text.charAt(Number(index)));
  define('string.replace(string, string): string', (text: string, from: string, to: string) =>
    text.replaceAll(from, () => to),
  );
  define('string.reverse(): string', (text: string) => Array.from(text).reverse().join(''));
  define('string.format(list): string', (text: string, values: unknown[]) => {
    let next = 0;
    return text.replaceAll(/%(?:\.(\d+))?([%sdfbxX])/g, (_, digits: string | undefined, verb: string) =>
      verb === '%' ? '%' : formatted(values[next++], verb, digits),
    );
  });
}

function formatted(value: unknown, verb: string, digits: string | undefined): string {
  if (verb === 'f') return Number(value).toFixed(Number(digits ?? 6));
  if (verb === 'b' && typeof value === 'bigint') return value.toString(2);
  if (verb !== 's' && verb !== 'd' && typeof value === 'bigint')
    return verb === 'x' ? value.toString(16) : value.toString(16).toUpperCase();
  if (typeof value === 'string') return value;
  return JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? Number(item) : item));
}

function registerQuantities(define: Define): void {
  define('isQuantity(string): bool', (text: string) => parseQuantity(text) !== undefined);
  define('quantity(string): kubernetes.Quantity', (text: string) =>
    orFail(
      parseQuantity(text),
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ),
  );
  const method = (name: string, type: string, handler: (...values: never[]) => unknown): void =>
    define(`kubernetes.Quantity.${name}: ${type}`, handler);
  method('isGreaterThan(kubernetes.Quantity)', 'bool', (a: Quantity, b: Quantity) => a.compare(b) > 0);
  method('isLessThan(kubernetes.Quantity)', 'bool', (a: Quantity, b: Quantity) => a.compare(b) < 0);
  method('compareTo(kubernetes.Quantity)', 'int', (a: Quantity, b: Quantity) => BigInt(a.compare(b)));
  method(
    'add(kubernetes.Quantity)',
    'kubernetes.Quantity',
    (a: Quantity, b: Quantity) => new Quantity(a.nanos + b.nanos),
  );
  method(
    'sub(kubernetes.Quantity)',
    'kubernetes.Quantity',
    (a: Quantity, b: Quantity) => new Quantity(a.nanos - b.nanos),
  );
  method('sign()', 'int', (a: Quantity) => BigInt(a.compare(new Quantity(0n))));
  method('isInteger()', 'bool', (a: Quantity) => a.isInteger);
  method('asInteger()', 'int', (a: Quantity) => a.integer);
  method('asApproximateFloat()', 'double', (a: Quantity) => a.float);
}

function registerAddresses(define: Define): void {
  define('isIP(string): bool', (text: string) => parseAddress(text) !== undefined);
  define('ip(string): net.IP', (text: string) =>
    orFail(parseAddress(text), `IP Address ${JSON.stringify(text)} parse error during conversion from string`),
  );
  define('net.IP.family(): int', (address: Address) => BigInt(address.family));
  define('isCIDR(string): bool', (text: string) => parseBlock(text) !== undefined);
  define('cidr(string): net.CIDR', (text: string) =>
    orFail(parseBlock(text), `network address parse error during conversion from string`),
  );
  define('net.CIDR.containsIP(string): bool', (block: Block, text: string) =>
    block.contains(orFail(parseAddress(text), 'invalid IP address')),
  );
  define('net.CIDR.containsIP(net.IP): bool', (block: Block, address: Address) => block.contains(address));
  define('net.CIDR.prefixLength(): int', (block: Block) => BigInt(block.prefix));
  define('isURL(string): bool', (text: string) => parseURL(text) !== undefined);
  define('url(string): kubernetes.URL', (text: string) =>
    orFail(parseURL(text), `URL parse error during conversion from string`),
  );
  define('kubernetes.URL.getScheme(): string', (url: URL) => url.protocol.replace(/^none:|:$/, ''));
  define('kubernetes.URL.getHost(): string', (url: URL) => url.host);
  define('kubernetes.URL.getHostname(): string', (url: URL) => url.hostname.replace(/^\[|\]$/g, ''));
  define('kubernetes.URL.getPort(): string', (url: URL) => url.port);
  define('kubernetes.URL.getEscapedPath(): string', (url: URL) => url.pathname);
}

function orFail<T>(value: T | undefined, message: string): T {
  if (value === undefined) throw new Error(message);
  return value;
}

function same(a: unknown, b: unknown): boolean {
  const text = (value: unknown): string =>
    JSON.stringify(value, (_, item: unknown) =>
      typeof item === 'bigint' ? Number(item) : item instanceof Quantity ? String(item.nanos) : item,
    );
  return a === b || text(a) === text(b);
}
