/** pkg/apis/certificates/validation/validation.go: what a CertificateSigningRequest may hold, and what an update may change. */
import { X509Certificate } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { FieldError } from '../types.ts';
import {
  duplicate,
  forbiddenField,
  invalidValue,
  isDNS1123Label,
  isDNS1123Subdomain,
  notSupported,
  required,
  tooLong,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from '../validation.ts';
import { USAGES } from './authority.ts';
import { conditionsOf, decoded, type CertificateSigningRequest } from './csr.ts';
import { pemBlocks } from './pem.ts';
import { parseRequest } from './request.ts';

const LEGACY_SIGNER = 'kubernetes.io/legacy-unknown';
const MIN_EXPIRATION_SECONDS = 600;
/** Conditions that may only be "True" and never go away. */
const FINAL = ['Approved', 'Denied', 'Failed'];

const MAX_DOMAIN_BYTES = 253;
const MAX_SIGNER_NAME_BYTES = MAX_DOMAIN_BYTES + (253 + 63 + 1) + 1;

/** The first label that breaks the rule earns the errors: the rest would only repeat them. */
function labelErrors(segment: string, rule: (label: string) => string[], field: string): FieldError[] {
  const bad = segment.split('.').find((label) => rule(label).length > 0);
  if (bad === undefined) return [];
  return rule(bad).map((text) => invalidValue(field, segment, `validating label ${JSON.stringify(bad)}: ${text}`));
}

/** ValidateSignerName in pkg/apis/core/validation/names.go. */
function validateSignerName(name: string, field: string): FieldError[] {
  if (name === '') return [required(field)];
  const [domain = '', path, ...rest] = name.split('/');
  if (path === undefined || rest.length > 0) {
    const text = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
    return [invalidValue(field, name, text)];
  }
  const errors = domain.length > MAX_DOMAIN_BYTES ? [tooLong(field, MAX_DOMAIN_BYTES)] : [];
  errors.push(...labelErrors(domain, isDNS1123Label, field));
  if (!domain.includes('.'))
    errors.push(invalidValue(field, domain, 'should be a domain with at least two segments separated by dots'));
  errors.push(...labelErrors(path, (label) => isDNS1123Subdomain(label), field));
  return name.length > MAX_SIGNER_NAME_BYTES ? [...errors, tooLong(field, MAX_SIGNER_NAME_BYTES)] : errors;
}

/** What crypto/x509 says of a signature, by the type of the key. */
const WRONG_SIGNATURE: Record<string, string> = {
  ec: 'x509: ECDSA verification failure',
  ed25519: 'x509: Ed25519 verification failure',
  rsa: 'crypto/rsa: verification error',
};

/** What was found of the last requests: each is judged again with every change of its object. */
const judged = new Map<string, string | undefined>();
const MOST_JUDGED = 200;

function requestError(request = ''): string | undefined {
  if (judged.has(request)) return judged.get(request);
  const problem = errorOf(request);
  if (judged.size >= MOST_JUDGED) judged.clear();
  judged.set(request, problem);
  return problem;
}

function errorOf(request: string): string | undefined {
  try {
    const { signatureIsValid, publicKey } = parseRequest(decoded(request));
    return signatureIsValid ? undefined : WRONG_SIGNATURE[publicKey.asymmetricKeyType ?? ''];
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function validateUsages(usages: string[], old: string[] | undefined): FieldError[] {
  const errors = usages.length === 0 ? [required('spec.usages')] : [];
  if (!old?.some((usage) => !USAGES.includes(usage)))
    for (const [index, usage] of usages.entries())
      if (!USAGES.includes(usage)) errors.push(notSupported(`spec.usages[${index}]`, usage, USAGES));
  if (!old || new Set(old).size === old.length)
    for (const [index, usage] of usages.entries())
      if (usages.indexOf(usage) < index) errors.push(duplicate(`spec.usages[${index}]`, usage));
  return errors;
}

function validateConditions(csr: CertificateSigningRequest, old: CertificateSigningRequest | undefined): FieldError[] {
  const path = 'status.conditions';
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  const before = (old?.status.conditions ?? []).map(({ type }) => type);
  const tolerated = {
    empty: before.includes(''),
    both: before.includes('Approved') && before.includes('Denied'),
    twice: new Set(before).size < before.length,
  };
  for (const [index, { type = '', status = '' }] of (csr.status.conditions ?? []).entries()) {
    const at = `${path}[${index}]`;
    if (type === '' && !tolerated.empty) errors.push(required(`${at}.type`));
    const allowed = FINAL.includes(type) ? ['True'] : ['False', 'True', 'Unknown'];
    if (status === '') errors.push(required(`${at}.status`));
    else if (!allowed.includes(status)) errors.push(notSupported(`${at}.status`, status, allowed));
    const opposite = type === 'Approved' ? 'Denied' : type === 'Denied' ? 'Approved' : undefined;
    if (opposite && seen.has(opposite) && !tolerated.both)
      errors.push(invalidValue(path, type, 'Approved and Denied conditions are mutually exclusive'));
    if (seen.has(type) && !tolerated.twice) errors.push(duplicate(`${at}.type`, type));
    seen.add(type);
  }
  return errors;
}

/** What is wrong with the PEM of status.certificate. */
function certificateError(certificate: string | undefined): string | undefined {
  const blocks = pemBlocks(decoded(certificate));
  if (!certificate) return undefined;
  for (const block of blocks) {
    if (block.type !== 'CERTIFICATE')
      return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(block.type)}`;
    if (block.headers) return 'no PEM block headers are permitted';
    if (block.bytes.length === 0) return 'found CERTIFICATE PEM block containing 0 certificates';
    try {
      void new X509Certificate(block.bytes);
    } catch {
      return 'x509: malformed certificate';
    }
  }
  return blocks.length === 0 ? 'must contain at least one CERTIFICATE PEM block' : undefined;
}

/** ValidateCertificateSigningRequestCreate; with `old`, what an update tolerates because it was there before. */
export function validateCsr(csr: CertificateSigningRequest, old?: CertificateSigningRequest): FieldError[] {
  const errors = validateObjectMeta(csr.metadata, false, () => []);
  const { request, usages = [], signerName = '', expirationSeconds } = csr.spec;
  const problem = requestError(request);
  if (problem) errors.push(invalidValue('spec.request', request ?? null, problem));
  errors.push(...validateUsages(usages, old?.spec.usages));
  if (signerName === LEGACY_SIGNER && old?.spec.signerName !== LEGACY_SIGNER) {
    const text = 'the legacy signerName is not allowed via this API version';
    errors.push(invalidValue('spec.signerName', signerName, text));
  } else errors.push(...validateSignerName(signerName, 'spec.signerName'));
  if (expirationSeconds !== undefined && expirationSeconds < MIN_EXPIRATION_SECONDS) {
    const text = 'may not specify a duration less than 600 seconds (10 minutes)';
    errors.push(invalidValue('spec.expirationSeconds', expirationSeconds, text));
  }
  errors.push(...validateConditions(csr, old));
  const untouched = old && old.status.certificate === csr.status.certificate;
  const wrongBefore = old && certificateError(old.status.certificate) !== undefined;
  const bad = untouched || wrongBefore ? undefined : certificateError(csr.status.certificate);
  return bad ? [...errors, invalidValue('status.certificate', '<certificate data>', bad)] : errors;
}

/** ValidateCertificateSigningRequest{,Status,Approval}Update. */
export function validateCsrUpdate(
  csr: CertificateSigningRequest,
  old: CertificateSigningRequest,
  allowed: { approval?: boolean; certificate?: boolean },
): FieldError[] {
  const errors = validateCsr(csr, old);
  const path = 'status.conditions';
  const changed = FINAL.map((type) => ({ type, now: conditionsOf(csr, type), before: conditionsOf(old, type) }));
  for (const { type, now, before } of changed)
    if (now.length < before.length)
      errors.push(forbiddenField(path, `updates may not remove a condition of type "${type}"`));
  for (const { type, now, before } of changed) {
    if (allowed.approval || type === 'Failed' || now.length < before.length) continue;
    if (now.length > before.length)
      errors.push(forbiddenField(path, `updates may not add a condition of type "${type}"`));
    else if (!isDeepStrictEqual(now, before))
      errors.push(forbiddenField(path, `updates may not modify a condition of type "${type}"\n`));
  }
  if ((csr.status.certificate ?? '') !== (old.status.certificate ?? '')) {
    if (!allowed.certificate)
      errors.push(forbiddenField('status.certificate', 'updates may not set certificate content'));
    else if (old.status.certificate)
      errors.push(forbiddenField('status.certificate', 'updates may not modify existing certificate content'));
  }
  return [...errors, ...validateObjectMetaUpdate(csr.metadata, old.metadata)];
}
