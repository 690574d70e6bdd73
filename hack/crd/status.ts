/** status: written by the operator alone. */
import type { Schema } from '../../test/cluster/types.ts';
import { keyedList, kubernetesType, list, object } from './schema.ts';

const words = (description: string): Schema => ({ type: 'string', description });
const count = (description: string): Schema => ({ type: 'integer', format: 'int64', description });
const time = (description: string): Schema => ({ type: 'string', format: 'date-time', description });

export const status: Schema = object('What the operator found and did.', {
  observedGeneration: count('The generation of the spec that this status is about.'),
  conditions: keyedList(
    'Ready sums up the others: Accepted, CertificateReady, WebhookConfigured, InjectionVerified, SelectorMatches. Reconciling and Stalled are there only while true, RolledOut with rollout.mode Restart.',
    kubernetesType('io.k8s.apimachinery.pkg.apis.meta.v1.Condition'),
    16,
    'type',
  ),
  certificate: object('The certificate that is served.', {
    signerName: words('Who signed it.'),
    serialNumber: words('Its serial number, in hexadecimal.'),
    notBefore: time('Start of its validity.'),
    notAfter: time('End of its validity.'),
    renewalTime: time('When it is renewed.'),
    secretName: words('Secret that holds it.'),
    requestName: words('CertificateSigningRequest that it came from.'),
    trustedCAs: list('SHA-256 fingerprints of the certificates in the caBundle.', { type: 'string' }, 16),
  }),
  webhook: object('The webhook.', {
    configurationName: words('MutatingWebhookConfiguration.'),
    serviceName: words('Service that it calls.'),
    path: words('Path of the call.'),
  }),
  template: object('The template in force.', {
    revision: words('Revision, as in the status annotation of pods.'),
    acceptedGeneration: count('Generation of the spec that it came from.'),
  }),
  pods: object('Pods that have not ended. Where matchConditions decide, only those that have the sidecar are known.', {
    matched: count('Pods that the selection says should have the sidecar.'),
    injected: count('Of these, pods that have it.'),
    outdated: count('Of the injected, pods with an older template.'),
    missed: count('Of the matched, pods that have it not. With mode Audit none counts as missed.'),
  }),
  rollout: object('What is remembered of the pods that spec.rollout evicted.', {
    lastEvictionTime: time('When the last pod was evicted.'),
    lastMinuteEvictions: count('Pods that were evicted in the minute that ended then.'),
    attempts: list(
      'Workloads with a pod that was evicted and has not come back as it should yet.',
      object(
        'A workload that is being restarted.',
        {
          namespace: words('Its namespace.'),
          kind: words('Its kind.'),
          name: words('Its name.'),
          uid: words('Its uid.'),
          revision: words('The revision that its new pods should have.'),
          startTime: time('When its first pod was evicted.'),
          newestPodTime: time('Age of its youngest pod at that time: younger ones came instead of the evicted.'),
          evicted: count('How many of its pods have been evicted since.'),
          downBefore: count('How many of its pods were down before.'),
          failures: count('How often its new pods came back without the sidecar, or with an older one.'),
          retryTime: time('Until then it is left alone.'),
        },
        { required: ['namespace', 'kind', 'name', 'uid', 'revision', 'startTime'] },
      ),
      100,
    ),
  }),
});
