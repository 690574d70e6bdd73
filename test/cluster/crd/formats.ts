import { isIP, isIPv4, isIPv6 } from 'node:net';
import { isDNS1123Label, isDNS1123Subdomain } from '../validation.ts';
import { parseBlock, parseURL } from '../cel/network.ts';

const duration = /^\d+(?:\.\d+)?\s*(?:ns|us|µs|ms|s|m|h|d|w)(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))*$/;
const letter = String.raw`a-zA-Z0-9\p{S}\p{L}`;
/** One label, or several with a top-level domain of two letters or more (strfmt: HostnamePattern). */
const hostname = new RegExp(
  `^(?=.{1,255}$)(?!.*[^.]{64})(?:[${letter}](?:-?[${letter}]{0,62})?|(?:[${letter}](?:[${letter}\\-]{0,61}[${letter}])?\\.)+[a-zA-Z\\p{L}]{2,63})$`,
  'u',
);
const dateTime = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

function uuid(text: string, third: string, fourth: string): boolean {
  return new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${third}-?${fourth}-?[0-9a-f]{12}$`, 'i').test(text);
}

/** The formats that are checked (apiextensions-apiserver/pkg/apiserver/validation/formats.go); all others are ignored. */
const checks: Record<string, (text: string) => boolean> = {
  byte: (text) => /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text),
  cidr: (text) => parseBlock(text) !== undefined,
  date: (text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)),
  'date-time': (text) => dateTime.test(text) && !Number.isNaN(Date.parse(text)),
  datetime: (text) => dateTime.test(text) && !Number.isNaN(Date.parse(text)),
  duration: (text) => duration.test(text),
  email: (text) => /^[^\s@<>]+@[^\s@<>]+$/.test(text),
  hostname: (text) => hostname.test(text),
  ip: (text) => isIP(text) !== 0,
  ipv4: isIPv4,
  ipv6: isIPv6,
  mac: (text) => /^[0-9a-fA-F]{2}(?:[:-][0-9a-fA-F]{2}){5}$/.test(text),
  uri: (text) => parseURL(text) !== undefined || /^[a-zA-Z][a-zA-Z0-9+.-]*:\S+$/.test(text),
  'k8s-long-name': (text) => isDNS1123Subdomain(text).length === 0,
  'k8s-short-name': (text) => isDNS1123Label(text).length === 0,
  password: () => true,
  hexcolor: (text) => /^#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/v.test(text),
  ssn: (text) => /^\d{3}[\- ]?\d{2}[\- ]?\d{4}$/v.test(text),
  uuid3: (text) => uuid(text, '3[0-9a-f]{3}', '[0-9a-f]{4}'),
  uuid4: (text) => uuid(text, '4[0-9a-f]{3}', '[89ab][0-9a-f]{3}'),
  uuid5: (text) => uuid(text, '5[0-9a-f]{3}', '[89ab][0-9a-f]{3}'),
  uuid: (text) => uuid(text, '[0-9a-f]{4}', '[0-9a-f]{4}'),
};

/** Whether the text has the format; true for formats that Kubernetes does not check. */
export function hasFormat(text: string, format: string): boolean {
  return Object.hasOwn(checks, format) ? (checks[format]?.(text) ?? true) : true;
}

/** Formats that are known but not checked here, beside those that are. */
const others = ['bsonobjectid', 'creditcard', 'isbn', 'isbn10', 'isbn13', 'rgbcolor'];

/** Whether Kubernetes knows the format of strings. */
export function isChecked(format: string): boolean {
  return Object.hasOwn(checks, format) || others.includes(format);
}
