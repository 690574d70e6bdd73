/** By what a certificate of some signer can be trusted (reference/certs.md 3.5). */
import type { X509Certificate } from 'node:crypto';
import { certificateOf } from '../../api/v1alpha1/defaults.ts';
import type { SidecarInjector } from '../../api/v1alpha1/types.ts';
import { ApiError, isForbidden } from '../../kube/errors.ts';
import type { ConfigMap, Secret } from '../../kube/objects.ts';
import { RESOURCES } from '../../kube/resources.ts';
import { get } from '../../kube/verbs.ts';
import { chainFailure, isSelfSigned, parseCertificates, toPem } from '../../pki/inspect.ts';
import { unionOfAnchors } from '../rollover-state.ts';
import { nowOf, type InjectorContext } from './context.ts';

/** Published in every namespace by kube-controller-manager. It is not always the issuer of kubelet-serving certificates. */
const CLUSTER_CA = { name: 'kube-root-ca.crt', key: 'ca.crt' };

export interface Trusted {
  /** What to serve: leaf and intermediates, without the root. */
  certificate: string;
  anchors: string;
}

/** The anchors that spec.certificate.caBundleFrom leads to, or why it leads to none. */
export type Configured = { anchors: string } | { missing: string };

/** Reads what spec.certificate.caBundleFrom names; undefined where it names nothing. What is not allowed is told, not thrown. */
export async function configuredAnchors(
  { client, operator }: Pick<InjectorContext, 'client' | 'operator'>,
  injector: SidecarInjector,
  signal: AbortSignal,
): Promise<Configured | undefined> {
  const { inline = '', configMap, secret } = certificateOf(injector).caBundleFrom ?? {};
  if (inline !== '') return certificatesIn(inline, 'caBundleFrom.inline');
  const selector = configMap ?? secret;
  if (selector === undefined) return undefined;
  const { namespace = operator.namespace, name, key = 'ca.crt' } = selector;
  const resource = configMap === undefined ? RESOURCES.secrets : RESOURCES.configMaps;
  const source = `${resource.kind} ${namespace}/${name}`;
  try {
    const object = await get<ConfigMap & Secret>(client, resource, { name, namespace }, { signal });
    if (object === undefined) return { missing: `${source} does not exist` };
    const data = object.data ?? {};
    const stored = Object.hasOwn(data, key) ? (data[key] ?? '') : '';
    const pem = configMap === undefined ? Buffer.from(stored, 'base64').toString('utf8') : stored;
    return certificatesIn(pem, `key ${key} of ${source}`);
  } catch (error) {
    if (error instanceof ApiError && isForbidden(error)) return { missing: error.message };
    throw error;
  }
}

function certificatesIn(pem: string, source: string): Configured {
  const certificates = parseCertificates(pem);
  return certificates === undefined
    ? { missing: `${source} holds no PEM certificates` }
    : { anchors: unionOfAnchors(toPem(certificates)) };
}

/**
 * What was configured, or else the first that verifies: the root that the signer sent along, the cluster's CA, and where no
 * CA is known the leaf itself, which the API server accepts as its own anchor and is the narrowest trust there is.
 */
export async function trustFor(
  context: InjectorContext,
  chain: readonly X509Certificate[],
  configured: { anchors: string } | undefined,
  signal: AbortSignal,
): Promise<Trusted> {
  const root = chain.at(-1);
  const served = chain.length > 1 && root !== undefined && isSelfSigned(root) ? chain.slice(0, -1) : chain;
  if (configured !== undefined) return { certificate: toPem(served), anchors: configured.anchors };
  if (root !== undefined && served !== chain) return { certificate: toPem(served), anchors: toPem([root]) };
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
