/** A signer of somebody else, played by the test as an administrator: it approves and signs, or does one of the things that signers do wrong. */

import { createPublicKey } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import forge from 'node-forge';
import { serviceDnsName } from '../../../src/api/v1alpha1/names.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '../../../src/kube/objects.ts';
import { RESOURCES } from '../../../src/kube/resources.ts';
import { list, replace } from '../../../src/kube/verbs.ts';
import { createAuthority, issueServing, type Authority } from '../../../src/pki/authority.ts';
import { generatePrivateKey } from '../../../src/pki/keys.ts';
import { OPERATOR_NAMESPACE } from './installation.ts';

export const OUTSIDE_SIGNER = 'clusterissuers.cert-manager.io/test';

/**
 * What becomes of requests. `Silence`: approved and never answered. `Garbage`: a certificate for a key of nobody's. The API
 * server itself refuses what is no certificate at all.
 */
export type Conduct = 'Sign' | 'Ignore' | 'Deny' | 'Fail' | 'Silence' | 'Garbage';

const LOOK_MS = 50;
const REQUESTS = RESOURCES.certificateSigningRequests;

export const makeAuthority = (name: string): Promise<Authority> =>
  createAuthority({ name, now: new Date(), lifetimeSeconds: 365 * 86_400, keySize: 2048 });

export class OutsideSigner {
  readonly #client: KubeClient;
  readonly #conducts = new Map<string, Conduct>();
  readonly #ending = new AbortController();
  readonly #working: Promise<void>;
  /** Who signs now. */
  authority: Authority;

  constructor(client: KubeClient, authority: Authority) {
    this.#client = client;
    this.authority = authority;
    this.#working = this.#work();
  }

  /** From now on requests of the injector meet with this; `Sign` where nothing was said. */
  treat(injector: string, conduct: Conduct): void {
    this.#conducts.set(injector, conduct);
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#working;
  }

  async #work(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      const { items } = await list<CertificateSigningRequest>(this.#client, REQUESTS);
      for (const request of items) {
        // The operator may take its request back at any time.
        if (request.spec.signerName === OUTSIDE_SIGNER) await this.#answer(request).catch(() => undefined);
      }
      await sleep(LOOK_MS);
    }
  }

  async #answer(request: CertificateSigningRequest): Promise<void> {
    const { status, metadata } = request;
    if (status?.certificate !== undefined || status?.conditions?.some(({ type }) => type !== 'Approved')) return;
    const injector = metadata.labels?.['sidecarinjector.dev/injector'] ?? '';
    const conduct = this.#conducts.get(injector) ?? 'Sign';
    if (conduct === 'Ignore') return;
    if (conduct === 'Deny') return this.#judge(request, 'Denied', 'PolicyViolation', 'not on my watch');
    const approved = status?.conditions?.some(({ type }) => type === 'Approved') === true;
    if (!approved) return this.#judge(request, 'Approved', 'Test', 'by the test');
    if (conduct === 'Silence') return;
    if (conduct === 'Fail') return this.#judge(request, 'Failed', 'SignerFault', 'the signing machine is on fire');
    const key = conduct === 'Garbage' ? await generatePrivateKey(2048) : keyOf(request);
    const certificate = await issueServing({
      authority: this.authority,
      publicKey: createPublicKey(key),
      identity: {
        commonName: injector,
        dnsNames: [serviceDnsName(injector, OPERATOR_NAMESPACE)],
        ipAddresses: ['127.0.0.1'],
      },
      now: new Date(),
      lifetimeSeconds: 90 * 86_400,
    });
    const signed = { ...status, certificate: Buffer.from(certificate + this.authority.certificate).toString('base64') };
    await replace(this.#client, REQUESTS, { ...request, status: signed }, { subresource: 'status' });
  }

  async #judge(
    request: CertificateSigningRequest,
    type: CertificateSigningRequestCondition['type'],
    reason: string,
    message: string,
  ): Promise<void> {
    const conditions = [...(request.status?.conditions ?? []), { type, status: 'True' as const, reason, message }];
    const judged = { ...request, status: { ...request.status, conditions } };
    await replace(this.#client, REQUESTS, judged, { subresource: type === 'Failed' ? 'status' : 'approval' });
  }
}

const keyOf = ({ spec }: CertificateSigningRequest): string => {
  const { publicKey } = forge.pki.certificationRequestFromPem(Buffer.from(spec.request, 'base64').toString('utf8'));
  if (publicKey === null) throw new Error('a request without a key');
  return forge.pki.publicKeyToPem(publicKey);
};
