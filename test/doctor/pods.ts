/** Pods of the operator that do not run, in the words of a kubelet. */
import { OPERATOR_POD_LABELS } from '../../src/domain/plan-objects.ts';
import { RESOURCES } from '../../src/kube/resources.ts';
import { OPERATOR_NAMESPACE } from '../e2e/support/installation.ts';
import { applyAll, deleteAll } from '../e2e/support/objects.ts';
import { merge } from './bed.ts';
import type { Break, Manifest } from './break.ts';

const IMAGE = 'ghcr.io/sidecar-injector/sidecar-injector:latest';

const replica: Manifest = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'replica', namespace: OPERATOR_NAMESPACE, labels: { ...OPERATOR_POD_LABELS } },
  spec: {
    // No kubelet of this cluster: the test says what one would.
    nodeName: 'nowhere',
    terminationGracePeriodSeconds: 0,
    serviceAccountName: 'sidecar-injector',
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'operator',
        image: IMAGE,
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  },
};

const replicaThat = (name: string, state: object, doctor: RegExp, lastState: object = {}): Break => ({
  name,
  injector: 'care',
  make: async (bed) => {
    await applyAll(bed.client, [replica]);
    const status = {
      phase: 'Pending',
      conditions: [{ type: 'Ready', status: 'False' }],
      containerStatuses: [
        { name: 'operator', image: IMAGE, imageID: '', ready: false, restartCount: 0, state, lastState },
      ],
    };
    await merge(bed, RESOURCES.pods, 'replica', { status }, OPERATOR_NAMESPACE, 'status');
    return () => deleteAll(bed.client, [replica]);
  },
  doctor,
});

const waiting = (reason: string, message: string): object => ({ waiting: { reason, message } });
const exited = (exitCode: number, reason: string, message = ''): object => ({
  terminated: { exitCode, reason, message, startedAt: null, finishedAt: null },
});

export const OPERATOR_POD_BREAKS: readonly Break[] = [
  replicaThat(
    'the image is not on the node',
    waiting('ImagePullBackOff', `Back-off pulling image "${IMAGE}": not found`),
    /^SI013 fail pod\/replica: ImagePullBackOff: the image \S+ is not on the node and cannot be pulled/,
  ),
  replicaThat(
    'the image must be on the node and is not',
    waiting('ErrImageNeverPull', `Container image "${IMAGE}" is not present with pull policy of Never`),
    /^SI013 fail pod\/replica: ErrImageNeverPull: the image \S+ is not on the node, and imagePullPolicy is Never/,
  ),
  replicaThat(
    'the image has no variant for the architecture',
    waiting('ErrImagePull', 'no match for platform in manifest: not found'),
    /^SI013 fail pod\/replica: ErrImagePull: the image \S+ is not made for the architecture/,
  ),
  replicaThat(
    'the program is for another architecture',
    waiting('CrashLoopBackOff', 'back-off 10s restarting failed container'),
    /^SI013 fail pod\/replica: CrashLoopBackOff: the image \S+ is not made for the architecture/,
    exited(255, 'Error', 'exec /usr/local/bin/node: exec format error'),
  ),
  replicaThat(
    'the process ends again and again',
    waiting('CrashLoopBackOff', 'back-off 10s restarting failed container'),
    /^SI013 fail pod\/replica: CrashLoopBackOff: it was killed: it needs more memory/,
    exited(137, 'OOMKilled'),
  ),
];
