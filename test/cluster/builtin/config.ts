/** ConfigMaps and Secrets: data, and `immutable`. pkg/apis/core/validation ValidateConfigMap, ValidateSecret and their updates. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { parseGoJson } from '../admission/go-json.ts';
import type { FieldError, KubeObject } from '../types.ts';
import { forbiddenField, invalidValue, isConfigMapKey, required, tooLong, validateImmutable } from '../validation.ts';
import { column } from './columns.ts';
import type { Rules } from './resource.ts';

type Data = Record<string, string>;
const MAX_BYTES = 1024 * 1024;

const mapOf = (object: KubeObject, key: string): Data => (object[key] ?? {}) as Data;
const typeOf = (object: KubeObject): string => (object['type'] ?? '') as string;
const count = (...maps: Data[]): number => maps.reduce((sum, map) => sum + Object.keys(map).length, 0);
const base64Bytes = (text: string): number => Buffer.from(text, 'base64').length;

/** ValidateConfigMapUpdate and ValidateSecretUpdate: once immutable, always immutable. */
function immutability(object: KubeObject, old: KubeObject, fields: string[]): FieldError[] {
  if (old['immutable'] !== true) return [];
  const text = 'field is immutable when `immutable` is set';
  const changed = fields.filter((field) => !isDeepStrictEqual(mapOf(object, field), mapOf(old, field)));
  return [...(object['immutable'] === true ? [] : ['immutable']), ...changed].map((field) =>
    forbiddenField(field, text),
  );
}

function keyErrors(data: Data, field: string): FieldError[] {
  return Object.keys(data).flatMap((key) =>
    isConfigMapKey(key).map((text) => invalidValue(`${field}[${key}]`, key, text)),
  );
}

export const configMapRules: Rules = {
  metadataOnUpdate: true,
  validate(object, old) {
    const data = mapOf(object, 'data');
    const binary = mapOf(object, 'binaryData');
    const both = Object.keys(data).filter((key) => Object.hasOwn(binary, key));
    const size =
      Object.values(data).reduce((sum, value) => sum + Buffer.byteLength(value), 0) +
      Object.values(binary).reduce((sum, value) => sum + base64Bytes(value), 0);
    return [
      ...(old ? immutability(object, old, ['data', 'binaryData']) : []),
      ...keyErrors(data, 'data'),
      ...both.map((key) => invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData')),
      ...keyErrors(binary, 'binaryData'),
      ...(size > MAX_BYTES ? [tooLong('', MAX_BYTES)] : []),
    ];
  },
  columns: [column('Data', (object) => count(mapOf(object, 'data'), mapOf(object, 'binaryData')))],
};

/** Keys without which a Secret of a type is invalid. For basic-auth one of the two is enough. */
const NEEDED: Record<string, string[]> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
};
const ACCOUNT_NAME = 'kubernetes.io/service-account.name';

function typeErrors(object: KubeObject): FieldError[] {
  const type = typeOf(object);
  const data = mapOf(object, 'data');
  const has = (key: string): boolean => Object.hasOwn(data, key);
  if (type === 'kubernetes.io/service-account-token' && !object.metadata.annotations?.[ACCOUNT_NAME])
    return [required(`metadata.annotations[${ACCOUNT_NAME}]`)];
  if (type === 'kubernetes.io/basic-auth' && !has('username') && !has('password'))
    return [required('data[username]'), required('data[password]')];
  const keys = Object.hasOwn(NEEDED, type) ? (NEEDED[type] ?? []) : [];
  const missing = keys.filter((key) => !has(key) || (type.endsWith('ssh-auth') && data[key] === ''));
  if (missing.length > 0) return missing.map((key) => required(`data[${key}]`));
  if (!type.startsWith('kubernetes.io/dockerc')) return [];
  return keys.flatMap((key) => {
    const text = Buffer.from(data[key] ?? '', 'base64').toString();
    try {
      parseGoJson(text);
      return [];
    } catch (error) {
      return [invalidValue(`data[${key}]`, '<secret contents redacted>', (error as Error).message)];
    }
  });
}

/** pkg/registry/core/secret/strategy.go warningsForSecret: keys and certificates that do not belong together are stored, with a warning. */
function pairWarnings(object: KubeObject): string[] {
  if (typeOf(object) !== 'kubernetes.io/tls') return [];
  const [certificate = '', key = ''] = ['tls.crt', 'tls.key'].map((name) =>
    Buffer.from(mapOf(object, 'data')[name] ?? '', 'base64').toString(),
  );
  const noPem = (what: string): string[] => [`tls: failed to find any PEM data in ${what} input`];
  if (!certificate.includes('-----BEGIN ')) return noPem('certificate');
  if (!key.includes('-----BEGIN ')) return noPem('key');
  try {
    const matches = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
    return matches ? [] : ['tls: private key does not match public key'];
  } catch {
    return ['tls: failed to parse private key'];
  }
}

export const secretRules: Rules = {
  metadataOnUpdate: true,
  defaults(object) {
    // Convert_v1_Secret_To_core_Secret: stringData is write-only and wins.
    const texts = Object.entries(mapOf(object, 'stringData')).map(([key, text]) => [
      key,
      Buffer.from(text).toString('base64'),
    ]);
    if (texts.length > 0) object['data'] = { ...mapOf(object, 'data'), ...Object.fromEntries(texts) };
    delete object['stringData'];
    object['type'] ??= 'Opaque';
  },
  validate(object, old) {
    const data = mapOf(object, 'data');
    const size = Object.values(data).reduce((sum, value) => sum + base64Bytes(value), 0);
    return [
      ...(old ? validateImmutable(object['type'], old['type'], 'type') : []),
      ...(old ? immutability(object, old, ['data']) : []),
      ...keyErrors(data, 'data'),
      ...(size > MAX_BYTES ? [tooLong('data', MAX_BYTES)] : []),
      ...typeErrors(object),
    ];
  },
  warnings: (object, old) => (old && isDeepStrictEqual(object['data'], old['data']) ? [] : pairWarnings(object)),
  selectableFields: { type: typeOf },
  columns: [column('Type', (object) => object['type'] ?? ''), column('Data', (object) => count(mapOf(object, 'data')))],
};

export const serviceAccountRules: Rules = {
  metadataOnUpdate: true,
  validate: () => [],
  columns: [],
};
