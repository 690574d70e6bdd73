/** Why a pod of the operator does not run: the words of the kubelet, and what they mean. */
import { type Check, type Problem, verdict, count } from '../check.ts';
import type { Facts } from '../facts.ts';
import { isReady } from '../operator.ts';
import type { ContainerStatus, OperatorPod } from '../resources.ts';

const WRONG_ARCHITECTURE = /exec format error|no matching manifest|no match for platform/i;

interface Cause {
  message: string;
  fix: string;
}

/** Waiting reasons of kubelets (pkg/kubelet/images/types.go, pkg/kubelet/container/sync_result.go), and a reason of the runtime's. */
function waitingCause(reason: string, image: string, words: string, namespace: string): Cause | undefined {
  if (WRONG_ARCHITECTURE.test(words)) {
    return {
      message: `the image ${image} is not made for the architecture of the node`,
      fix: 'kubectl get nodes -L kubernetes.io/arch; then use the image for several architectures, or set a nodeSelector on kubernetes.io/arch',
    };
  }
  switch (reason) {
    case 'ErrImagePull':
    case 'ImagePullBackOff':
    case 'RegistryUnavailable':
      return {
        message: /unauthorized|denied|authentication/i.test(words)
          ? `the registry does not give out the image ${image} without credentials`
          : `the image ${image} is not on the node and cannot be pulled`,
        fix: `kubectl -n ${namespace} set image deployment/sidecar-injector operator=IMAGE; for a private registry add imagePullSecrets to the service account`,
      };
    case 'ErrImageNeverPull':
      return {
        message: `the image ${image} is not on the node, and imagePullPolicy is Never`,
        fix: `load the image onto every node (kind load docker-image ${image}), or set imagePullPolicy: IfNotPresent`,
      };
    case 'InvalidImageName':
      return {
        message: `${JSON.stringify(image)} is no name of an image`,
        fix: `kubectl -n ${namespace} set image deployment/sidecar-injector operator=IMAGE`,
      };
    case 'CreateContainerConfigError':
    case 'CreateContainerError':
      return {
        message: 'its container cannot be made',
        fix: `kubectl -n ${namespace} describe pods -l app.kubernetes.io/name=sidecar-injector`,
      };
    case 'RunContainerError':
      return {
        message: 'its container cannot be started',
        fix: `kubectl -n ${namespace} describe pods -l app.kubernetes.io/name=sidecar-injector`,
      };
    default:
      return undefined;
  }
}

/** What the container said at its end, or what the kubelet said of it. */
function lastWords({ state, lastState }: ContainerStatus, log: string): string {
  const ended = state?.terminated ?? lastState?.terminated;
  const code = ended?.exitCode === undefined ? '' : `exit code ${ended.exitCode}`;
  return [state?.waiting?.message, ended?.reason, ended?.message, code, log]
    .filter((text) => text !== undefined && text !== '')
    .join('; ');
}

function crashCause(status: ContainerStatus, words: string): Cause {
  const ended = status.state?.terminated ?? status.lastState?.terminated;
  if (ended?.reason === 'OOMKilled') {
    return { message: 'it was killed: it needs more memory than its limit', fix: 'raise resources.limits.memory' };
  }
  if (/SI1001/.test(words)) {
    return { message: 'it ends at once: its flags or environment are not valid', fix: 'correct what its log names' };
  }
  const found = /SI\d{4}/.exec(words)?.[0];
  const why = found === undefined ? '' : ` with ${found} (docs/errors.md)`;
  return { message: `it ends again and again${why}`, fix: 'read its log' };
}

function problemsOfPod(pod: OperatorPod, facts: Facts): Problem[] {
  const { name } = pod.metadata;
  const { operatorNamespace: namespace, logs } = facts;
  const about = `pod/${name}`;
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const log = logs.get(name) ?? '';
  const problems = statuses.flatMap((status): Problem[] => {
    const { waiting, terminated } = status.state ?? {};
    const reason = waiting?.reason ?? terminated?.reason ?? '';
    const words = lastWords(status, log);
    const crashes = reason === 'CrashLoopBackOff' || (terminated !== undefined && status.ready !== true);
    const image = status.image ?? pod.spec?.containers[0]?.image ?? '';
    const cause = waitingCause(reason, image, words, namespace) ?? (crashes ? crashCause(status, words) : undefined);
    if (cause === undefined) return [];
    const fix = cause.fix === 'read its log' ? `kubectl -n ${namespace} logs ${name} --previous` : cause.fix;
    const { message } = cause;
    return [{ state: 'fail', about, message: `${reason}: ${message}`, ...(words !== '' && { evidence: words }), fix }];
  });
  if (problems.length > 0) return problems;
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') {
    const fix = `kubectl -n ${namespace} describe pod ${name}`;
    const message = `no node takes it: ${scheduled.message ?? scheduled.reason ?? 'no reason is given'}`;
    return [{ state: 'fail', about, message, fix }];
  }
  if (pod.status?.phase === 'Failed') {
    const why = pod.status.message ?? pod.status.reason ?? '';
    const fix = `kubectl -n ${namespace} delete pod ${name}`;
    return [{ state: 'warn', about, message: `it has failed: ${why}`, fix }];
  }
  return isReady(pod) ? [] : [notReady(pod, log, namespace)];
}

function notReady({ metadata: { name }, status, spec }: OperatorPod, log: string, namespace: string): Problem {
  const about = `pod/${name}`;
  const fix = `kubectl -n ${namespace} logs ${name}`;
  const evidence = log === '' ? {} : { evidence: log };
  if (spec?.nodeName === undefined) return { state: 'fail', about, message: 'it has no node yet', fix };
  const phase = status?.phase === 'Running' ? 'it runs and is not ready: /readyz says why' : 'it has not started yet';
  return { state: 'warn', about, message: phase, ...evidence, fix };
}

export const REPLICAS: readonly Check[] = [
  {
    id: 'SI013',
    category: 'installation',
    title: 'the pods of the operator run',
    severity: 'fail',
    meaning:
      'The image is not on the node, is made for another architecture, the pod does not fit on a node, or its process ends.',
    remedy: 'The line says which of them it is, and the command for it.',
    reads: ['operatorPods'],
    after: ['SI011'],
    run: (facts) => {
      const pods = facts.lists.operatorPods.items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      return verdict(
        pods.flatMap((pod) => problemsOfPod(pod, facts)),
        pods.length === 0 ? 'it has none' : count(pods.length, 'pod'),
      );
    },
  },
];
