/** spec: everything besides selection and template. What is not built yet is refused, never ignored. */
import { DEFAULTS } from '../../src/api/v1alpha1/defaults.ts';
import { SIGNER_OWN } from '../../src/api/v1alpha1/names.ts';
import type { Schema } from '../../test/cluster/types.ts';
import { type Rule, choice, integer, object, ruled, text } from './schema.ts';
import { overrides } from './overrides.ts';
import { selection } from './selection.ts';
import { template } from './template.ts';

const injection = ruled(
  object(
    'How the template is brought into the pod.',
    {
      sidecarMode: choice(
        'Container: beside the containers of the pod. Native: the same, as init containers with restartPolicy Always (Kubernetes 1.29). Auto: Native where the kubelet of every node is of 1.29 or newer, else Container.',
        ['Container', 'Native', 'Auto'],
        DEFAULTS.injection.sidecarMode,
      ),
      position: choice(
        "Where containers go among the pod's own. Default: native sidecars First, so that the pod's init containers have them; all others Last.",
        ['First', 'Last', 'Before', 'After'],
      ),
      anchor: text('The container that Before and After refer to. A pod without it is injected as by default.', 63),
      onConflict: choice(
        "What happens when a name, mountPath, port or variable is taken. Skip: the pod gets nothing, and a warning; a variable that the app sets itself is only left alone. Replace: the pod's item is replaced, where that is possible, and a warning says so. Reject: the pod is refused.",
        ['Skip', 'Replace', 'Reject'],
        DEFAULTS.injection.onConflict,
      ),
    },
    { default: {} },
  ),
  {
    rule: "!has(self.position) || !(self.position in ['Before', 'After']) || (has(self.anchor) && self.anchor != '')",
    message: 'position Before and After need injection.anchor: the name of the container to be placed next to',
  },
  {
    rule: "!has(self.anchor) || self.anchor == '' || (has(self.position) && self.position in ['Before', 'After'])",
    message: 'anchor is only for position Before and After: set one of them, or leave anchor out',
  },
);

const rollout = object(
  'What happens to running pods whose template is outdated, or that were missed.',
  {
    mode: choice(
      'Off: nothing. Restart: they are evicted, and their workloads make new ones; needs the rights of config/components/rollout. Pods of a ReplicaSet, StatefulSet, DaemonSet or ReplicationController only.',
      ['Off', 'Restart'],
      DEFAULTS.rollout.mode,
    ),
    maxUnavailable: ruled(
      {
        'x-kubernetes-int-or-string': true,
        description:
          'Pods of the injector that may be down at one time in the workloads that are being restarted, whatever the reason: a number, or a percentage of the pods that should have the sidecar. At least 1.',
        default: DEFAULTS.rollout.maxUnavailable,
      },
      {
        rule: "type(self) == int ? self >= 1 : self.matches('^([1-9][0-9]?|100)%$')",
        message: 'maxUnavailable must be a number of at least 1, or a percentage from 1% to 100%',
      },
    ),
    maxPerMinute: integer('Evictions in any 60 seconds, over all workloads.', 1, 1000, DEFAULTS.rollout.maxPerMinute),
  },
  { default: {} },
);

const webhook = object(
  'How the API server calls.',
  {
    failurePolicy: choice(
      'What becomes of a pod when the call fails. Ignore: it starts without sidecar. Fail: it is refused.',
      ['Ignore', 'Fail'],
      DEFAULTS.webhook.failurePolicy,
    ),
    timeoutSeconds: integer(
      'Seconds that the API server waits for the answer.',
      1,
      30,
      DEFAULTS.webhook.timeoutSeconds,
    ),
    reinvocationPolicy: choice(
      'Whether the API server asks again when a later webhook has changed the pod.',
      ['IfNeeded', 'Never'],
      DEFAULTS.webhook.reinvocationPolicy,
    ),
    existingConfiguration: text(
      "Name of somebody else's MutatingWebhookConfiguration: then no other is made, and of this one only the caBundle of the webhooks that lead to the injector's Service is looked after.",
      253,
    ),
  },
  { default: {} },
);

/** A duration of Go without fractions, so that it reads the same everywhere. */
const isDuration = (value: string): string =>
  `${value}.matches('^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$') && ${value} != ''`;

const notServing: Rule[] = [
  {
    rule: "self != 'kubernetes.io/legacy-unknown'",
    message:
      'kubernetes.io/legacy-unknown cannot be asked for since Kubernetes 1.22: use sidecarinjector.dev/webhook-serving (the operator signs), kubernetes.io/kubelet-serving, or another signer of the cluster',
  },
  {
    rule: "!(self in ['kubernetes.io/kube-apiserver-client', 'kubernetes.io/kube-apiserver-client-kubelet'])",
    message:
      'this signer signs client certificates, and a webhook needs a serving certificate: use sidecarinjector.dev/webhook-serving, kubernetes.io/kubelet-serving, or another signer of the cluster',
  },
  {
    rule: "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+/[-a-zA-Z0-9_.:]+(/[-a-zA-Z0-9_.:]+)*$')",
    message:
      'signerName must be a DNS name with a dot, a slash and a path, for example clusterissuers.cert-manager.io/my-issuer',
  },
];

const keySelector = (kind: string): Schema =>
  object(
    `A key of a ${kind}.`,
    {
      namespace: text(
        "Namespace. Default: the operator's, the only one that it may read in by the rights it comes with.",
        63,
      ),
      name: text('Name.', 253, { minLength: 1 }),
      key: text('Key of its data. Default: ca.crt.', 253, { minLength: 1 }),
    },
    { required: ['name'] },
  );

const certificate = ruled(
  object(
    'The serving certificate of the webhook.',
    {
      signerName: ruled(
        text('Who signs: a signer of certificates.k8s.io.', 571, { default: DEFAULTS.certificate.signerName }),
        ...notServing,
      ),
      duration: ruled(
        text('Lifetime to ask for; what the signer gives is what counts.', 32, {
          default: DEFAULTS.certificate.duration,
        }),
        {
          rule: `${isDuration('self')} && duration(self) >= duration('10m')`,
          message:
            'duration must be hours, minutes and seconds such as 2160h or 1h30m, and at least 10m: the shortest that a CertificateSigningRequest may ask for',
        },
      ),
      renewBefore: ruled(
        text(
          'How long before its end the certificate is renewed. Default: a third of the lifetime that was given.',
          32,
        ),
        {
          rule: `${isDuration('self')} && duration(self) >= duration('1m')`,
          message: 'renewBefore must be hours, minutes and seconds such as 720h or 1h30m, and at least 1m',
        },
      ),
      keySize: {
        ...integer('Bits of the RSA key.', 2048, 4096, DEFAULTS.certificate.keySize),
        enum: [2048, 3072, 4096],
      },
      caBundleFrom: ruled(
        object(
          'Where the CA certificates of a foreign signer are read. Default: the root that the signer sends along, else the CA of the cluster, else the certificate itself is trusted.',
          {
            configMap: keySelector('ConfigMap'),
            secret: keySelector('Secret'),
            inline: text('PEM certificates.', 65536),
          },
        ),
        {
          rule: "(has(self.configMap) ? 1 : 0) + (has(self.secret) ? 1 : 0) + (has(self.inline) && self.inline != '' ? 1 : 0) <= 1",
          message: 'caBundleFrom is one of configMap, secret and inline: leave the others out',
        },
        {
          rule: "!has(self.inline) || self.inline == '' || self.inline.contains('-----BEGIN CERTIFICATE-----')",
          message: 'inline must be PEM certificates, beginning with -----BEGIN CERTIFICATE-----',
          fieldPath: '.inline',
        },
      ),
    },
    { default: {} },
  ),
  {
    rule: `!has(self.caBundleFrom) || !has(self.signerName) || self.signerName != '${SIGNER_OWN}' || (!has(self.caBundleFrom.configMap) && !has(self.caBundleFrom.secret) && (!has(self.caBundleFrom.inline) || self.caBundleFrom.inline == ''))`,
    message: `caBundleFrom is for other signers: the operator knows the authority of ${SIGNER_OWN} itself; leave it out`,
    fieldPath: '.caBundleFrom',
  },
  {
    rule: `!has(self.renewBefore) || !has(self.duration) || !(${isDuration('self.renewBefore')}) || !(${isDuration('self.duration')}) || duration(self.renewBefore) < duration(self.duration)`,
    message: 'renewBefore must be shorter than duration: a certificate cannot be renewed before it is made',
    fieldPath: '.renewBefore',
  },
);

const POSITIVE = `(has(self.selection.namespaceSelector.matchLabels) && size(self.selection.namespaceSelector.matchLabels) > 0) || (has(self.selection.namespaceSelector.matchExpressions) && self.selection.namespaceSelector.matchExpressions.exists(e, e.operator in ['In', 'Exists']))`;

export const spec: Schema = ruled(
  object(
    'What is to be injected, where and how.',
    {
      mode: choice(
        'Enforce: inject. Audit: decide, count and warn, and change no pod. Paused: keep answering, and change no pod.',
        ['Enforce', 'Audit', 'Paused'],
        DEFAULTS.mode,
      ),
      selection,
      template,
      injection,
      overrides,
      rollout,
      webhook,
      certificate,
    },
    { required: ['selection', 'template'] },
  ),
  {
    rule: '!has(self.overrides) || self.overrides.all(o, !(has(self.selection.annotation) && o.annotation == self.selection.annotation) && !(has(self.selection.statusAnnotation) && o.annotation == self.selection.statusAnnotation))',
    message: 'an override must have an annotation of its own, not selection.annotation or selection.statusAnnotation',
    fieldPath: '.overrides',
  },
  {
    rule: '!has(self.overrides) || !has(self.template.metadata) || !has(self.template.metadata.annotations) || self.overrides.all(o, !(o.annotation in self.template.metadata.annotations))',
    message: 'an override must not listen to an annotation that the template itself sets: give it another annotation',
    fieldPath: '.overrides',
  },
  {
    rule: "!has(self.overrides) || self.overrides.all(o, !self.overrides.exists(p, p.path == '/metadata/annotations/' + o.annotation.replace('/', '~1')))",
    message: 'an override must not listen to an annotation that an override sets: give it another annotation',
    fieldPath: '.overrides',
  },
  {
    rule: `!has(self.webhook) || !has(self.webhook.failurePolicy) || self.webhook.failurePolicy != 'Fail' || ${POSITIVE}`,
    message:
      'failurePolicy Fail needs a namespaceSelector that says which namespaces it selects (matchLabels, or an In or Exists expression): else an outage stops pods in namespaces that nobody thought of',
  },
);
