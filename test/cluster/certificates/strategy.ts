/** certificatesigningrequests with /approval and /status: pkg/registry/certificates/certificates/strategy.go. */
import { age, column, humanDuration, nameColumn } from '../builtin/columns.ts';
import { forbidden } from '../status.ts';
import { copy } from '../storage/json.ts';
import { timestamp } from '../storage/store.ts';
import type { AdmissionAttributes, Authorizer, Column, KubeObject, Strategy, User, WriteContext } from '../types.ts';
import { asCsr, decoded, type CertificateSigningRequest } from './csr.ts';
import { parseRequest } from './request.ts';
import { validateCsr, validateCsrUpdate } from './validate.ts';

function prepareCreate(object: KubeObject, { user }: WriteContext): void {
  const csr = asCsr(object);
  const { username: _username, uid: _uid, groups: _groups, extra: _extra, ...spec } = csr.spec;
  csr.spec = {
    ...spec,
    username: user.username,
    ...(user.uid ? { uid: user.uid } : {}),
    ...(user.groups.length > 0 ? { groups: user.groups } : {}),
    ...(user.extra && Object.keys(user.extra).length > 0 ? { extra: user.extra } : {}),
  };
  csr.status = {};
}

function stampConditions(csr: CertificateSigningRequest, old: CertificateSigningRequest, now: Date): void {
  for (const condition of csr.status.conditions ?? []) {
    condition.lastUpdateTime ??= timestamp(now);
    const before = old.status.conditions?.find(
      ({ type, status, lastTransitionTime }) =>
        type === condition.type && status === condition.status && lastTransitionTime,
    );
    condition.lastTransitionTime ??= before?.lastTransitionTime ?? timestamp(now);
  }
}

/** Approved and Denied stay as they were, field by field, as long as their number is the same. */
function keepDecisions(csr: CertificateSigningRequest, old: CertificateSigningRequest): void {
  for (const type of ['Approved', 'Denied']) {
    const before = (old.status.conditions ?? []).filter((condition) => condition.type === type);
    const conditions = csr.status.conditions ?? [];
    if (conditions.filter((condition) => condition.type === type).length !== before.length) continue;
    csr.status.conditions = conditions.map((condition) =>
      condition.type === type ? copy(before.shift() ?? condition) : condition,
    );
  }
}

/** An empty list of conditions is not written out. */
function tidy(csr: CertificateSigningRequest): void {
  if (csr.status.conditions?.length === 0) delete csr.status.conditions;
  if (!csr.status.certificate) delete csr.status.certificate;
}

export const csrStrategy: Strategy = {
  defaults: (object) => void asCsr(object),
  prepareCreate,
  validateCreate: (object) => validateCsr(asCsr(object)),
  prepareUpdate(object, old) {
    const before = asCsr(copy(old));
    Object.assign(object, { spec: before.spec, status: before.status });
  },
  validateUpdate: (object, old) => validateCsrUpdate(asCsr(object), asCsr(copy(old)), {}),
  selectableFields: { 'spec.signerName': (object) => asCsr(object).spec.signerName ?? '' },
};

export const csrStatusStrategy: Strategy = {
  ...csrStrategy,
  prepareUpdate(object, oldObject, { now }) {
    const csr = asCsr(object);
    const old = asCsr(copy(oldObject));
    csr.spec = old.spec;
    keepDecisions(csr, old);
    stampConditions(csr, old, now);
    tidy(csr);
  },
  validateUpdate: (object, old) => validateCsrUpdate(asCsr(object), asCsr(copy(old)), { certificate: true }),
};

export const csrApprovalStrategy: Strategy = {
  ...csrStrategy,
  prepareUpdate(object, oldObject, { now }) {
    const csr = asCsr(object);
    const old = asCsr(copy(oldObject));
    stampConditions(csr, old, now);
    csr.spec = old.spec;
    csr.status = { ...old.status, conditions: csr.status.conditions ?? [] };
    tidy(csr);
  },
  validateUpdate: (object, old) => validateCsrUpdate(asCsr(object), asCsr(copy(old)), { approval: true }),
};

/** IsAuthorizedForSignerName of pkg/apis/certificates/../authorization: the exact name, or every signer of the domain. */
function maySign(authorizer: Authorizer, user: User, verb: string, signerName: string): boolean {
  const domain = signerName.split('/')[0] ?? '';
  return [signerName, `${domain}/*`].some(
    (name) =>
      authorizer.authorize({ user, verb, group: 'certificates.k8s.io', version: '*', resource: 'signers', name })
        .allowed,
  );
}

/** plugin/pkg/admission/certificates: CertificateApproval, CertificateSigning and CertificateSubjectRestriction. */
export function validateCsrAdmission(
  attributes: AdmissionAttributes,
  { authorizer }: { authorizer: Authorizer },
): void {
  const { operation, subresource, object, oldObject, name, user } = attributes;
  const refuse = (text: string): never => {
    throw forbidden({ group: 'certificates.k8s.io', plural: 'certificatesigningrequests' }, name, text);
  };
  if (operation === 'CREATE' && !subresource && object) {
    const { signerName, request } = asCsr(object).spec;
    if (signerName !== 'kubernetes.io/kube-apiserver-client') return;
    if (parseRequest(decoded(request)).organizations.includes('system:masters'))
      refuse(`use of ${signerName} signer with system:masters group is not allowed`);
  }
  if (operation !== 'UPDATE' || !object || !oldObject) return;
  const old = asCsr(copy(oldObject));
  const { status } = asCsr(object);
  const signerName = old.spec.signerName ?? '';
  if (subresource === 'approval' && !maySign(authorizer, user, 'approve', signerName))
    refuse(`user not permitted to approve requests with signerName ${JSON.stringify(signerName)}`);
  const touched =
    status.certificate !== old.status.certificate ||
    JSON.stringify(status.conditions ?? []) !== JSON.stringify(old.status.conditions ?? []);
  if (subresource === 'status' && touched && !maySign(authorizer, user, 'sign', signerName))
    refuse(`user not permitted to sign requests with signerName ${JSON.stringify(signerName)}`);
}

/** extractCSRStatus of the printers. */
function conditionCell(csr: CertificateSigningRequest): string {
  const types = new Set((csr.status?.conditions ?? []).map(({ type }) => type));
  const decision = types.has('Denied') ? 'Denied' : types.has('Approved') ? 'Approved' : 'Pending';
  return `${decision}${types.has('Failed') ? ',Failed' : ''}${csr.status?.certificate ? ',Issued' : ''}`;
}

export const csrColumns: Column[] = [
  nameColumn,
  column('Age', (object, now) => age(object.metadata.creationTimestamp, now)),
  column('SignerName', (object) => asCsr(object).spec.signerName ?? '<none>'),
  column('Requestor', (object) => asCsr(object).spec.username ?? ''),
  column('RequestedDuration', (object) => {
    const seconds = asCsr(object).spec.expirationSeconds;
    return seconds === undefined ? '<none>' : humanDuration(seconds * 1000);
  }),
  column('Condition', (object) => conditionCell(asCsr(object))),
];
