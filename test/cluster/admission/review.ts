/** AdmissionReviews: the question, and what counts as an answer (plugin/webhook/request/admissionreview.go). */
import type { AdmissionAttributes, JsonObject, KubeObject, Resource } from '../types.ts';
import { parseGoJson, typeMismatch } from './go-json.ts';

/** How a webhook is asked: about which resource (an equivalent one, perhaps), and in which version of the review. */
export interface Question {
  uid: string;
  version: string;
  attributes: AdmissionAttributes;
  /** The resource as the webhook's rules name it. */
  resource: Resource;
  object: KubeObject | undefined;
  oldObject: KubeObject | undefined;
}

export interface Verdict {
  allowed: boolean;
  status: JsonObject | undefined;
  /** JSON text of the patch; undefined when there is none. */
  patch: string | undefined;
  patchType: string;
  warnings: string[];
  auditAnnotations: Record<string, string>;
}

/** A subresource may have a kind of its own: pods/eviction takes an Eviction. */
function kindOf({ group, version, kind, subresources }: Resource, subresource: string): JsonObject {
  const own = Object.hasOwn(subresources, subresource) ? subresources[subresource] : undefined;
  return { group: own?.group ?? group, version: own?.version ?? version, kind: own?.kind ?? kind };
}

const resourceOf = ({ group, version, plural }: Resource): JsonObject => ({ group, version, resource: plural });

/** The `request` of a review; also what expressions see, without the objects. */
export function admissionRequest(attributes: AdmissionAttributes, resource: Resource): JsonObject {
  const { subresource, name, namespace, operation, user, dryRun, options } = attributes;
  const sub = subresource ?? '';
  const { username, uid, groups, extra } = user;
  return {
    kind: kindOf(resource, sub),
    resource: resourceOf(resource),
    ...(sub ? { subResource: sub } : {}),
    requestKind: kindOf(attributes.resource, sub),
    requestResource: resourceOf(attributes.resource),
    ...(sub ? { requestSubResource: sub } : {}),
    ...(name ? { name } : {}),
    ...(namespace ? { namespace } : {}),
    operation,
    userInfo: {
      username,
      ...(uid ? { uid } : {}),
      ...(groups.length > 0 ? { groups } : {}),
      ...(extra && Object.keys(extra).length > 0 ? { extra } : {}),
    },
    dryRun,
    options,
  };
}

export function reviewOf({ uid, version, attributes, resource, object, oldObject }: Question): JsonObject {
  const request = admissionRequest(attributes, resource);
  return {
    kind: 'AdmissionReview',
    apiVersion: `admission.k8s.io/${version}`,
    request: { uid, ...request, object: object ?? null, oldObject: oldObject ?? null },
  };
}

function decodeResponse(response: JsonObject): void {
  const fields = [
    ['uid', 'string', 'types.UID'],
    ['allowed', 'boolean', 'bool'],
    ['status', 'object', 'v1.Status'],
    ['patch', 'string', '[]uint8'],
    ['patchType', 'string', 'v1.PatchType'],
    ['auditAnnotations', 'object', 'map[string]string'],
    ['warnings', 'array', '[]string'],
  ] as const;
  for (const [name, expected, goType] of fields) {
    const mismatch = typeMismatch(response[name], expected, `AdmissionResponse.response.${name}`, goType);
    if (mismatch) throw new Error(mismatch);
  }
}

/** Decodes the body of a 2xx answer. @throws Error with the message of the decoder. */
export function decodeReview(body: string): JsonObject {
  let review: unknown;
  try {
    review = parseGoJson(body);
  } catch (error) {
    throw new Error(`couldn't get version/kind; json parse error: ${(error as Error).message}`, { cause: error });
  }
  const { kind = '', apiVersion = '', response } = (review ?? {}) as JsonObject;
  if (typeof kind !== 'string' || kind === '') throw new Error(`Object 'Kind' is missing in '${body}'`);
  if (kind !== 'AdmissionReview' || !String(apiVersion).startsWith('admission.k8s.io/'))
    throw new Error(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme`,
    );
  if (typeof response === 'object' && response !== null) decodeResponse(response as JsonObject);
  return review as JsonObject;
}

/**
 * VerifyAdmissionResponse.
 * @throws Error saying what is wrong with the answer.
 */
export function verifyReview(
  review: JsonObject,
  question: Pick<Question, 'uid' | 'version'>,
  mutating: boolean,
): Verdict {
  const response = review['response'] as JsonObject | null | undefined;
  if (!response) throw new Error('webhook response was absent');
  const { uid = '', allowed = false, patch = '', patchType, status, warnings, auditAnnotations } = response;
  if (question.version === 'v1') {
    if (uid !== question.uid) throw new Error(`expected response.uid="${question.uid}", got ${JSON.stringify(uid)}`);
    if (review['apiVersion'] !== 'admission.k8s.io/v1') {
      const group = String(review['apiVersion']);
      throw new Error(
        `expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${group}, Kind=AdmissionReview`,
      );
    }
    const typed = patchType !== undefined && patchType !== null;
    if (!mutating && patch) throw new Error('validating webhook may not return response.patch');
    if (!mutating && typed) throw new Error('validating webhook may not return response.patchType');
    if (patch && !typed) throw new Error('webhook returned response.patch but not response.patchType');
    if (!patch && typed) throw new Error('webhook returned response.patchType but not response.patch');
    if (typed && patchType === '') throw new Error('webhook returned invalid response.patchType of ""');
  }
  return {
    allowed: allowed === true,
    status: (status ?? undefined) as JsonObject | undefined,
    patch: mutating && patch ? Buffer.from(patch as string, 'base64').toString('utf8') : undefined,
    patchType: question.version === 'v1' ? ((patchType as string | undefined) ?? '') : 'JSONPatch',
    warnings: (warnings as string[] | null | undefined) ?? [],
    auditAnnotations: (auditAnnotations as Record<string, string> | null | undefined) ?? {},
  };
}
