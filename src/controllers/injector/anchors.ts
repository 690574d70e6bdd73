/** By what a certificate of some signer can be trusted (reference/certs.md 3.5). */
import type { X509Certificate } from 'node:crypto';
import { isForbidden } from '../../kube/errors.ts';
import type { ConfigMap } from '../../kube/objects.ts';
import { RESOURCES } from '../../kube/resources.ts';
import { get } from '../../kube/verbs.ts';
import { chainFailure, isSelfSigned, parseCertificates, toPem } from '../../pki/inspect.ts';
import { nowOf, type InjectorContext } from './context.ts';

/** Published in every namespace by kube-controller-manager. It is not always the issuer of kubelet-serving certificates. */
const CLUSTER_CA = { name: 'kube-root-ca.crt', key: 'ca.crt' };

export interface Trusted {
  /** What to serve: leaf and intermediates, without the root. */
  certificate: string;
  anchors: string;
}

/**
 * The first that verifies: the root that the signer sent along, the cluster's CA, and where no CA is known the leaf
 * itself, which the API server accepts as its own anchor and is the narrowest trust there is.
 */
export async function trustFor(
  context: InjectorContext,
  chain: readonly X509Certificate[],
  signal: AbortSignal,
): Promise<Trusted> {
  const root = chain.at(-1);
  if (chain.length > 1 && root !== undefined && isSelfSigned(root)) {
    return { certificate: toPem(chain.slice(0, -1)), anchors: toPem([root]) };
  }
  const certificate = toPem(chain);
  const clusterCA = parseCertificates(await clusterCertificate(context, signal)) ?? [];
  if (chainFailure(chain, clusterCA, nowOf(context)) === undefined) return { certificate, anchors: toPem(clusterCA) };
  return { certificate, anchors: toPem(chain.slice(0, 1)) };
}

async function clusterCertificate({ client, operator }: InjectorContext, signal: AbortSignal): Promise<string> {
  try {
    const key = { name: CLUSTER_CA.name, namespace: operator.namespace };
    const configMap = await get<ConfigMap>(client, RESOURCES.configMaps, key, { signal });
    return configMap?.data?.[CLUSTER_CA.key] ?? '';
  } catch (error) {
    // Without the right to read it, the leaf is pinned.
    if (isForbidden(error)) return '';
    throw error;
  }
}
