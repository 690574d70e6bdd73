/** AdmissionReview, admission.k8s.io/v1: bytes to a request, an answer to bytes. */
import { isUtf8 } from 'node:buffer';
import { isObject, member } from '../domain/json.ts';
import type { Operation } from '../domain/patch.ts';
import type { AdmissionRequest } from '../domain/request.ts';
import { prescan } from './prescan.ts';
import { badRequest } from './refusal.ts';

export interface AdmissionAnswer {
  uid: string;
  allowed: boolean;
  /** Why not, for people; only with `allowed: false`. */
  denial?: string;
  operations: readonly Operation[];
  warnings: readonly string[];
  auditAnnotations: Readonly<Record<string, string>>;
}

/**
 * Levels of brackets that a body may have. A Pod with its managedFields stays below 20; more is an attack on whoever
 * walks it.
 */
const MAX_DEPTH = 64;

function parseJson(body: Buffer): unknown {
  // Bytes that are no UTF-8 would be replaced in silence, and the pod would be another one.
  if (isUtf8(body)) {
    try {
      return JSON.parse(body.toString('utf8'));
    } catch {
      // The parser's own message quotes the body, which may hold secrets.
    }
  }
  throw badRequest(400, `the body of ${body.length} bytes is not JSON`);
}

/**
 * The request of an AdmissionReview. What no decision reads is overwritten in the body (prescan.ts); other members that we do
 * not know are left alone.
 *
 * @throws Refusal with status 400 (empty, not JSON, too deep, not an AdmissionReview v1) or 422 (not a Pod).
 */
export function parseReview(body: Buffer): AdmissionRequest {
  if (body.length === 0) throw badRequest(400, 'the body is empty');
  if (prescan(body, MAX_DEPTH)) throw badRequest(400, `the body nests deeper than ${MAX_DEPTH} levels`);
  const review = parseJson(body);
  if (member(review, 'kind') !== 'AdmissionReview') throw badRequest(400, 'the body is not an AdmissionReview');
  if (member(review, 'apiVersion') !== 'admission.k8s.io/v1') {
    throw badRequest(400, 'the AdmissionReview is not of admission.k8s.io/v1');
  }
  const request = member(review, 'request');
  const uid = text(request, 'uid');
  if (!isObject(request) || uid === '') throw badRequest(400, 'the AdmissionReview has no request with a uid');
  const kind = member(request, 'kind');
  const object = member(request, 'object');
  if (text(kind, 'group') !== '' || text(kind, 'kind') !== 'Pod') throw badRequest(422, 'the request is not for a Pod');
  if (!isObject(object)) throw badRequest(422, 'the request has no object');
  return {
    uid,
    kind: { group: '', version: text(kind, 'version'), kind: 'Pod' },
    subResource: text(request, 'subResource'),
    name: text(request, 'name'),
    namespace: text(request, 'namespace'),
    operation: text(request, 'operation'),
    object,
    dryRun: member(request, 'dryRun') === true,
  };
}

function text(object: unknown, key: string): string {
  const value = member(object, key);
  return typeof value === 'string' ? value : '';
}

/** The AdmissionReview that answers, as JSON text; undefined members are left out of that. */
export function encodeReview(answer: AdmissionAnswer): string {
  const { uid, allowed, denial, operations, warnings, auditAnnotations } = answer;
  const patches = operations.length > 0;
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid,
      allowed,
      status: denial === undefined ? undefined : { status: 'Failure', code: 403, reason: 'Forbidden', message: denial },
      patchType: patches ? 'JSONPatch' : undefined,
      patch: patches ? Buffer.from(JSON.stringify(operations)).toString('base64') : undefined,
      warnings: warnings.length > 0 ? warnings : undefined,
      auditAnnotations: Object.keys(auditAnnotations).length > 0 ? auditAnnotations : undefined,
    },
  });
}
