/** Is everything of config/default there, and does the operator run? */
import { PROBE_NAMESPACE } from '../../../api/v1alpha1/names.ts';
import { API_VERSION, PLURAL, GROUP, VERSION } from '../../../api/v1alpha1/names.ts';
import { type Check, count, few, ok, type Problem, skip, verdict } from '../check.ts';
import type { Facts } from '../facts.ts';
import { MANIFESTS, operatorIs, readyPods } from '../operator.ts';

const DEFINITION = `${PLURAL}.${GROUP}`;
const APPLY = `kubectl apply --server-side -k ${MANIFESTS.everything}`;

function definitionProblems({ lists }: Facts): Problem[] {
  const { items, hidden } = lists.customResourceDefinitions;
  const about = `crd/${DEFINITION}`;
  const fix = `kubectl apply --server-side -k ${MANIFESTS.crds}`;
  const definition = items.find(({ metadata }) => metadata.name === DEFINITION);
  if (definition === undefined) {
    if (hidden !== undefined) return [];
    return [{ state: 'fail', about, message: 'the CustomResourceDefinition is missing', fix }];
  }
  const conditions = definition.status?.conditions ?? [];
  const bad = (type: string, good: string): string | undefined => {
    const found = conditions.find((condition) => condition.type === type);
    return found?.status === good ? undefined : `${type} is ${found?.status ?? 'not set'}: ${found?.message ?? ''}`;
  };
  const version = definition.spec?.versions?.find(({ name }) => name === VERSION);
  const messages = [
    bad('Established', 'True'),
    bad('NamesAccepted', 'True'),
    version?.served === true ? undefined : `${API_VERSION} is not served`,
    definition.metadata.deletionTimestamp === undefined ? undefined : 'it is being deleted, and every injector with it',
  ].filter((message) => message !== undefined);
  return messages.map((message) => ({ state: 'fail', about, message, fix }));
}

function namespaceProblems({ lists, operatorNamespace }: Facts): Problem[] {
  return [operatorNamespace, PROBE_NAMESPACE].flatMap((name): Problem[] => {
    const found = lists.namespaces.items.find(({ metadata }) => metadata.name === name);
    const about = `namespace/${name}`;
    const purpose =
      name === PROBE_NAMESPACE ? 'without it nothing proves that injection works' : 'the operator lives there';
    if (found === undefined) {
      const elsewhere = name === operatorNamespace ? ' (if it lives elsewhere: --operator-namespace)' : '';
      return [{ state: 'fail', about, message: `it is missing; ${purpose}`, fix: `${APPLY}${elsewhere}` }];
    }
    return found.metadata.deletionTimestamp === undefined
      ? []
      : [{ state: 'fail', about, message: `it is being deleted; ${purpose}`, fix: `wait, then: ${APPLY}` }];
  });
}

function deploymentProblems(facts: Facts): Problem[] {
  const { lists, operatorNamespace: namespace } = facts;
  return lists.deployments.items.flatMap((deployment): Problem[] => {
    const { name } = deployment.metadata;
    const { replicas = 1, paused = false } = deployment.spec ?? {};
    const { readyReplicas = 0, conditions = [] } = deployment.status ?? {};
    const about = `deployment/${name}`;
    if (replicas === 0) {
      const fix = `kubectl -n ${namespace} scale deployment ${name} --replicas=2`;
      return [{ state: 'fail', about, message: 'it is scaled to 0: no pod is injected, and nothing is renewed', fix }];
    }
    const stuck = conditions.find(
      ({ type, status }) => ['Progressing', 'Available'].includes(type) && status === 'False',
    );
    if (readyReplicas < replicas) {
      const state = readyReplicas === 0 ? 'fail' : 'warn';
      const evidence = stuck?.message === undefined ? {} : { evidence: stuck.message };
      const pausing = paused ? '; its rollout is paused' : '';
      const message = `${readyReplicas} of ${replicas} replicas are ready${pausing}`;
      return [{ state, about, message, ...evidence, fix: `kubectl -n ${namespace} describe deployment ${name}` }];
    }
    return [];
  });
}

function replicaProblems({ lists, operatorNamespace: namespace }: Facts): Problem[] {
  const alone = lists.deployments.items
    .filter(({ spec }) => spec?.replicas === undefined || spec.replicas === 1)
    .map(({ metadata: { name } }): Problem => ({
      state: 'warn',
      about: `deployment/${name}`,
      message: 'it has one replica: while it restarts, pods start without the sidecar',
      fix: `kubectl -n ${namespace} scale deployment ${name} --replicas=2`,
    }));
  const ready = readyPods(lists.operatorPods.items);
  const nodes = new Set(ready.map(({ spec }) => spec?.nodeName ?? ''));
  const crowded = ready.length > 1 && nodes.size === 1 && lists.nodes.items.length > 1;
  if (!crowded) return alone;
  const message = `all ${ready.length} ready replicas are on node ${[...nodes].join('')}: it takes injection down with it`;
  const fix = `kubectl -n ${namespace} delete pod ${ready[0]?.metadata.name}`;
  return [...alone, { state: 'warn', about: 'pods of the operator', message, fix }];
}

function leaderProblems({ lists, server, now, operatorNamespace: namespace }: Facts): Problem[] {
  const lease = lists.leases.items[0];
  const fix = `kubectl -n ${namespace} logs -l app.kubernetes.io/name=sidecar-injector --tail=50`;
  if (lease === undefined) {
    return [{ state: 'fail', about: 'lease/sidecar-injector', message: 'no replica of the operator ever led', fix }];
  }
  const { holderIdentity = '', leaseDurationSeconds = 15, renewTime = '' } = lease.spec ?? {};
  const about = `lease/${lease.metadata.name}`;
  if (holderIdentity === '') {
    return [
      { state: 'fail', about, message: 'nobody leads: nothing is reconciled and no certificate is renewed', fix },
    ];
  }
  const at = server.clock?.time ?? now;
  const age = Math.round((at.getTime() - Date.parse(renewTime)) / 1000);
  // Two lifetimes: clocks differ a little, and a change of leaders takes one.
  if (!(age > 2 * leaseDurationSeconds)) return [];
  const message = `the leader ${holderIdentity} was last heard of ${age} s ago: nothing is reconciled`;
  return [{ state: 'fail', about, message, evidence: `renewTime ${renewTime}`, fix }];
}

function policyProblems({ lists }: Facts): Problem[] {
  const name = 'sidecar-injector-probe';
  const kinds = ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'];
  return kinds
    .filter((kind) => !lists.probePolicies.items.some((item) => item.kind === kind && item.metadata.name === name))
    .map((kind) => ({
      state: 'warn',
      about: `${kind.toLowerCase()}/${name}`,
      message: 'it is missing: whoever has the rights of the operator can run pods in the probe namespace',
      fix: `kubectl apply --server-side -k ${MANIFESTS.probe}`,
    }));
}

function askedProblems({ only, lists }: Facts): Problem[] {
  if (only === undefined || lists.injectors.items.length > 0) return [];
  const names = lists.everyInjector.items.map(({ metadata }) => metadata.name);
  const message =
    names.length === 0 ? 'there is no SidecarInjector at all' : `there is none of this name, but ${few(names)}`;
  return [{ state: 'fail', about: `sidecarinjector/${only}`, message, fix: 'kubectl get sidecarinjectors' }];
}

export const INSTALLATION: readonly Check[] = [
  {
    id: 'SI010',
    category: 'installation',
    title: 'the CustomResourceDefinition is installed',
    severity: 'fail',
    meaning: 'The cluster knows no SidecarInjectors, or not this version of them.',
    remedy: `\`${APPLY}\``,
    after: ['SI001'],
    run: (facts) => {
      const { injectors, customResourceDefinitions } = facts.lists;
      const unserved =
        injectors.hidden?.includes('SI2008') === true || injectors.hidden?.includes('not served') === true;
      if (customResourceDefinitions.hidden !== undefined && !unserved && injectors.hidden !== undefined) {
        return skip(`cannot read customresourcedefinitions: ${customResourceDefinitions.hidden}`);
      }
      return verdict(definitionProblems(facts), DEFINITION);
    },
  },
  {
    id: 'SI011',
    category: 'installation',
    title: 'the namespaces of the operator and of its probe pods exist',
    severity: 'fail',
    meaning: 'The operator has no place to live in, or cannot prove that injection works.',
    remedy: `\`kubectl apply --server-side -k ${MANIFESTS.namespaces}\``,
    reads: ['namespaces'],
    after: ['SI001'],
    run: (facts) => verdict(namespaceProblems(facts), `${facts.operatorNamespace}, ${PROBE_NAMESPACE}`),
  },
  {
    id: 'SI012',
    category: 'installation',
    title: 'the operator runs',
    severity: 'fail',
    meaning: 'No pod is injected, no certificate is renewed, and nothing that is changed by hand is repaired.',
    remedy: `Read why its pods do not run (SI013), or install it: \`${APPLY}\``,
    reads: ['deployments', 'operatorPods'],
    after: ['SI011'],
    run: (facts) => {
      const running = operatorIs(facts);
      if (running === 'Outside') return ok('outside of the cluster: its webhooks are reached by URL');
      if (running === 'Pods') return ok('its pods belong to no Deployment');
      if (running === 'Deployment') return verdict(deploymentProblems(facts), 'every replica is ready');
      const message = `there is neither a Deployment nor a pod of it in namespace ${facts.operatorNamespace}`;
      return verdict([{ state: 'fail', about: 'deployment/sidecar-injector', message, fix: APPLY }], '');
    },
  },
  {
    id: 'SI014',
    category: 'installation',
    title: 'the operator survives the loss of a pod or a node',
    severity: 'warn',
    meaning:
      'While the one pod or node is away, pods start without the sidecar, or not at all under failurePolicy Fail.',
    remedy: '`kubectl -n sidecar-injector-system scale deployment sidecar-injector --replicas=2`',
    reads: ['deployments', 'operatorPods'],
    after: ['SI011'],
    run: (facts) =>
      operatorIs(facts) === 'Deployment'
        ? verdict(replicaProblems(facts), 'several replicas')
        : skip('the operator is not run by a Deployment'),
  },
  {
    id: 'SI015',
    category: 'installation',
    title: 'one replica leads',
    severity: 'fail',
    meaning: 'Nothing is reconciled: new injectors stay as they are, certificates expire, changes by hand stay.',
    remedy: 'Read the log of the operator; if it says that it may not write its Lease, apply config/rbac.',
    reads: ['leases'],
    after: ['SI011'],
    run: (facts) =>
      verdict(leaderProblems(facts), facts.lists.leases.items[0]?.spec?.holderIdentity ?? 'no election is held'),
  },
  {
    id: 'SI016',
    category: 'installation',
    title: 'the operator has its rights',
    severity: 'fail',
    meaning: 'What it has no right to do is left undone, and the conditions of the injectors say so.',
    remedy: `\`kubectl apply --server-side -k ${MANIFESTS.rbac}\``,
    after: ['SI011'],
    run: ({ lacking, rightsHidden }) => {
      if (lacking === undefined) return skip(`cannot ask what the operator may do: ${rightsHidden ?? ''}`);
      const problems = lacking.map(({ verb, group, resource, namespace, name }): Problem => {
        const what = `${resource}${group === '' ? '' : `.${group}`}${name === undefined ? '' : `/${name}`}`;
        return {
          state: 'fail',
          about: 'serviceaccount/sidecar-injector',
          message: `the operator may not ${verb} ${what}${namespace === undefined ? '' : ` in namespace ${namespace}`}`,
          fix: `kubectl apply --server-side -k ${MANIFESTS.rbac} -k ${MANIFESTS.probe}`.replace(/ -k [^ ]*$/, ''),
        };
      });
      return verdict(problems, 'all that it needs');
    },
  },
  {
    id: 'SI017',
    category: 'installation',
    title: 'only dry-run pods get into the probe namespace',
    severity: 'warn',
    meaning: 'The right to create pods there, which the operator has, would be a right to run code.',
    remedy: `\`kubectl apply --server-side -k ${MANIFESTS.probe}\``,
    reads: ['probePolicies'],
    after: ['SI001'],
    run: (facts) => verdict(policyProblems(facts), 'a policy sees to it'),
  },
  {
    id: 'SI018',
    category: 'installation',
    title: 'the injectors to look at exist',
    severity: 'fail',
    meaning: 'The name that doctor was given is no SidecarInjector.',
    remedy: '`kubectl get sidecarinjectors` lists them.',
    reads: ['injectors', 'everyInjector'],
    after: ['SI010'],
    run: (facts) => verdict(askedProblems(facts), count(facts.lists.injectors.items.length, 'injector')),
  },
];
