/** Warnings of the API server that the operator brings about knowingly. */
import { secretName } from '../api/v1alpha1/names.ts';

/** What a Secret of type kubernetes.io/tls earns whose certificate is still to come (pkg/registry/core/secret warningsForSecret). */
const NO_CERTIFICATE = 'tls: failed to find any PEM data in certificate input';

const SECRET = new RegExp(`/secrets(?:/${secretName('[a-z0-9-]+')})?$`);

/**
 * The key is stored before anything else happens to it, in the Secret that is to hold the certificate, whose type cannot be
 * changed later: so the first write has a key and no certificate, and is warned of.
 */
export function isExpectedWarning(text: string, { path }: { path: string }): boolean {
  return text === NO_CERTIFICATE && SECRET.test(path);
}
