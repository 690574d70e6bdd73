/** facts -> actions: what is to be done for an injector now, in this order. Pure. */
import { modeOf } from '../api/v1alpha1/defaults.ts';
import { secretName, serviceName } from '../api/v1alpha1/names.ts';
import type { JsonObject, SidecarInjector } from '../api/v1alpha1/types.ts';
import { asWritten } from './demotion.ts';
import { configurationDrift, configurationNameOf, existingOf, wantedConfiguration } from './existing.ts';
import { at } from './json.ts';
import { nextStep, type IssuanceFacts, type Step } from './issuance.ts';
import { driftOf } from './plan-drift.ts';
import { desiredService, touched, touchOf, type DesiredObject, type OperatorFacts } from './plan-objects.ts';
import { HURRIED, nextRolloverStep, type RolloverFacts, type RolloverStep, type RolloverTiming } from './rollover.ts';
import { isAlarming } from './skew.ts';
import { caBundle, trustedAnchors, type Anchor } from './trust.ts';

/** The identity that the Secret holds. */
export interface CurrentIdentity {
  serialNumber: string;
  /** SHA-256 of the leaf. */
  fingerprint: string;
  signerName: string;
  requestName: string;
  notBefore: Date;
  /** The earliest end in the chain. */
  notAfter: Date;
  renewalTime: Date;
  /** For people, where the signer gave less than was asked for. */
  shorter?: string;
  anchors: readonly Anchor[];
  /** Why it cannot be served; undefined when it can. */
  failure?: string | undefined;
}

export interface TemplateFacts {
  /** The revision of spec.template. */
  wanted: string;
  /** Revisions that the API server accepted and that are stored, newest first. */
  accepted: readonly string[];
  /** The revision that status names: what every replica serves. */
  serving?: string | undefined;
  /** How the last trial of the wanted revision went, and when to try again. */
  trial?: { revision: string; outcome: 'Rejected' | 'NotTried'; message: string; again: Date } | undefined;
}

export interface ProbeFacts {
  /** What the last probe was made of: a change of it asks for a new one. */
  of: string;
  succeeded: boolean;
  message: string;
  at: Date;
  again: Date;
  /** Since then no call of an API server to the webhook came about. */
  failingSince?: Date | undefined;
  /** It failed so soon after a change that the API server may not have read that yet. */
  early?: boolean;
  /** None that this process sent has come back yet: it has just begun to lead. */
  first?: boolean;
}

export interface Facts {
  now: Date;
  /** How far the API servers' clock is ahead, in milliseconds. Default: not at all. */
  clockSkewMs?: number;
  injector: SidecarInjector;
  operator: OperatorFacts;
  service: JsonObject | undefined;
  /** The one that sends pods: our own, or that of somebody else. */
  webhookConfiguration: JsonObject | undefined;
  /** Our own, where pods come by that of somebody else now. */
  ownConfiguration?: JsonObject | undefined;
  /** What was there before: when it is missing now, somebody deleted it. `request`: the name of the last one that was made. */
  known: { service: boolean; webhookConfiguration: boolean; request?: string | undefined };
  secretExists: boolean;
  /** The Secret carries the labels and the owner by which replicas and the garbage collector find it. */
  secretMarked: boolean;
  identity: CurrentIdentity | undefined;
  /** Why spec.certificate.caBundleFrom leads to no authority. */
  trustMissing?: string | undefined;
  /** What is served next, under other anchors. */
  next: CurrentIdentity | undefined;
  /** The change of anchors, as long as there is a certificate. */
  rollover: { facts: RolloverFacts; timing: RolloverTiming } | undefined;
  /** Anchors of what was served before, while that may still be served. */
  otherAnchors: readonly Anchor[];
  /** A working identity that this process serves while the Secret has none; it can be written back. */
  remembered: boolean;
  /** A hand put back an older Secret: what it says of trust has been overtaken. */
  putBack: boolean;
  /** SHA-256 of the leaf that this replica serves. */
  served: string | undefined;
  issuance: IssuanceFacts;
  /** Requests of this injector that no pending key waits for. */
  leftoverRequests: readonly { name: string; uid: string }[];
  template: TemplateFacts;
  probe: ProbeFacts | undefined;
  namespaces: readonly { name: string; labels: Readonly<Record<string, string>> }[];
  /** When this process repaired what somebody else changed, oldest first. */
  repairs: readonly Date[];
}

export type IssuanceStep = Exclude<Step, { step: 'None' } | { step: 'Wait' }>;

export type Action =
  | { type: 'ApplyService'; object: DesiredObject; repair: string | undefined }
  | { type: 'TryTemplate'; revision: string }
  | { type: 'RenewRevision'; revision: string }
  | { type: 'RemoveRevision'; revision: string }
  | { type: 'RestoreSecret'; from: 'Memory' | 'Itself' | 'Newer'; repair: string }
  | { type: 'Issuance'; step: IssuanceStep; repair?: string | undefined }
  | { type: 'Rollover'; step: Extract<RolloverStep, { step: 'Store' }> }
  | { type: 'ApplyWebhookConfiguration'; object: DesiredObject; repair: string | undefined }
  | { type: 'RemoveOwnConfiguration'; uid: string }
  | { type: 'RemoveRequest'; name: string; uid: string }
  | { type: 'Probe'; of: string };

/** Accepted templates that are kept to go back to, the one in force included. */
const KEPT_REVISIONS = 10;

/** The caBundle that follows from the Secret; undefined while the Secret says nothing. */
export function wantedBundle(
  facts: Pick<Facts, 'identity' | 'next' | 'remembered' | 'putBack' | 'otherAnchors' | 'now'>,
): readonly Anchor[] | undefined {
  const { identity, next, remembered, putBack } = facts;
  if (putBack) return undefined;
  const works = identity !== undefined && identity.failure === undefined;
  // What a hand has spoilt is written back first: until then nobody knows its anchors.
  const nextWorks = next !== undefined && next.failure === undefined && !remembered;
  if (!works && !nextWorks) return undefined;
  return trustedAnchors([identity?.anchors ?? [], next?.anchors ?? [], facts.otherAnchors]);
}

/** The one next step of the rollover; None while there is nothing to roll. */
export function rolloverStep({ rollover, clockSkewMs = 0 }: Pick<Facts, 'rollover' | 'clockSkewMs'>): RolloverStep {
  if (rollover === undefined) return { step: 'None' };
  const step = nextRolloverStep(rollover.facts, rollover.timing);
  const givesUp = step.step === 'Store' && step.state.phase === 'Narrowing';
  // Whose clock is wrong is not known: what is trusted goes on to be trusted until the clocks agree.
  return givesUp && isAlarming(clockSkewMs)
    ? { step: 'Wait', reason: "old trust stays while the operator's clock and the API server's differ by minutes" }
    : step;
}

/** The revision that replicas should serve: the wanted one if it was accepted, else the last one that was. */
export function revisionToServe(template: TemplateFacts): string | undefined {
  if (template.accepted.includes(template.wanted)) return template.wanted;
  const { serving } = template;
  return serving !== undefined && template.accepted.includes(serving) ? serving : template.accepted[0];
}

/** What proves anew that injection works: any change of this text asks for a probe. */
export function probeSubject(facts: Facts): string {
  const stored = facts.webhookConfiguration;
  return [
    uidOf(stored),
    at(stored, ['metadata', 'generation']),
    facts.served,
    facts.template.serving,
    modeOf(facts.injector),
  ].join('/');
}

/** All that can be done now. Some actions wait for the effect of others: the caller gathers and plans again until none is left. */
export function plan(facts: Facts): Action[] {
  if (modeOf(facts.injector) === 'Paused') return [];
  const identity = planIdentity(facts);
  const actions = [
    ...planService(facts),
    ...planTemplate(facts),
    // The Secret is written once in a pass: the next one reads what this one wrote.
    ...(identity.length > 0 ? identity : planRollover(facts)),
    ...planWebhookConfiguration(facts),
    ...facts.leftoverRequests.map((request) => ({ type: 'RemoveRequest' as const, ...request })),
    ...planProbe(facts),
  ];
  const truce = truceUntil(facts.repairs, facts.now);
  return truce === undefined ? actions : actions.filter((action) => repairOf(action) === undefined);
}

/** What the action repairs, in words; undefined when it is no repair. */
export function repairOf(action: Action): string | undefined {
  return 'repair' in action ? action.repair : undefined;
}

const FIGHT_WINDOW_MS = 60_000;
const FIGHT_REPAIRS = 6;
const TRUCE_MS = 30_000;

/**
 * Somebody who undoes each repair at once (another operator, a GitOps tool) would have both of us write without end. After
 * six repairs in a minute the next one waits for half a minute.
 */
export function truceUntil(repairs: readonly Date[], now: Date): Date | undefined {
  const recent = repairs.filter((moment) => now.getTime() - moment.getTime() < FIGHT_WINDOW_MS);
  const last = recent.at(-1);
  if (last === undefined || recent.length < FIGHT_REPAIRS) return undefined;
  const until = new Date(last.getTime() + TRUCE_MS);
  return now < until ? until : undefined;
}

function planService({ injector, operator, service, webhookConfiguration, known }: Facts): Action[] {
  const owner = existingOf(injector) === undefined ? uidOf(webhookConfiguration) : undefined;
  const object = desiredService(injector, operator, owner);
  const drift = driftOf(object, service);
  if (drift === undefined) return [];
  const what = `Service ${serviceName(injector.metadata.name)}`;
  return [{ type: 'ApplyService', object, repair: repairText(drift, what, known.service) }];
}

function uidOf(object: JsonObject | undefined): string | undefined {
  const uid = at(object, ['metadata', 'uid']);
  return typeof uid === 'string' ? uid : undefined;
}

function planTemplate({ template, now }: Facts): Action[] {
  const stale = template.accepted
    .filter((revision) => revision !== revisionToServe(template) && revision !== template.serving)
    .slice(KEPT_REVISIONS - 1);
  const removals = stale.map((revision) => ({ type: 'RemoveRevision' as const, revision }));
  if (template.accepted[0] === template.wanted) return removals;
  // Taken back to an older template, which is the newest by that: as StatefulSets do (pkg/controller/history).
  if (template.accepted.includes(template.wanted)) return [{ type: 'RenewRevision', revision: template.wanted }];
  const { trial } = template;
  const tooEarly = trial !== undefined && trial.revision === template.wanted && now < trial.again;
  return tooEarly ? removals : [{ type: 'TryTemplate', revision: template.wanted }, ...removals];
}

function planIdentity(facts: Facts): Action[] {
  const secret = `Secret ${secretName(facts.injector.metadata.name)}`;
  const broken = facts.identity === undefined || facts.identity.failure !== undefined;
  // Only what was served is written back: it is still good, and so no new certificate is needed.
  if (broken && facts.remembered) {
    const what = facts.secretExists
      ? `was changed: its certificate ${facts.identity?.failure ?? 'is gone'}`
      : 'was deleted';
    return [{ type: 'RestoreSecret', from: 'Memory', repair: `${secret} ${what}; written back from memory` }];
  }
  if (facts.putBack) {
    const repair = `${secret} was put back to an older state, which is not what is trusted now; written back from memory`;
    return [{ type: 'RestoreSecret', from: 'Newer', repair }];
  }
  if (facts.secretExists && !facts.secretMarked) {
    return [{ type: 'RestoreSecret', from: 'Itself', repair: `${secret} lost its labels or owner; marked again` }];
  }
  const step = nextStep(facts.issuance);
  if (step.step === 'None' || step.step === 'Wait') return [];
  // Its key was never given up: whoever made it disappear did so before it had served its purpose.
  const deleted = step.step === 'CreateRequest' && step.wanted.name === facts.known.request;
  return deleted
    ? [{ type: 'Issuance', step, repair: `CertificateSigningRequest ${step.wanted.name} was deleted; asked again` }]
    : [{ type: 'Issuance', step }];
}

/** Whether the configuration may be created: everything it leads to works already (reference/certs.md 3.6, start-up). */
export function waitingFor(facts: Facts): 'Certificate' | 'Template' | 'Replicas' | undefined {
  const { served, identity, next } = facts;
  if (identity === undefined || served === undefined) return 'Certificate';
  if (served !== identity.fingerprint && served !== next?.fingerprint) return 'Certificate';
  if (facts.template.serving === undefined) return 'Template';
  const stable = facts.rollover?.facts.state.phase === 'Stable';
  return stable && rolloverStep(facts).step === 'Wait' ? 'Replicas' : undefined;
}

function planRollover(facts: Facts): Action[] {
  const step = rolloverStep(facts);
  return step.step === 'Store' ? [{ type: 'Rollover', step }] : [];
}

function planWebhookConfiguration(facts: Facts): Action[] {
  const { operator, webhookConfiguration } = facts;
  const injector = asWritten(facts);
  const anchors = wantedBundle(facts);
  if (anchors === undefined) return [];
  if (webhookConfiguration === undefined && waitingFor(facts) !== undefined) return [];
  const step = rolloverStep(facts);
  const mark = step.step === 'Touch' ? step.mark : touchOf(webhookConfiguration);
  const wanted = wantedConfiguration(injector, operator, webhookConfiguration, caBundle(anchors));
  if (wanted === undefined) return [];
  const object = touched(wanted, mark);
  if (step.step === 'Touch') return [{ type: 'ApplyWebhookConfiguration', object, repair: undefined }];
  const drift = configurationDrift(object, webhookConfiguration, knownAnchors(facts));
  if (drift === undefined) return planOwnConfiguration(facts);
  // Of two quick writes API servers may miss the second; only where somebody broke it there is no time to lose.
  const { published } = facts.rollover?.facts ?? {};
  if (published?.asWanted === false && drift.kind === 'Outdated' && step.step === 'Wait') return [];
  const name = configurationNameOf(injector);
  // What is filled in for the first time was not broken by anybody.
  const filled = existingOf(injector) === undefined || injector.status?.webhook?.configurationName === name;
  const what = `MutatingWebhookConfiguration ${name}`;
  const repair = filled ? repairText(drift, what, facts.known.webhookConfiguration) : undefined;
  const hurried = drift.kind === 'Altered' && existingOf(injector) === undefined;
  return [{ type: 'ApplyWebhookConfiguration', object: hurried ? touched(object, HURRIED) : object, repair }];
}

/** Once that of somebody else works, our own must not call a second time. */
function planOwnConfiguration({ injector, ownConfiguration }: Facts): Action[] {
  const uid = uidOf(ownConfiguration);
  return existingOf(injector) === undefined || uid === undefined ? [] : [{ type: 'RemoveOwnConfiguration', uid }];
}

/** All anchors that the operator may have published. */
export function knownAnchors({
  identity,
  next,
  otherAnchors,
}: Pick<Facts, 'identity' | 'next' | 'otherAnchors'>): Anchor[] {
  return [...(identity?.anchors ?? []), ...(next?.anchors ?? []), ...otherAnchors];
}

function planProbe(facts: Facts): Action[] {
  // Nobody else's configuration has an entry for probe pods.
  if (existingOf(facts.injector) !== undefined) return [];
  if (facts.webhookConfiguration === undefined || facts.template.serving === undefined) return [];
  const of = probeSubject(facts);
  const due = facts.probe === undefined || facts.probe.of !== of || facts.now >= facts.probe.again;
  return due ? [{ type: 'Probe', of }] : [];
}

function repairText(drift: { kind: string; path?: string }, what: string, known: boolean): string | undefined {
  if (drift.kind === 'Altered') return `${what} was changed by somebody else at ${drift.path}; restored`;
  return drift.kind === 'Missing' && known ? `${what} was deleted; created again` : undefined;
}
