/** Is there a way from the API server to the operator? */
import { webhookOf } from '../../../api/v1alpha1/defaults.ts';
import { serviceName } from '../../../api/v1alpha1/names.ts';
import { diagnose } from '../../../domain/diagnosis.ts';
import { OPERATOR_POD_LABELS } from '../../../domain/plan-objects.ts';
import { selectorMatches } from '../../../domain/selector.ts';
import type { Service } from '../../../kube/objects.ts';
import { type Check, count, type Problem, skip, verdict } from '../check.ts';
import type { Facts } from '../facts.ts';
import { operatorIs, serviceOf, webhookPort } from '../operator.ts';
import type { EndpointSlice, NetworkPolicy } from '../resources.ts';

const RESTORE = 'the operator restores it within seconds: see SI012, SI015 and SI016 for why it does not';

function serviceProblems(facts: Facts): Problem[] {
  const wantedPort = webhookPort(facts);
  return facts.lists.injectors.items.flatMap(({ metadata: { name } }): Problem[] => {
    const about = `service/${serviceName(name)}`;
    const service = serviceOf(facts, name);
    const bad = (message: string, evidence?: string): Problem[] => [
      { state: 'fail', about, message, ...(evidence !== undefined && { evidence }), fix: RESTORE },
    ];
    if (service === undefined) return bad('it is missing: the API server finds no way to the operator');
    const { type, clusterIP, selector = {}, ports = [] } = service.spec ?? {};
    if (type === 'ExternalName' || clusterIP === 'None') {
      const kind = type === 'ExternalName' ? 'ExternalName' : 'headless';
      return bad(`it is ${kind}: the API server cannot go through it`, `type ${type}, clusterIP ${clusterIP}`);
    }
    const port = ports.find((each) => each.port === 443);
    if (port === undefined) return bad('it has no port 443, which the webhook configuration names', portsText(service));
    if (!selectorMatches({ matchLabels: selector }, OPERATOR_POD_LABELS) || Object.keys(selector).length === 0) {
      return bad("it does not select the operator's pods", `selector ${JSON.stringify(selector)}`);
    }
    if (facts.lists.operatorPods.items.length === 0) return [];
    const { targetPort } = port;
    const fits = targetPort === wantedPort || targetPort === 'webhook';
    return fits
      ? []
      : bad(`its targetPort is ${targetPort}, and the operator listens on ${wantedPort}`, portsText(service));
  });
}

function portsText({ spec }: Service): string {
  return (spec?.ports ?? []).map(({ port, targetPort }) => `${port} -> ${targetPort ?? port}`).join(', ');
}

function ready({ endpoints = [] }: EndpointSlice): number {
  return endpoints.filter(({ conditions }) => conditions?.ready !== false).length;
}

function endpointProblems({ lists, operatorNamespace: namespace }: Facts): Problem[] {
  const byService = new Map<string, EndpointSlice[]>();
  for (const slice of lists.endpointSlices.items) {
    const service = slice.metadata.labels?.['kubernetes.io/service-name'] ?? '';
    byService.set(service, [...(byService.get(service) ?? []), slice]);
  }
  const present = new Set(lists.services.items.map(({ metadata }) => metadata.name));
  return lists.injectors.items.flatMap(({ metadata }): Problem[] => {
    const name = serviceName(metadata.name);
    const slices = byService.get(name) ?? [];
    if (!present.has(name) || slices.some((slice) => ready(slice) > 0)) return [];
    const all = slices.reduce((sum, { endpoints = [] }) => sum + endpoints.length, 0);
    const message =
      all === 0
        ? 'it has no endpoint: no pod of the operator runs, or the Service selects none'
        : `none of its ${count(all, 'endpoint')} is ready`;
    const fix = `kubectl -n ${namespace} get pods -l app.kubernetes.io/name=sidecar-injector -o wide`;
    return [{ state: 'fail', about: `service/${name}`, message, fix }];
  });
}

/** The API server is no pod: only a rule without `from`, or with an ipBlock, can let it in. */
function lets({ spec }: NetworkPolicy, port: number): boolean {
  return (spec?.ingress ?? []).some(({ from = [], ports = [] }) => {
    const fromOutside = from.length === 0 || from.some(({ ipBlock }) => ipBlock !== undefined);
    const toPort =
      ports.length === 0 ||
      ports.some(
        (each) =>
          each.port === undefined ||
          each.port === 'webhook' ||
          each.port === port ||
          (typeof each.port === 'number' && each.endPort !== undefined && each.port <= port && port <= each.endPort),
      );
    return fromOutside && toPort;
  });
}

function policyProblems(facts: Facts): Problem[] {
  const { lists, operatorNamespace: namespace } = facts;
  const port = webhookPort(facts);
  const inForce = lists.networkPolicies.items.filter(
    ({ spec }) =>
      (spec?.policyTypes ?? ['Ingress']).includes('Ingress') &&
      selectorMatches(spec?.podSelector ?? {}, OPERATOR_POD_LABELS),
  );
  // Policies add up: one that lets the port through is enough.
  if (inForce.length === 0 || inForce.some((policy) => lets(policy, port))) return [];
  const broken = lists.injectors.items.some(({ status }) =>
    status?.conditions?.some(({ type, status: value }) => type === 'InjectionVerified' && value === 'False'),
  );
  return inForce.map(({ metadata: { name } }) => ({
    state: broken ? 'fail' : 'warn',
    about: `networkpolicy/${name}`,
    message: `it keeps the API server from port ${port} of the operator's pods`,
    evidence: 'no policy lets the port through from anywhere or from an ipBlock; the API server is no pod',
    fix: `kubectl -n ${namespace} patch networkpolicy ${name} --type=json -p '[{"op":"add","path":"/spec/ingress","value":[{"ports":[{"port":${port}}]}]}]'`,
  }));
}

function servedProblems({ served }: Facts): Problem[] {
  return served.flatMap(({ injector, address, error }): Problem[] => {
    if (error === undefined) return [];
    const diagnosis = diagnose(error);
    return [
      {
        state: 'fail',
        about: `sidecarinjector/${injector}`,
        message: `${address}: ${diagnosis?.cause ?? 'no TLS handshake comes about'}`,
        evidence: error,
        fix: diagnosis?.fix ?? 'check what listens on the webhook port',
      },
    ];
  });
}

export const NETWORK: readonly Check[] = [
  {
    id: 'SI020',
    category: 'network',
    title: 'every injector has its Service, which leads to the operator',
    severity: 'fail',
    meaning:
      'The API server cannot find the operator: `service not found`, `no service port`, `cannot route to service`.',
    remedy:
      'The operator restores Services within seconds. If it does not: does it run, does it lead, has it its rights?',
    reads: ['injectors', 'services', 'operatorPods'],
    after: ['SI010', 'SI011'],
    run: (facts) => verdict(serviceProblems(facts), count(facts.lists.injectors.items.length, 'Service')),
  },
  {
    id: 'SI021',
    category: 'network',
    title: 'every Service has a ready endpoint',
    severity: 'fail',
    meaning: 'The API server finds nobody to ask: `connection refused`, `no endpoints available`.',
    remedy: 'See SI013: why are the pods not ready?',
    reads: ['injectors', 'services', 'endpointSlices', 'operatorPods'],
    after: ['SI010', 'SI011'],
    run: (facts) =>
      operatorIs(facts) === 'Outside'
        ? skip('the webhooks are reached by URL')
        : verdict(endpointProblems(facts), 'every injector can be reached'),
  },
  {
    id: 'SI022',
    category: 'network',
    title: 'no NetworkPolicy stands between the API server and the operator',
    severity: 'fail',
    meaning: 'Packets are dropped, and the API server gets no answer in time: `context deadline exceeded`.',
    remedy: 'Let the webhook port through from everywhere, or from the addresses of the control plane by ipBlock.',
    reads: ['networkPolicies', 'injectors'],
    after: ['SI011'],
    run: (facts) => verdict(policyProblems(facts), 'the webhook port is open'),
  },
  {
    id: 'SI023',
    category: 'network',
    title: 'the operator answers by TLS on its port',
    severity: 'fail',
    meaning: 'Something else answers on the port (a service mesh, a proxy, plain HTTP), or nothing does.',
    remedy: 'Exclude the webhook port from the mesh; check targetPort.',
    after: ['SI010'],
    run: (facts) =>
      facts.served.length === 0
        ? skip('its address cannot be reached from this machine; SI062 asks through the API server')
        : verdict(servedProblems(facts), `asked for ${count(facts.served.length, 'injector')}`),
  },
  {
    id: 'SI024',
    category: 'network',
    title: 'the API server waits no longer than it should',
    severity: 'warn',
    meaning: 'Webhooks are asked one after the other, and after 34 s a request ends whatever failurePolicy says.',
    remedy: 'Set spec.webhook.timeoutSeconds to 10 or less.',
    reads: ['injectors'],
    after: ['SI010'],
    run: ({ lists }) =>
      verdict(
        lists.injectors.items
          .filter((injector) => webhookOf(injector).timeoutSeconds > 10)
          .map((injector): Problem => ({
            state: 'warn',
            about: `sidecarinjector/${injector.metadata.name}`,
            message: `its timeoutSeconds is ${webhookOf(injector).timeoutSeconds}: while the operator hangs, every pod waits that long`,
            fix: `kubectl patch sidecarinjector ${injector.metadata.name} --type=merge -p '{"spec":{"webhook":{"timeoutSeconds":5}}}'`,
          })),
        'at most 10 s',
      ),
  },
];
