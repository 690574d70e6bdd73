/** Does injection work, by the operator's own word and by trying? */
import { modeOf, selectionOf } from '../../../api/v1alpha1/defaults.ts';
import { diagnose } from '../../../domain/diagnosis.ts';
import { type Check, count, type Problem, skip, verdict, type Verdict } from '../check.ts';
import type { Facts, Trial } from '../facts.ts';
import { webhooksTo } from '../operator.ts';

const about = (name: string): string => `sidecarinjector/${name}`;

function modeProblems({ lists }: Facts): Problem[] {
  return lists.injectors.items.flatMap((injector): Problem[] => {
    const mode = modeOf(injector);
    if (mode === 'Enforce') return [];
    const { name } = injector.metadata;
    const message =
      mode === 'Paused'
        ? 'it is paused: no pod is injected, and nothing is repaired or renewed'
        : 'its mode is Audit: it decides and counts, and no pod gets the sidecar';
    const fix = `kubectl patch sidecarinjector ${name} --type=merge -p '{"spec":{"mode":"Enforce"}}'`;
    return [{ state: 'warn', about: about(name), message, fix }];
  });
}

/** Conditions with checks of their own stand elsewhere; the rest is told as the operator tells it. */
const TOLD = ['Accepted', 'InjectionVerified', 'WebhookConfigured', 'RolledOut'];

function conditionProblems({ lists, now }: Facts): Problem[] {
  return lists.injectors.items.flatMap(({ metadata, status }): Problem[] => {
    const { name, generation = 0, creationTimestamp = '' } = metadata;
    const conditions = status?.conditions ?? [];
    const young = now.getTime() - Date.parse(creationTimestamp) < 5_000;
    if (conditions.length === 0 || (status?.observedGeneration ?? 0) < generation) {
      if (young) return [];
      const message = 'the operator has not looked at its last change yet';
      return [{ state: 'warn', about: about(name), message, fix: 'see SI012 and SI015' }];
    }
    const retrying = conditions.find(({ type, reason }) => type === 'Reconciling' && reason === 'RetryingAfterError');
    const failing = conditions.filter(({ type, status: value }) => TOLD.includes(type) && value === 'False');
    return [...failing, ...(retrying === undefined ? [] : [retrying])].map(({ type, reason, message }) => ({
      state: 'fail',
      about: about(name),
      message: `${type}: ${reason}: ${message}`,
      fix: diagnose(message)?.fix ?? `kubectl describe sidecarinjector ${name}`,
    }));
  });
}

function refusal({ injector, message, namespace }: Trial, facts: Facts): Problem {
  const ours = (webhook: string): boolean =>
    webhook.endsWith('.sidecarinjector.dev') ||
    webhooksTo(facts, injector).some((entry) => entry.webhook.name === webhook);
  const diagnosis = diagnose(message, ours);
  if (diagnosis?.id === 'PodSecurity' && !namespace.startsWith('sidecar-injector-')) {
    return {
      state: 'fail',
      about: about(injector),
      message: `the pod security standard of namespace ${namespace} refuses pods with this sidecar`,
      evidence: message,
      fix: 'give the containers of the template the securityContext that the message asks for',
    };
  }
  return {
    state: 'fail',
    about: about(injector),
    message: diagnosis?.cause ?? `the API server refuses a pod in namespace ${namespace}`,
    evidence: message,
    fix: diagnosis?.fix ?? 'read the message',
  };
}

function probeProblems(facts: Facts): Problem[] {
  return facts.probes.flatMap((trial): Problem[] => {
    if (trial.outcome === 'injected') return [];
    if (trial.outcome === 'refused') return [refusal(trial, facts)];
    const { injector } = trial;
    const missing = webhooksTo(facts, injector).length === 0;
    const message = missing
      ? 'the probe pod came back without the sidecar: there is no webhook configuration'
      : 'the probe pod came back without the sidecar: the API server did not call the webhook';
    const fix = missing ? 'see SI040' : 'wait a moment; then check --disable-admission-plugins of the API server';
    return [{ state: 'fail', about: about(injector), message, fix }];
  });
}

/** A failed call is silent under failurePolicy Ignore: the probe, which is not, says why. */
function trialProblems(facts: Facts): Problem[] {
  const probes = new Map(facts.probes.map((probe) => [probe.injector, probe]));
  const injectors = new Map(facts.lists.injectors.items.map((injector) => [injector.metadata.name, injector]));
  return facts.trials.flatMap((trial): Problem[] => {
    const { injector: name, namespace, outcome, message: words } = trial;
    if (outcome === 'injected') return [];
    if (outcome === 'refused') return [refusal(trial, facts)];
    const probe = probes.get(name);
    const bare = `a pod in namespace ${namespace} would start without the sidecar`;
    if (probe?.outcome === 'refused') {
      const { message, evidence = '', fix } = refusal(probe, facts);
      return [{ state: 'fail', about: about(name), message: `${bare}: ${message}`, evidence, fix }];
    }
    const injector = injectors.get(name);
    const conditions = injector === undefined ? 0 : selectionOf(injector).matchConditions.length;
    const why =
      conditions > 0
        ? `; one of its ${count(conditions, 'matchCondition')} may exclude it`
        : '; the operator let it pass, or was not asked';
    const fix = `kubectl sidecar-injector explain pod -n ${namespace} POD`;
    return [
      {
        state: conditions > 0 ? 'warn' : 'fail',
        about: about(name),
        message: bare + why,
        ...(words && { evidence: words }),
        fix,
      },
    ];
  });
}

function tried(trials: readonly Trial[], { lists }: Facts): string {
  const all = lists.injectors.items.length;
  return trials.length < all
    ? `tried ${trials.length} of ${count(all, 'injector')}`
    : `tried ${count(all, 'injector')}`;
}

function trial(facts: Facts, trials: readonly Trial[], problems: (facts: Facts) => Problem[]): Verdict {
  if (facts.lists.injectors.items.length === 0) return skip('there is no injector');
  if (trials.length === 0) return skip(facts.trialsHidden ?? 'no injector can be tried');
  return verdict(problems(facts), tried(trials, facts));
}

export const INJECTION: readonly Check[] = [
  {
    id: 'SI060',
    category: 'injection',
    title: 'every injector injects',
    severity: 'warn',
    meaning: 'The mode is Audit or Paused: somebody meant it so, and perhaps forgot.',
    remedy: 'Set spec.mode to Enforce.',
    reads: ['injectors'],
    after: ['SI010'],
    run: (facts) => verdict(modeProblems(facts), 'mode Enforce'),
  },
  {
    id: 'SI061',
    category: 'injection',
    title: 'the operator reports no trouble',
    severity: 'fail',
    meaning: 'A condition of an injector is False: its message says why.',
    remedy: 'The message of the condition names the cause and the way out.',
    reads: ['injectors'],
    after: ['SI010'],
    run: (facts) => verdict(conditionProblems(facts), 'its conditions say so'),
  },
  {
    id: 'SI062',
    category: 'injection',
    title: 'a probe pod comes back with the sidecar',
    severity: 'fail',
    meaning: 'The API server cannot call the webhook: its own words say why, and doctor what they mean.',
    remedy: 'The line names the cause, from the table of error texts below.',
    reads: ['injectors'],
    after: ['SI010', 'SI011'],
    run: (facts) => trial(facts, facts.probes, probeProblems),
  },
  {
    id: 'SI063',
    category: 'injection',
    title: 'a pod in a selected namespace gets the sidecar',
    severity: 'fail',
    meaning: 'Tried with a dry run and your own rights, in a namespace of yours: nothing is created.',
    remedy: 'The line names the cause; `kubectl sidecar-injector explain` shows every check on a pod.',
    reads: ['injectors', 'namespaces'],
    after: ['SI010'],
    run: (facts) => trial(facts, facts.trials, trialProblems),
  },
];
