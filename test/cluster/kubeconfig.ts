/** A kubeconfig for one user of the cluster, as JSON, which is YAML too. */
export interface KubeconfigOptions {
  url: string;
  caPem: string;
  user: string;
  namespace?: string;
  credentials: { token: string } | { certificate: string; key: string };
}

export function kubeconfig({ url, caPem, user, namespace, credentials }: KubeconfigOptions): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const how =
    'token' in credentials
      ? { token: credentials.token }
      : {
          'client-certificate-data': base64(credentials.certificate),
          'client-key-data': base64(credentials.key),
        };
  const document = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'in-memory', cluster: { server: url, 'certificate-authority-data': base64(caPem) } }],
    users: [{ name: user, user: how }],
    contexts: [
      { name: 'in-memory', context: { cluster: 'in-memory', user, ...(namespace === undefined ? {} : { namespace }) } },
    ],
    'current-context': 'in-memory',
  };
  return JSON.stringify(document, null, 2);
}
