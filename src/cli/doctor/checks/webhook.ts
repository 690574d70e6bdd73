/** Does the API server know whom to ask, about which pods, and whom to trust? */
import { findCondition } from '../../../api/v1alpha1/conditions.ts';
import { modeOf, templateOf, webhookOf } from '../../../api/v1alpha1/defaults.ts';
import { EXCLUDED_NAMESPACES, PROBE_NAMESPACE, serviceName } from '../../../api/v1alpha1/names.ts';
import type { JsonObject, SidecarInjector } from '../../../api/v1alpha1/types.ts';
import { configurationNameOf, existingOf, wantedConfiguration } from '../../../domain/existing.ts';
import { firstDifference } from '../../../domain/plan-drift.ts';
import { OPERATOR_POD_LABELS } from '../../../domain/plan-objects.ts';
import { selectorMatches } from '../../../domain/selector.ts';
import type { MutatingWebhook, MutatingWebhookConfiguration } from '../../../kube/objects.ts';
import { chainFailure } from '../../../pki/inspect.ts';
import { type Check, count, few, type Problem, verdict } from '../check.ts';
import type { Facts } from '../facts.ts';
import { materialOf, readBundle } from '../material.ts';
import { mendCommand, type Mend } from '../mend.ts';
import { configurationIndex, operatorIs, publishedUrl, readyPods, webhookPort, webhooksTo } from '../operator.ts';

const RESTORE = 'the operator restores it within seconds: see SI012, SI015 and SI016 for why it does not';
const about = (name: string): string => `mutatingwebhookconfiguration/${name}`;

function eachInjector(facts: Facts, judge: (injector: SidecarInjector) => Problem[]): Problem[] {
  return facts.lists.injectors.items.flatMap(judge);
}

function missing(facts: Facts): Problem[] {
  const index = configurationIndex(facts);
  return eachInjector(facts, (injector) => {
    const name = configurationNameOf(injector);
    const stored = index.get(name);
    if (stored === undefined) {
      const paused = modeOf(injector) === 'Paused';
      const message = paused
        ? 'it is missing, and the injector is paused: no pod is injected'
        : 'it is missing: the API server asks nobody, and pods start without the sidecar';
      const told = findCondition(injector.status?.conditions, 'WebhookConfigured')?.message ?? '';
      const fix =
        existingOf(injector) === undefined ? RESTORE : `create it, or take spec.webhook.existingConfiguration away`;
      return [{ state: paused ? 'warn' : 'fail', about: about(name), message, evidence: told, fix }];
    }
    if (webhooksTo(facts, injector.metadata.name).some(({ configuration }) => configuration === stored)) return [];
    const message = `none of its webhooks leads to service/${serviceName(injector.metadata.name)}`;
    return [{ state: 'fail', about: about(name), message, fix: RESTORE }];
  });
}

function bundleProblems(facts: Facts): Problem[] {
  return eachInjector(facts, ({ metadata: { name } }) =>
    webhooksTo(facts, name).flatMap(({ configuration, webhook }): Problem[] => {
      const bundle = readBundle(webhook.clientConfig.caBundle);
      if (bundle.state === 'good') return [];
      const message = `the caBundle of webhook ${webhook.name} ${bundle.why}`;
      const evidence = bundle.evidence === '' ? {} : { evidence: bundle.evidence };
      return [{ state: 'fail', about: about(configuration.metadata.name), message, ...evidence, fix: RESTORE }];
    }),
  );
}

function trustProblems(facts: Facts): Problem[] {
  return eachInjector(facts, ({ metadata: { name } }) => {
    const material = materialOf(facts, name);
    if (material === undefined) return [];
    return webhooksTo(facts, name).flatMap(({ configuration, webhook }): Problem[] => {
      const bundle = readBundle(webhook.clientConfig.caBundle);
      const failure = bundle.state === 'good' ? chainFailure(material.chain, bundle.anchors, facts.now) : undefined;
      if (failure === undefined) return [];
      return [
        {
          state: 'fail',
          about: about(configuration.metadata.name),
          message: `the caBundle of webhook ${webhook.name} does not verify the certificate of the operator: ${failure}`,
          evidence: `secret ${material.secret.metadata.name} against ${count(bundle.state === 'good' ? bundle.anchors.length : 0, 'anchor')}`,
          fix: RESTORE,
        },
      ];
    });
  });
}

/** Everything but the caBundle, which has checks of its own. */
function driftProblems(facts: Facts): Problem[] {
  const index = configurationIndex(facts);
  const operator = {
    namespace: facts.operatorNamespace,
    webhookPort: webhookPort(facts),
    webhookUrl: publishedUrl(facts),
  };
  return eachInjector(facts, (injector) => {
    const stored = index.get(configurationNameOf(injector));
    if (stored === undefined || existingOf(injector) !== undefined || modeOf(injector) === 'Paused') return [];
    const wanted = wantedConfiguration(injector, operator, stored as unknown as JsonObject, '');
    const path = firstDifference({ webhooks: withoutBundles(wanted?.['webhooks']) }, stored);
    if (path === undefined || demoted(path, injector, stored)) return [];
    const { name } = stored.metadata;
    const writers = writersOf(stored);
    const evidence = writers.length === 0 ? {} : { evidence: `also written by ${few(writers)}` };
    return [
      { state: 'fail', about: about(name), message: `it is not as wanted at ${path}`, ...evidence, fix: RESTORE },
    ];
  });
}

/** The operator takes Fail back to Ignore while no replica can serve: SI044 tells of it. */
function demoted(path: string, injector: SidecarInjector, { webhooks = [] }: MutatingWebhookConfiguration): boolean {
  const { failurePolicy } = webhookOf(injector);
  return path.endsWith('failurePolicy') && failurePolicy === 'Fail' && webhooks[0]?.failurePolicy === 'Ignore';
}

function withoutBundles(webhooks: unknown): unknown {
  return (webhooks as MutatingWebhook[] | undefined)?.map(
    ({ clientConfig: { caBundle: _caBundle, ...rest }, ...webhook }) => ({
      ...webhook,
      clientConfig: rest,
    }),
  );
}

function writersOf({ metadata }: MutatingWebhookConfiguration): string[] {
  const managers = (metadata.managedFields ?? []).map((entry) => (entry as { manager?: string }).manager ?? '');
  return [...new Set(managers)].filter((manager) => manager !== '' && manager !== 'sidecar-injector');
}

function failProblems(facts: Facts): Problem[] {
  const ready = readyPods(facts.lists.operatorPods.items).length;
  return eachInjector(facts, (injector) => {
    const { name } = injector.metadata;
    const wanted = webhookOf(injector).failurePolicy;
    const entries = webhooksTo(facts, name).filter(
      ({ webhook }) => webhook.namespaceSelector?.matchLabels?.['kubernetes.io/metadata.name'] !== PROBE_NAMESPACE,
    );
    const subject = `sidecarinjector/${name}`;
    const fix = `kubectl patch sidecarinjector ${name} --type=merge -p '{"spec":{"webhook":{"failurePolicy":"Ignore"}}}'`;
    const problems: Problem[] = [];
    if (wanted === 'Fail' && entries.some(({ webhook }) => webhook.failurePolicy === 'Ignore')) {
      const message = 'Fail was taken back to Ignore, as no replica could serve: pods start without the sidecar';
      problems.push({ state: 'warn', about: subject, message, fix: 'see SI012 and SI013: make the replicas ready' });
    }
    for (const { configuration, webhook } of entries.filter(({ webhook }) => webhook.failurePolicy !== 'Ignore')) {
      if (Object.keys(webhook.namespaceSelector ?? {}).length === 0) {
        const message = `failurePolicy Fail of webhook ${webhook.name} has no namespaceSelector: while the operator is away, no pod starts anywhere`;
        problems.push({ state: 'fail', about: about(configuration.metadata.name), message, fix });
      } else if (operatorIs(facts) !== 'Outside' && ready < 2) {
        const message = `failurePolicy is Fail and ${count(ready, 'replica')} ready: while it is away, no pod starts in the namespaces that it selects`;
        const scale = `kubectl -n ${facts.operatorNamespace} scale deployment sidecar-injector --replicas=2`;
        problems.push({ state: ready === 0 ? 'fail' : 'warn', about: subject, message, fix: `${scale}; or ${fix}` });
      }
    }
    return problems;
  });
}

/** Whether the webhook would be asked about the operator's own pods, or those of kube-system. */
function selfProblems(facts: Facts): Problem[] {
  const labelsOf = new Map(facts.lists.namespaces.items.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));
  return eachInjector(facts, ({ metadata: { name } }) =>
    webhooksTo(facts, name).flatMap(({ configuration, webhook }): Problem[] => {
      const takes = (namespace: string, pod: Record<string, string>): boolean =>
        selectorMatches(webhook.namespaceSelector ?? {}, {
          'kubernetes.io/metadata.name': namespace,
          ...labelsOf.get(namespace),
        }) && selectorMatches(webhook.objectSelector ?? {}, pod);
      const found = (message: string): Problem => ({
        state: 'fail',
        about: about(configuration.metadata.name),
        message: `webhook ${webhook.name} ${message}`,
        fix: `add to its namespaceSelector: {key: kubernetes.io/metadata.name, operator: NotIn, values: [${[facts.operatorNamespace, ...EXCLUDED_NAMESPACES].join(', ')}]}`,
      });
      const systems = EXCLUDED_NAMESPACES.filter((namespace) => labelsOf.has(namespace) && takes(namespace, {}));
      return [
        ...(takes(facts.operatorNamespace, { ...OPERATOR_POD_LABELS })
          ? [found("is asked about the operator's own pods: once it is down, it may not come up again")]
          : []),
        ...(systems.length > 0 ? [found(`is asked about pods of ${systems.join(', ')}`)] : []),
      ];
    }),
  );
}

/** Configurations that lead to the operator for an injector that is not there. */
function staleProblems(facts: Facts): Problem[] {
  const alive = new Set(facts.lists.everyInjector.items.map(({ metadata }) => metadata.name));
  const existing = new Set(facts.lists.everyInjector.items.map((injector) => configurationNameOf(injector)));
  return facts.lists.webhookConfigurations.items.flatMap(({ metadata, webhooks = [] }): Problem[] => {
    const { name, uid = '', resourceVersion = '' } = metadata;
    if (metadata.deletionTimestamp !== undefined || existing.has(name)) return [];
    const stem = serviceName('');
    const targets = webhooks.map(({ clientConfig: { service } }) =>
      service?.namespace === facts.operatorNamespace && service.name.startsWith(stem)
        ? service.name.slice(stem.length)
        : undefined,
    );
    const label = metadata.labels?.['app.kubernetes.io/managed-by'] === 'sidecar-injector';
    const injector =
      (label ? metadata.labels?.['sidecarinjector.dev/injector'] : undefined) ??
      targets.find((target) => target !== undefined);
    if (injector === undefined || alive.has(injector)) return [];
    // Only what is nothing but ours may go by itself.
    const only = targets.every((target) => target === injector) || (label && name === serviceName(injector));
    const mend: Mend = { kind: 'RemoveConfiguration', name, uid, resourceVersion };
    const blocks = webhooks.some(({ failurePolicy }) => failurePolicy !== 'Ignore');
    const message = `it still calls for the injector ${injector}, which is gone${blocks ? ', and with failurePolicy Fail it keeps pods from starting' : ''}`;
    return [{ state: 'fail', about: about(name), message, fix: mendCommand(mend), ...(only && { mend }) }];
  });
}

/** What webhooks do to each other. */
function interplay(facts: Facts): Problem[] {
  const { everyInjector, webhookConfigurations } = facts.lists;
  const users = new Map<string, string[]>();
  for (const injector of everyInjector.items) {
    const { containers, initContainers } = templateOf(injector);
    for (const { name } of [...containers, ...initContainers]) {
      users.set(name, [...(users.get(name) ?? []), injector.metadata.name]);
    }
  }
  const wanted = new Set(facts.lists.injectors.items.map(({ metadata }) => metadata.name));
  const selected = new Map(everyInjector.items.map((injector) => [injector.metadata.name, injector]));
  const shared = [...users].flatMap(([container, names]): Problem[] => {
    const here = names.filter((name) => wanted.has(name));
    const overlap =
      names.length > 1 &&
      here.length > 0 &&
      sameNamespaces(
        names.flatMap((name) => selected.get(name) ?? []),
        facts,
      );
    if (!overlap) return [];
    const message = `${names.join(' and ')} both add a container ${container} to the pods of one namespace: the second is skipped or refused`;
    return [
      {
        state: 'warn',
        about: `sidecarinjector/${here[0]}`,
        message,
        fix: 'rename the container in one of the templates, or let their selectors differ',
      },
    ];
  });
  const twice = facts.lists.injectors.items.flatMap(({ metadata: { name } }): Problem[] => {
    const entries = webhooksTo(facts, name);
    const names = [...new Set(entries.map(({ configuration }) => configuration.metadata.name))];
    if (names.length < 2) return [];
    const message = `${names.join(' and ')} all lead to it: the same pod is sent to it several times`;
    return [
      {
        state: 'warn',
        about: `sidecarinjector/${name}`,
        message,
        fix: `kubectl delete mutatingwebhookconfiguration ${names[1]}, if nobody needs it`,
      },
    ];
  });
  const seen = new Map<string, string>();
  const sameName = webhookConfigurations.items.flatMap(({ metadata, webhooks = [] }) =>
    webhooks.flatMap((webhook): Problem[] => {
      const other = seen.get(webhook.name);
      seen.set(webhook.name, metadata.name);
      if (other === undefined || other === metadata.name || !webhook.name.endsWith('.sidecarinjector.dev')) return [];
      const message = `its webhook ${webhook.name} has the name of one in ${other}: metrics and audit cannot tell them apart`;
      return [{ state: 'warn', about: about(metadata.name), message, fix: 'rename one of the two' }];
    }),
  );
  return [...shared, ...twice, ...sameName];
}

function sameNamespaces(injectors: readonly SidecarInjector[], { lists }: Facts): boolean {
  const [first, ...others] = injectors.map(({ spec }) => spec.selection.namespaceSelector);
  if (first === undefined) return false;
  return lists.namespaces.items.some(
    ({ metadata: { labels } }) =>
      selectorMatches(first, labels) && others.some((selector) => selectorMatches(selector, labels)),
  );
}

const READS = ['injectors', 'webhookConfigurations'] as const;

export const WEBHOOK: readonly Check[] = [
  {
    id: 'SI040',
    category: 'webhook',
    title: 'every injector has its webhook configuration',
    severity: 'fail',
    meaning: 'The API server asks nobody: pods start without the sidecar and without a word.',
    remedy:
      'The operator makes it once there is a certificate and an accepted template; its condition WebhookConfigured says what it waits for.',
    reads: READS,
    after: ['SI010'],
    run: (facts) => verdict(missing(facts), count(facts.lists.injectors.items.length, 'configuration')),
  },
  {
    id: 'SI041',
    category: 'webhook',
    title: 'every caBundle can be read',
    severity: 'fail',
    meaning:
      'The API server cannot call the webhook: `unable to load root certificates`. Garbled, empty, or encoded twice.',
    remedy:
      'The operator writes the right one within seconds. If it does not stay: another program writes it, see the evidence.',
    reads: READS,
    after: ['SI010'],
    run: (facts) => verdict(bundleProblems(facts), 'PEM certificates'),
  },
  {
    id: 'SI042',
    category: 'webhook',
    title: "every caBundle verifies the operator's certificate",
    severity: 'fail',
    meaning: 'The API server refuses the handshake: `certificate signed by unknown authority`.',
    remedy:
      'The operator writes the right one within seconds; for a signer of your own set spec.certificate.caBundleFrom.',
    reads: [...READS, 'secrets'],
    after: ['SI010', 'SI030', 'SI031'],
    run: (facts) => verdict(trustProblems(facts), 'all of them'),
  },
  {
    id: 'SI043',
    category: 'webhook',
    title: 'webhook configurations are as wanted',
    severity: 'fail',
    meaning:
      'Somebody changed rules, selectors, path or Service: other pods than wanted are sent, or to somewhere else.',
    remedy: 'The operator takes it back within seconds; the evidence names who writes it.',
    reads: READS,
    after: ['SI010'],
    run: (facts) => verdict(driftProblems(facts), 'nothing was changed by hand'),
  },
  {
    id: 'SI044',
    category: 'webhook',
    title: 'failurePolicy Fail cannot take the cluster down',
    severity: 'fail',
    meaning: 'While no replica can serve, no pod starts in the selected namespaces.',
    remedy: 'Use Ignore (the default), or run several replicas and a selector that names namespaces.',
    reads: [...READS, 'operatorPods'],
    after: ['SI010'],
    run: (facts) => verdict(failProblems(facts), 'Ignore, or safe'),
  },
  {
    id: 'SI045',
    category: 'webhook',
    title: "no webhook is asked about the operator's own pods or kube-system",
    severity: 'fail',
    meaning: 'The operator would wait for itself to start, and a defect of a template could stop the cluster.',
    remedy: 'The operator excludes both always; a configuration of yours (existingConfiguration) must do so, too.',
    reads: [...READS, 'namespaces'],
    after: ['SI010'],
    run: (facts) => verdict(selfProblems(facts), 'excluded everywhere'),
  },
  {
    id: 'SI046',
    category: 'webhook',
    title: 'no configuration is left of an injector that is gone',
    severity: 'fail',
    meaning: 'Every creation of a pod waits for a webhook that is not there, or fails.',
    remedy: '`sidecar-injector doctor --fix` removes it.',
    reads: ['everyInjector', 'webhookConfigurations'],
    after: ['SI010'],
    run: (facts) => verdict(staleProblems(facts), 'none'),
  },
  {
    id: 'SI047',
    category: 'webhook',
    title: 'webhooks do not get in the way of each other',
    severity: 'warn',
    meaning: 'Two injectors add containers of one name, or two configurations send the same pods to one injector.',
    remedy: 'Rename the containers, let the selectors differ, or remove the second configuration.',
    reads: ['injectors', 'everyInjector', 'webhookConfigurations', 'namespaces'],
    after: ['SI010'],
    run: (facts) => verdict(interplay(facts), 'no names in common'),
  },
];
