/** facts -> status: what the operator says about an injector. Pure. */
import {
  clearCondition,
  ConditionType,
  findCondition,
  Reason,
  setCondition,
  type ConditionUpdate,
} from '../api/v1alpha1/conditions.ts';
import { modeOf } from '../api/v1alpha1/defaults.ts';
import { secretName, serviceName, webhookPath } from '../api/v1alpha1/names.ts';
import type { CertificateStatus, Condition, SidecarInjector, SidecarInjectorStatus } from '../api/v1alpha1/types.ts';
import { asWritten, demotion } from './demotion.ts';
import { diagnose } from './diagnosis.ts';
import { configurationDrift, configurationNameOf, existingOf, wantedConfiguration } from './existing.ts';
import { nextStep } from './issuance.ts';
import { canonicalJson } from './json.ts';
import {
  knownAnchors,
  probeSubject,
  revisionToServe,
  rolloverStep,
  waitingFor,
  wantedBundle,
  type CurrentIdentity,
  type Facts,
} from './plan.ts';
import { phaseOf } from './rollover.ts';
import { selectorFacts } from './status-selector.ts';
import { caBundle } from './trust.ts';

type Finding = Omit<ConditionUpdate, 'type'>;

const yes = (reason: string, message: string): Finding => ({ status: 'True', reason, message });
const no = (reason: string, message: string): Finding => ({ status: 'False', reason, message });
const unknown = (reason: string, message: string): Finding => ({ status: 'Unknown', reason, message });

/** All conditions that a status can have; others in it are not ours. */
const TYPES = new Set<string>(Object.values(ConditionType));

function accepted({ template }: Facts): Finding {
  const inForce = revisionToServe(template);
  if (inForce === template.wanted)
    return yes(Reason.TemplateAccepted, `the API server takes a pod with revision ${inForce}`);
  const { trial } = template;
  if (trial === undefined || trial.revision !== template.wanted) {
    return unknown(Reason.TemplateNotTried, 'the template has not been tried yet');
  }
  const rest =
    inForce === undefined ? 'nothing is injected until then' : `revision ${inForce} stays in force until then`;
  return trial.outcome === 'Rejected'
    ? no(Reason.TemplateRejected, `the API server refuses a pod with this template: ${trial.message}; ${rest}`)
    : unknown(Reason.TemplateNotTried, `${explained(trial.message)}; ${rest}`);
}

/** An error's words, with the cause where it is known. */
function explained(message: string): string {
  const diagnosis = diagnose(message);
  return diagnosis === undefined ? message : `${diagnosis.cause} (${diagnosis.fix}): ${message}`;
}

/** What people are told of a change of authorities; undefined while there is none. */
function rolloverText(facts: Facts): string | undefined {
  const { rollover } = facts;
  if (rollover === undefined || rollover.facts.state.phase === 'Stable') return undefined;
  const step = rolloverStep(facts);
  const { state } = rollover.facts;
  const phase = phaseOf(rollover.facts);
  const trouble = state.reverts === 0 ? '' : `; taken back ${state.reverts} times`;
  return `another authority comes in, ${phase}${step.step === 'Wait' ? `: ${step.reason}` : ''}${trouble}`;
}

function certificateReady(facts: Facts): Finding {
  const { identity, issuance, now } = facts;
  const step = nextStep(issuance);
  const rolling = rolloverText(facts);
  if (identity !== undefined && identity.failure === undefined) {
    const missing = facts.trustMissing === undefined ? '' : `; caBundleFrom: ${facts.trustMissing}`;
    const short = identity.shorter === undefined ? '' : `; ${identity.shorter}`;
    const until = `signed by ${identity.signerName}, valid until ${identity.notAfter.toISOString()}${short}${missing}`;
    if (rolling !== undefined) return yes(Reason.Renewing, `${until}; ${rolling}`);
    if (issuance.needed === undefined) return yes(Reason.Issued, until);
    const trouble = step.step === 'Wait' ? `; ${step.waiting.requestName} ${step.waiting.message}` : '';
    return yes(Reason.Renewing, `${until}; a new one is asked for: ${issuance.needed}${trouble}`);
  }
  if (step.step === 'Wait') {
    const { waiting } = step;
    const reason = {
      Approval: Reason.Pending,
      Signature: Reason.Pending,
      Denied: Reason.Denied,
      Failed: Reason.Failed,
      Invalid: Reason.Invalid,
    };
    const subject = waiting.for === 'Invalid' ? 'the certificate issued for ' : '';
    const verb = waiting.for === 'Denied' ? 'was denied: ' : waiting.for === 'Failed' ? 'failed: ' : '';
    return no(reason[waiting.for], `${subject}${waiting.requestName} ${verb}${waiting.message}`);
  }
  if (identity !== undefined && now > identity.notAfter)
    return no(Reason.Expired, `the certificate ${identity.failure}`);
  return identity === undefined
    ? no(Reason.Pending, 'no certificate has been issued yet')
    : no(Reason.Invalid, `the certificate in Secret ${secretName(facts.injector.metadata.name)} ${identity.failure}`);
}

function webhookConfigured(facts: Facts): Finding {
  const { operator, webhookConfiguration } = facts;
  const injector = asWritten(facts);
  const name = configurationNameOf(injector);
  if (webhookConfiguration === undefined) {
    const missing = waitingFor(facts);
    if (missing === 'Certificate')
      return no(Reason.WaitingForCertificate, 'waits until this replica serves the certificate');
    if (missing === 'Replicas')
      return no(Reason.WaitingForCertificate, 'waits until every replica serves the certificate');
    if (missing === 'Template')
      return no(Reason.WaitingForTemplate, 'waits until a template that the API server accepted is in force');
    return no(Reason.NotConfigured, `MutatingWebhookConfiguration ${name} does not exist`);
  }
  const anchors = wantedBundle(facts);
  if (anchors === undefined)
    return no(Reason.WaitingForCertificate, `${name} stays as it is until there is a certificate`);
  const wanted = wantedConfiguration(injector, operator, webhookConfiguration, caBundle(anchors));
  if (wanted === undefined) {
    const service = `Service ${operator.namespace}/${serviceName(injector.metadata.name)}`;
    return no(Reason.NotConfigured, `${name} has no webhook that leads to ${service}: only those are looked after`);
  }
  const drift = configurationDrift(wanted, webhookConfiguration, knownAnchors(facts));
  const demoted = demotion(facts);
  if (demoted !== undefined) {
    const what = `failurePolicy is Ignore instead of Fail until a probe pod comes back: ${demoted}`;
    return no(Reason.FailurePolicyDemoted, `${what}; see InjectionVerified`);
  }
  if (drift === undefined) return yes(Reason.Configured, `${name} is as wanted`);
  return no(
    Reason.NotConfigured,
    `${name} is ${drift.kind.toLowerCase()}${drift.kind === 'Altered' ? ` at ${drift.path}` : ''}`,
  );
}

function injectionVerified(facts: Facts): Finding {
  const { probe } = facts;
  if (existingOf(facts.injector) !== undefined) {
    return unknown(Reason.NotProbed, 'the webhook configuration is not made by the operator and takes no probe pods');
  }
  if (probe === undefined || facts.webhookConfiguration === undefined) {
    return unknown(Reason.NotProbed, 'no probe pod has been sent through the API server yet');
  }
  if (!probe.succeeded && probe.early === true) {
    const before = findCondition(facts.injector.status?.conditions, 'InjectionVerified');
    const same = before?.observedGeneration === (facts.injector.metadata.generation ?? 0);
    // What the leader before found holds for this moment: API servers may not send calls to a new process yet.
    if (probe.first === true && before?.status === 'True' && same) return yes(before.reason, before.message);
    return unknown(Reason.NotProbed, `no probe pod has come back since the last change yet: ${probe.message}`);
  }
  if (!probe.succeeded) return no(Reason.ProbeFailed, explained(probe.message));
  if (probe.of !== probeSubject(facts)) return unknown(Reason.NotProbed, 'something changed since the last probe pod');
  return yes(Reason.ProbeSucceeded, probe.message);
}

function selectorMatches({ injector, namespaces, operator }: Facts): Finding {
  const { matches, message } = selectorFacts(injector, namespaces, operator.namespace);
  return matches ? yes(Reason.NamespacesMatch, message) : no(Reason.NoNamespaceMatches, message);
}

const NEEDED_FOR_READY = ['Accepted', 'CertificateReady', 'WebhookConfigured', 'InjectionVerified'] as const;
const STALLING: ReadonlySet<string> = new Set([Reason.TemplateRejected, Reason.Denied, Reason.Failed, Reason.Invalid]);

/** The whole status; the very same object when nothing changed, so that it is written only when it did. */
export function statusOf(facts: Facts): SidecarInjectorStatus {
  const { injector, identity, now } = facts;
  const { name, generation = 0 } = injector.metadata;
  const findings = {
    Accepted: accepted(facts),
    CertificateReady: certificateReady(facts),
    WebhookConfigured: webhookConfigured(facts),
    InjectionVerified: injectionVerified(facts),
    SelectorMatches: selectorMatches(facts),
  };
  const needed = NEEDED_FOR_READY.filter((type) => type !== 'InjectionVerified' || existingOf(injector) === undefined);
  const failing = needed.map((type) => ({ type, ...findings[type] })).filter(({ status }) => status !== 'True');
  const summary = failing.map(({ type, message }) => `${type}: ${message}`).join('; ');
  const paused = modeOf(injector) === 'Paused';
  const ready =
    failing.length === 0
      ? yes(Reason.Ready, 'pods of selected namespaces get the sidecar')
      : no(Reason.NotReady, summary);
  const readiness = paused
    ? { ...ready, reason: Reason.Paused, message: `paused, nothing is changed; ${ready.message}` }
    : ready;
  const stalled = failing.find(({ reason }) => STALLING.has(reason));
  const reconciling = failing.length > 0 && stalled === undefined && !paused;

  let conditions: readonly Condition[] = (injector.status?.conditions ?? []).filter(({ type }) => TYPES.has(type));
  for (const [type, finding] of Object.entries({ Ready: readiness, ...findings })) {
    conditions = setCondition(conditions, { type, ...finding }, generation, now);
  }
  conditions = stalled
    ? setCondition(
        conditions,
        { type: 'Stalled', ...yes(stalled.reason, `${stalled.type}: ${stalled.message}`) },
        generation,
        now,
      )
    : clearCondition(conditions, 'Stalled');
  conditions = reconciling
    ? setCondition(conditions, { type: 'Reconciling', ...yes(Reason.Progressing, summary) }, generation, now)
    : clearCondition(conditions, 'Reconciling');

  const revision = revisionToServe(facts.template);
  const old = injector.status?.template;
  const acceptedGeneration = revision === facts.template.wanted ? generation : old?.acceptedGeneration;
  return {
    observedGeneration: generation,
    conditions: [...conditions],
    ...(identity !== undefined && { certificate: certificateStatus(facts, identity) }),
    webhook: {
      ...(facts.webhookConfiguration !== undefined && { configurationName: configurationNameOf(injector) }),
      ...(facts.service !== undefined && { serviceName: serviceName(name) }),
      path: webhookPath(name),
    },
    ...(revision !== undefined && {
      template: { revision, ...(acceptedGeneration !== undefined && { acceptedGeneration }) },
    }),
  };
}

function certificateStatus(facts: Facts, identity: CurrentIdentity): CertificateStatus {
  const { injector } = facts;
  return {
    signerName: identity.signerName,
    serialNumber: identity.serialNumber,
    notBefore: seconds(identity.notBefore),
    notAfter: seconds(identity.notAfter),
    renewalTime: seconds(identity.renewalTime),
    secretName: secretName(injector.metadata.name),
    ...(identity.requestName !== '' && { requestName: identity.requestName }),
    trustedCAs: (wantedBundle(facts) ?? []).map(({ fingerprint }) => fingerprint),
  };
}

function seconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** The status when something kept the operator from its work: as it was, and with what it was. */
export function troubledStatus(injector: SidecarInjector, trouble: string, now: Date): SidecarInjectorStatus {
  const { generation = 0 } = injector.metadata;
  const { conditions: old = [], ...rest } = ownPart(injector.status);
  const said = old.some(({ type }) => type === 'Ready');
  const first: ConditionUpdate = { type: 'Ready', ...unknown(Reason.NotReady, trouble) };
  const conditions = said ? old : setCondition(old, first, generation, now);
  const retrying: ConditionUpdate = { type: 'Reconciling', ...yes(Reason.RetryingAfterError, trouble) };
  return { ...rest, conditions: [...setCondition(conditions, retrying, generation, now)] };
}

/** Is there anything in the new status that the stored one does not say? What other writers look after is not compared. */
export function statusChanged(next: SidecarInjectorStatus, stored: SidecarInjectorStatus | undefined): boolean {
  return canonicalJson(next) !== canonicalJson(ownPart(stored));
}

/**
 * What `statusOf` writes. The counts of pods, the rollout and its condition have writers and field managers of their own, and
 * so may have what only a newer version knows.
 */
function ownPart({
  observedGeneration,
  conditions,
  certificate,
  webhook,
  template,
}: SidecarInjectorStatus = {}): SidecarInjectorStatus {
  return {
    ...(observedGeneration !== undefined && { observedGeneration }),
    ...(conditions !== undefined && { conditions: conditions.filter(({ type }) => TYPES.has(type)) }),
    ...(certificate !== undefined && { certificate }),
    ...(webhook !== undefined && { webhook }),
    ...(template !== undefined && { template }),
  };
}
