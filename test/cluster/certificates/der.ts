/** Just enough DER to take a PKCS#10 request apart and to build an X.509 certificate for any kind of key. node-forge knows RSA only. */

/** One element: its tag byte, its content, and both with the length in between. */
export interface Element {
  tag: number;
  content: Buffer;
  raw: Buffer;
}

export const SEQUENCE = 0x30;
export const SET = 0x31;
const OID = 0x06;
export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;

/** The elements one after the other in `bytes`. Throws on anything that does not fit. */
export function elements(bytes: Buffer): Element[] {
  const found: Element[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = bytes[at] ?? 0;
    let length = bytes[at + 1] ?? 0x80;
    let start = at + 2;
    if (length >= 0x80) {
      const size = length & 0x7f;
      if (size === 0 || size > 4 || start + size > bytes.length) throw new Error('asn1: syntax error: bad length');
      length = bytes.readUIntBE(start, size);
      start += size;
    }
    const end = start + length;
    if (end > bytes.length) throw new Error('asn1: syntax error: data truncated');
    found.push({ tag, content: bytes.subarray(start, end), raw: bytes.subarray(at, end) });
    at = end;
  }
  return found;
}

/** The children of the `tag` element that `bytes` is, as a list that can be asked for its members. */
export function children(element: Element | undefined, tag?: number): Element[] {
  if (element === undefined || (tag !== undefined && element.tag !== tag))
    throw new Error('asn1: structure error: tags don’t match');
  return elements(element.content);
}

/** The only element in `bytes`. */
export function only(bytes: Buffer): Element {
  const [first, ...rest] = elements(bytes);
  if (first === undefined || rest.length > 0) throw new Error('asn1: structure error: trailing data');
  return first;
}

/** Encodes one element. */
export function encode(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const size = content.length;
  if (size < 0x80) return Buffer.concat([Buffer.from([tag, size]), content]);
  const digits = size.toString(16);
  const length = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, content]);
}

/** An object identifier in dots. */
export function oidText(content: Buffer): string {
  const [first = 0, ...rest] = content;
  const numbers = [Math.min(2, Math.floor(first / 40))];
  numbers.push(first - 40 * (numbers[0] ?? 0));
  let value = 0;
  for (const byte of rest) {
    value = value * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    numbers.push(value);
    value = 0;
  }
  return numbers.join('.');
}

/** An object identifier as an element. */
export function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const number of rest) {
    const digits = [number & 0x7f];
    for (let left = number >>> 7; left > 0; left >>>= 7) digits.unshift(0x80 | (left & 0x7f));
    bytes.push(...digits);
  }
  return encode(OID, Buffer.from(bytes));
}

/** UTCTime until 2049, GeneralizedTime from then on (RFC 5280 4.1.2.5). Seconds are cut off. */
export function time(date: Date): Buffer {
  const text = date
    .toISOString()
    .replaceAll(/[\-:T]/gv, '')
    .slice(0, 14);
  const utc = date.getUTCFullYear() < 2050;
  return encode(utc ? 0x17 : 0x18, Buffer.from(`${utc ? text.slice(2) : text}Z`));
}

/** A named bit list: `bits` are the positions that are set, 0 first. */
export function bitList(bits: number[]): Buffer {
  const highest = Math.max(...bits);
  const bytes = Buffer.alloc(Math.floor(highest / 8) + 1);
  for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  return encode(BIT_STRING, Buffer.from([7 - (highest & 7)]), bytes);
}
