/** Are the certificates good, and do they come? */
import { findCondition } from '../../../api/v1alpha1/conditions.ts';
import { certificateOf } from '../../../api/v1alpha1/defaults.ts';
import { secretName } from '../../../api/v1alpha1/names.ts';
import type { SidecarInjector } from '../../../api/v1alpha1/types.ts';
import type { CertificateSigningRequest } from '../../../kube/objects.ts';
import { ACCEPTANCE } from '../../../pki/checks.ts';
import { alternativeNamesOf, chainFailure, chainNotAfter, parseCertificates } from '../../../pki/inspect.ts';
import { type Check, count, type Problem, skip, verdict } from '../check.ts';
import type { Facts } from '../facts.ts';
import { dialled, materialOf, secretOf, textOf, type StoredMaterial } from '../material.ts';
import { webhooksTo } from '../operator.ts';
import { readBundle } from '../material.ts';

const DAY_MS = 86_400_000;
/** Later than this after the time for it, a renewal is overdue. */
const GRACE_MS = 600_000;

const about = (name: string): string => `sidecarinjector/${name}`;

/** A new key and certificate: safe, as the old one goes on until the new one is trusted everywhere. */
function rotate(name: string): string {
  return `kubectl annotate --overwrite sidecarinjector ${name} sidecarinjector.dev/rotate=$(date +%s)`;
}

function renew(facts: Facts, name: string): string {
  return `kubectl -n ${facts.operatorNamespace} delete secret ${secretName(name)}`;
}

function eachMaterial(facts: Facts, judge: (name: string, material: StoredMaterial) => Problem[]): Problem[] {
  return facts.lists.injectors.items.flatMap(({ metadata: { name } }) => {
    const material = materialOf(facts, name);
    return material === undefined ? [] : judge(name, material);
  });
}

function secretProblems(facts: Facts): Problem[] {
  return facts.lists.injectors.items.flatMap((injector): Problem[] => {
    const { name } = injector.metadata;
    const secret = secretOf(facts, name);
    const bad = (message: string, fix: string, evidence?: string): Problem[] => [
      { state: 'fail', about: `secret/${secretName(name)}`, message, ...(evidence && { evidence }), fix },
    ];
    if (secret === undefined) {
      const { message } = conditionOf(injector, 'CertificateReady') ?? {};
      return bad('it is missing: the operator has no certificate to serve', 'see SI012, SI015 and SI034', message);
    }
    if (secret.type !== 'kubernetes.io/tls') {
      return bad(`it is of type ${secret.type}, not kubernetes.io/tls: somebody else made it`, renew(facts, name));
    }
    // Until the first certificate is there, the key alone is; SI034 tells of that.
    if (textOf(secret, 'tls.crt') === '') return [];
    const unreadable = ['tls.crt', 'ca.crt'].filter((key) => parseCertificates(textOf(secret, key)) === undefined);
    return unreadable.length === 0 ? [] : bad(`${unreadable.join(' and ')} is not PEM`, renew(facts, name));
  });
}

/** The acceptance checks of the operator, by the check of doctor that tells of them. */
function accepted(facts: Facts, names: readonly string[]): Problem[] {
  const checks = ACCEPTANCE.filter((check) => names.includes(check.name));
  return eachMaterial(facts, (name, { chain, leaf, anchors, keyPem }) => {
    const candidate = {
      chain,
      leaf,
      anchors,
      keyPem,
      ...dialled(facts, name),
      now: facts.now,
      minimumRemainingSeconds: 0,
    };
    const failures = checks.flatMap((check) => check.failure(candidate) ?? []);
    const { dnsNames, ipAddresses } = alternativeNamesOf(leaf);
    return failures.map((failure) => ({
      state: 'fail',
      about: about(name),
      message: `its certificate ${failure}`,
      evidence: `names ${[...dnsNames, ...ipAddresses].join(', ') || 'none'}; issuer ${leaf.issuer.replaceAll('\n', ', ')}`,
      fix: renew(facts, name),
    }));
  });
}

function datesProblems(facts: Facts): Problem[] {
  return eachMaterial(facts, (name, { chain, leaf }) => {
    const { now } = facts;
    const injector = facts.lists.injectors.items.find(({ metadata }) => metadata.name === name);
    const end = chainNotAfter(chain);
    if (now < leaf.validFromDate) {
      const message = `its certificate is not valid before ${leaf.validFromDate.toISOString()}: a clock is wrong`;
      return [{ state: 'fail', about: about(name), message, fix: 'synchronise the clocks (NTP)' }];
    }
    if (now > end) {
      const message = `its certificate expired at ${end.toISOString()}: the API server refuses it`;
      const evidence = conditionOf(injector, 'CertificateReady')?.message ?? '';
      return [{ state: 'fail', about: about(name), message, evidence, fix: rotate(name) }];
    }
    const due = Date.parse(injector?.status?.certificate?.renewalTime ?? '');
    if (!(now.getTime() > due + GRACE_MS)) return [];
    const left = Math.floor((end.getTime() - now.getTime()) / DAY_MS);
    const message = `its certificate should have been renewed at ${new Date(due).toISOString()}; ${count(left, 'day')} are left`;
    const evidence = conditionOf(injector, 'CertificateReady')?.message ?? '';
    return [{ state: 'warn', about: about(name), message, evidence, fix: rotate(name) }];
  });
}

export function conditionOf(
  injector: SidecarInjector | undefined,
  type: string,
): { status: string; reason: string; message: string } | undefined {
  return findCondition(injector?.status?.conditions, type);
}

function requestProblems(facts: Facts): Problem[] {
  return facts.lists.injectors.items.flatMap((injector): Problem[] => {
    const { name } = injector.metadata;
    const condition = conditionOf(injector, 'CertificateReady');
    const { signerName } = certificateOf(injector);
    const requests = facts.lists.certificateSigningRequests.items.filter(
      ({ metadata }) => metadata.labels?.['sidecarinjector.dev/injector'] === name,
    );
    const told = requests.flatMap((request) => requestProblem(request, name, facts.now) ?? []);
    if (told.length > 0 || condition === undefined || condition.status === 'True') return told;
    const { reason, message } = condition;
    const fix = `kubectl get csr -l sidecarinjector.dev/injector=${name}`;
    return [
      { state: 'fail', about: about(name), message: `${reason}: ${message}`, evidence: `signer ${signerName}`, fix },
    ];
  });
}

/** A signer has a minute before a request that waits for it is worth a word. */
const PATIENCE_MS = 5_000;

function requestProblem(request: CertificateSigningRequest, name: string, now: Date): Problem | undefined {
  const { metadata, spec, status } = request;
  const of = (type: string): { reason?: string; message?: string } | undefined =>
    status?.conditions?.find((condition) => condition.type === type && condition.status === 'True');
  const subject = { state: 'fail', about: `csr/${metadata.name}` } as const;
  const denied = of('Denied');
  if (denied !== undefined) {
    const message = `it was denied: ${denied.message ?? denied.reason ?? 'no reason is given'}`;
    return {
      ...subject,
      message,
      evidence: `signer ${spec.signerName}`,
      fix: `see to the denial, then: ${rotate(name)}`,
    };
  }
  const failed = of('Failed');
  if (failed !== undefined) {
    const message = `the signer failed: ${failed.message ?? failed.reason ?? 'no reason is given'}`;
    return {
      ...subject,
      message,
      evidence: `signer ${spec.signerName}`,
      fix: `mend the signer, then: ${rotate(name)}`,
    };
  }
  if ((status?.certificate ?? '') !== '') return undefined;
  if (now.getTime() - Date.parse(metadata.creationTimestamp ?? '') < PATIENCE_MS) return undefined;
  return of('Approved') === undefined
    ? {
        ...subject,
        message: 'it waits for an approver',
        evidence: `signer ${spec.signerName}`,
        fix: `kubectl certificate approve ${metadata.name}`,
      }
    : {
        ...subject,
        message: `it is approved, and the signer ${spec.signerName} has not signed it: no such signer may run in this cluster`,
        fix: 'check the program behind the signer, or set spec.certificate.signerName to another',
      };
}

/** What is served against what the API server is told to trust. */
function servedProblems(facts: Facts): Problem[] {
  return facts.served.flatMap(({ injector, address, chain: pem }): Problem[] => {
    const chain = pem === undefined ? undefined : parseCertificates(pem);
    const leaf = chain?.[0];
    if (chain === undefined || leaf === undefined) return [];
    const found = (message: string, evidence: string): Problem => ({
      state: 'fail',
      about: about(injector),
      message: `what ${address} serves ${message}`,
      evidence,
      fix: 'check what listens on the webhook port; if it is the operator: see SI015 and SI041',
    });
    const issuer = `issuer ${leaf.issuer.replaceAll('\n', ', ')}, valid until ${leaf.validToDate.toISOString()}`;
    const names = dialled(facts, injector);
    const missing = names.dnsNames.filter((name) => leaf.checkHost(name) === undefined);
    if (missing.length > 0) {
      const has = alternativeNamesOf(leaf);
      const shown = [...has.dnsNames, ...has.ipAddresses].join(', ') || 'none at all';
      return [
        found(
          `does not name ${missing.join(', ')}: another process answers, or the signer changed the names`,
          `it names ${shown}`,
        ),
      ];
    }
    const bundles = webhooksTo(facts, injector).map(({ webhook }) => readBundle(webhook.clientConfig.caBundle));
    const failure = bundles
      .map((bundle) => (bundle.state === 'good' ? chainFailure(chain, bundle.anchors, facts.now) : undefined))
      .find((text) => text !== undefined);
    return failure === undefined ? [] : [found(`does not verify against the published caBundle: ${failure}`, issuer)];
  });
}

export const CERTIFICATES: readonly Check[] = [
  {
    id: 'SI030',
    category: 'certificates',
    title: 'every injector has its Secret',
    severity: 'fail',
    meaning: 'The operator has no key and certificate to serve, and restores it within seconds if it can.',
    remedy:
      'Does the operator run (SI012), lead (SI015), have its rights (SI016), and get its requests signed (SI034)?',
    reads: ['injectors', 'secrets'],
    after: ['SI010', 'SI011'],
    run: (facts) => verdict(secretProblems(facts), count(facts.lists.injectors.items.length, 'Secret')),
  },
  {
    id: 'SI031',
    category: 'certificates',
    title: 'key, certificate and chain belong together',
    severity: 'fail',
    meaning:
      'A certificate of another key or authority, a weak one, or one that is not for servers: every handshake fails.',
    remedy: 'Delete the Secret: the operator asks for a new certificate.',
    reads: ['injectors', 'secrets'],
    after: ['SI010', 'SI011'],
    run: (facts) =>
      verdict(
        accepted(facts, ['LeafFirst', 'KeyMatches', 'ServerUsage', 'StrongSignature', 'StrongKey', 'ChainVerifies']),
        'all of them',
      ),
  },
  {
    id: 'SI032',
    category: 'certificates',
    title: "certificates carry the Services' names",
    severity: 'fail',
    meaning: 'The API server dials the Service by its name and refuses a certificate without it in the SAN.',
    remedy: 'Delete the Secret; if the new one lacks the name, the signer drops names: use another signer.',
    reads: ['injectors', 'secrets'],
    after: ['SI010', 'SI011'],
    run: (facts) => verdict(accepted(facts, ['NamesCovered']), 'all of them'),
  },
  {
    id: 'SI033',
    category: 'certificates',
    title: 'certificates are valid, and renewed in time',
    severity: 'fail',
    meaning: 'An expired certificate is refused; one that is not renewed in time will expire.',
    remedy: 'Read why it is not renewed (SI034); ask for a new one by the annotation sidecarinjector.dev/rotate.',
    reads: ['injectors', 'secrets'],
    after: ['SI010', 'SI011'],
    run: (facts) => verdict(datesProblems(facts), `until ${earliest(facts)}`),
  },
  {
    id: 'SI034',
    category: 'certificates',
    title: 'certificates come when they are asked for',
    severity: 'fail',
    meaning:
      'A request waits for its approval or signature, was denied, or the signer gave a certificate that cannot be served.',
    remedy: 'The line says which, with the command for it.',
    reads: ['injectors', 'certificateSigningRequests'],
    after: ['SI010'],
    run: (facts) => verdict(requestProblems(facts), 'no request waits'),
  },
  {
    id: 'SI035',
    category: 'certificates',
    title: 'what is served names the Service and verifies against the published caBundle',
    severity: 'fail',
    meaning: 'The API server refuses the handshake.',
    remedy: 'Another process answers on the port, or the caBundle is not the one of the operator.',
    reads: ['webhookConfigurations'],
    after: ['SI010'],
    run: (facts) => {
      const answered = facts.served.filter(({ chain }) => chain !== undefined);
      return answered.length === 0
        ? skip('no handshake was possible from this machine; SI062 asks through the API server')
        : verdict(servedProblems(facts), `asked for ${count(answered.length, 'injector')}`);
    },
  },
];

function earliest(facts: Facts): string {
  const ends = facts.lists.injectors.items.flatMap(({ metadata: { name } }) => {
    const material = materialOf(facts, name);
    return material === undefined ? [] : [chainNotAfter(material.chain).getTime()];
  });
  return ends.length === 0 ? 'none has been issued yet' : `${new Date(Math.min(...ends)).toISOString()} at least`;
}
