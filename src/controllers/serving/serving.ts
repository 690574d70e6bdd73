/** What every replica needs to answer admission: identities, injectors with their accepted templates, and whether it is ready. */
import type { SecureContext } from 'node:tls';
import { injectorOfServerName, secretName, webhookConfigurationName } from '../../api/v1alpha1/names.ts';
import type { SidecarInjector } from '../../api/v1alpha1/types.ts';
import { configurationNameOf, injectorsWith } from '../../domain/existing.ts';
import { webhookUrl, type OperatorFacts } from '../../domain/plan-objects.ts';
import type { InjectorReport, ReplicaReport } from '../../domain/replica.ts';
import { templateRevision } from '../../domain/revision.ts';
import { sideToServe } from '../../domain/rollover.ts';
import type { Logger } from '../../observe/log.ts';
import type { Clock } from '../../runtime/clock.ts';
import { endOf, requiredNames } from '../identity.ts';
import { injectorOf } from '../owned.ts';
import { revisionName, withAccepted } from '../revisions.ts';
import { readState } from '../secret.ts';
import type { Secret } from '../../kube/objects.ts';
import type { Caches } from '../caches.ts';
import { candidateOf, choose, contextOf, distrust, type Candidate, type ServedIdentity } from './identities.ts';
import { Bundles, bundleDigest } from './published.ts';
import type { Refusals } from './refusals.ts';
import type { Called } from './self-check.ts';

export interface ServingOptions {
  caches: Caches;
  operator: OperatorFacts;
  clock: Clock;
  log: Logger;
  /** How long new trust is published before this replica relies on it. Default 2 s. */
  settleMs?: number;
  /** The name of this replica, and where it serves admission. */
  replica?: { name: string; host: string; port: number };
  refusals?: Pick<Refusals, 'of'>;
  /** PEM: the authorities that certificates of clients are verified with, if there are any. */
  clientAuthorities?: (() => string) | undefined;
}

/** What a Secret is refused for may pass without a change of it: a clock was wrong. */
const LOOK_AGAIN_MS = 5000;
/** Measured: an API server acts on a new configuration within 20 ms of its write (reference/certs.md 1.4). */
const SETTLE_MS = 2000;

interface Settling {
  fingerprint: string;
  published: string;
  /** By the monotonic clock. */
  until: number;
  cancel: () => void;
}

export class Serving {
  readonly #options: ServingOptions;
  readonly #identities = new Map<string, ServedIdentity>();
  /** Why the Secret of an injector is not what is served; to log each reason once. */
  readonly #complaints = new Map<string, string>();
  readonly #accepted = new Map<string, { source: SidecarInjector; revision: string; injector: SidecarInjector }>();
  /** What was made of each Secret: other objects change more often, and a TLS context is costly. */
  readonly #candidates = new Map<string, { secret: Secret; candidate: Candidate; until: Date }>();
  readonly #bundles = new Bundles();
  readonly #digests = new Map<string, { published: string | undefined; digest: string }>();
  readonly #trusted = new Map<string, { identity: ServedIdentity; published: string; until: Date }>();
  readonly #settling = new Map<string, Settling>();
  /** Contexts that ask clients for their certificates, too. */
  readonly #verifying = new WeakMap<ServedIdentity, { clients: string; context: SecureContext }>();
  readonly #listeners = new Set<(injector: string) => void>();
  /** The state of the Secret that was acted on last. */
  readonly #actedOn = new Map<string, Pick<InjectorReport, 'secret' | 'seq'>>();
  readonly #reportListeners = new Set<() => void>();
  #stopLooking: () => void = () => {};

  constructor(options: ServingOptions) {
    this.#options = options;
  }

  /** Follows the caches from now on. Returns the function that ends it. */
  start(): () => void {
    const { caches } = this.#options;
    const stops = [
      caches.secrets.onChange(({ object }) => this.#refresh(injectorOf(object))),
      caches.webhookConfigurations.onChange(({ object }) => {
        this.#refresh(injectorOf(object));
        for (const { metadata } of injectorsWith(caches.injectors.list(), object.metadata.name)) {
          this.#refresh(metadata.name);
        }
      }),
      caches.injectors.onChange(({ object }) => this.#refresh(object.metadata.name)),
    ];
    this.#lookAgain();
    return () => {
      for (const stop of stops) stop();
      for (const name of this.#settling.keys()) this.#stopSettling(name);
      this.#stopLooking();
    };
  }

  #lookAgain(): void {
    const { clock } = this.#options;
    this.#stopLooking = clock.at(clock.now() + LOOK_AGAIN_MS, () => {
      for (const name of this.#complaints.keys()) this.#refresh(name);
      this.#lookAgain();
    });
  }

  /** Calls the listener with the injector's name whenever this replica begins to serve another identity. Returns the function that ends it. */
  onChange(listener: (injector: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls the listener whenever there may be something new in the report. Returns the function that ends it. */
  onReport(listener: () => void): () => void {
    this.#reportListeners.add(listener);
    return () => this.#reportListeners.delete(listener);
  }

  /** What this replica serves and trusts, for the leader: of all injectors, or of some. */
  report(only: Iterable<string> = this.#actedOn.keys()): ReplicaReport {
    const { replica = { name: '', host: '', port: 0 }, refusals } = this.#options;
    const injectors: Record<string, InjectorReport> = {};
    for (const name of only) {
      const acted = this.#actedOn.get(name);
      if (acted === undefined) continue;
      const { count = 0, by = '' } = refusals?.of(name) ?? {};
      const served = this.#identities.get(name)?.fingerprint ?? '';
      const trusts = this.#digestOf(name);
      injectors[name] = { ...acted, served, trusts, refusals: count, ...(by !== '' && { refusedBy: by }) };
    }
    return { replica: replica.name, host: replica.host, port: replica.port, injectors };
  }

  #digestOf(name: string): string {
    const published = this.#published(name);
    const known = this.#digests.get(name);
    if (known?.published === published && known !== undefined) return known.digest;
    const digest = bundleDigest(published);
    this.#digests.set(name, { published, digest });
    return digest;
  }

  get synced(): boolean {
    return Object.values(this.#options.caches).every((cache) => cache.hasSynced);
  }

  /** The bundle that those who call the injector trust; undefined while nobody calls it. */
  #published(name: string): string | undefined {
    const { caches, operator } = this.#options;
    const injector = caches.injectors.get(name);
    if (injector !== undefined) {
      const configuration = caches.webhookConfigurations.get(configurationNameOf(injector));
      return this.#bundles.published(configuration, injector, operator);
    }
    // The injector is gone, but its own configuration may still be there for a moment.
    const left = caches.webhookConfigurations.get(webhookConfigurationName(name));
    return left && Buffer.from(left.webhooks?.[0]?.clientConfig.caBundle ?? '', 'base64').toString('utf8');
  }

  #now(): Date {
    return new Date(this.#options.clock.now());
  }

  /**
   * What API servers go by when they call this replica, for each injector that they call and that it has an identity for. A bundle
   * that does not verify what is served is left out: no replica serves anything else, so it is not this one that is broken.
   */
  called(): Called[] {
    const now = this.#now();
    return [...this.#identities].flatMap(([injector, identity]) => {
      const bundle = this.#published(injector);
      if (bundle === undefined || this.#distrusted(injector, identity, bundle, now) !== undefined) return [];
      return [{ injector, fingerprint: identity.fingerprint, bundle }];
    });
  }

  served(injector: string): ServedIdentity | undefined {
    return this.#identities.get(injector);
  }

  /** The TLS identity for a server name (SNI). */
  contextFor(servername: string): SecureContext | undefined {
    const { operator } = this.#options;
    const injector = injectorOfServerName(servername, operator.namespace) ?? this.#byUrlHost(servername);
    const identity = injector === undefined ? undefined : this.#identities.get(injector);
    return identity && this.#contextOf(identity);
  }

  #contextOf(identity: ServedIdentity): SecureContext {
    const clients = this.#options.clientAuthorities?.();
    if (clients === undefined) return identity.context;
    const known = this.#verifying.get(identity);
    if (known?.clients === clients) return known.context;
    const context = contextOf(identity.state, clients);
    this.#verifying.set(identity, { clients, context });
    return context;
  }

  /**
   * The identity for clients that send no server name, as Go does for an IP address: with `--webhook-url` to an address,
   * every certificate names that address, so that of the first injector does for all that share its signer.
   */
  defaultIdentity(): ServedIdentity | undefined {
    const first = [...this.#identities.keys()].sort()[0];
    return first === undefined ? undefined : this.#identities.get(first);
  }

  #byUrlHost(servername: string): string | undefined {
    const { operator } = this.#options;
    return [...this.#identities.keys()].find((name) => {
      const url = webhookUrl(name, operator);
      return url !== undefined && new URL(url).hostname === servername;
    });
  }

  /** The injector with the template that is in force; undefined while none has been accepted. */
  injector(name: string): SidecarInjector | undefined {
    const { caches, operator } = this.#options;
    const injector = caches.injectors.get(name);
    const revision = injector?.status?.template?.revision;
    if (injector === undefined || revision === undefined) return undefined;
    if (templateRevision(injector) === revision) return injector;
    const known = this.#accepted.get(name);
    if (known !== undefined && known.source === injector && known.revision === revision) return known.injector;
    const record = caches.revisions.get(revisionName(name, revision), operator.namespace);
    // The record may come a moment after the status that names it; until then what was served before goes on.
    const parts = record?.data ?? known?.injector.spec;
    if (parts === undefined) return undefined;
    const { template, injection } = parts;
    const composed = withAccepted(injector, { template, ...(injection !== undefined && { injection }) });
    if (record !== undefined) this.#accepted.set(name, { source: injector, revision, injector: composed });
    return composed;
  }

  namespaceLabels(name: string): Readonly<Record<string, string>> | undefined {
    return this.#options.caches.namespaces.get(name)?.metadata.labels;
  }

  /**
   * Why this replica must not get requests yet; empty when it may (docs/adr/0011): what others could do better. What is wrong
   * with an injector for all replicas, such as a caBundle that somebody garbled, must not take them all out of service.
   */
  unreadiness(): string[] {
    const { caches } = this.#options;
    const waiting = Object.values(caches).filter((cache) => !cache.hasSynced);
    if (waiting.length > 0) return [`not synced: ${waiting.map((cache) => cache.name).join(', ')}`];
    return caches.injectors.list().flatMap(({ metadata: { name } }) => {
      // Nobody calls before the configuration is there: it is made when the first replica serves.
      if (this.#published(name) === undefined || this.#identities.has(name)) return [];
      return [`${name}: no certificate to serve`];
    });
  }

  /** Readiness is asked for every two seconds, and a verified signature stays verified until its time is over. */
  #distrusted(name: string, identity: ServedIdentity, published: string, now: Date): string | undefined {
    const known = this.#trusted.get(name);
    if (known?.identity === identity && known.published === published && now < known.until) return undefined;
    const reason = distrust(identity, published, now);
    if (reason === undefined) this.#trusted.set(name, { identity, published, until: endOf(identity.material) });
    else this.#trusted.delete(name);
    return reason;
  }

  #refresh(name: string | undefined): void {
    if (name === undefined) return;
    this.#follow(name);
    for (const listener of this.#reportListeners) listener();
  }

  /** The certificate in the Secret that is this replica's to serve: the next one, if it is the canary. */
  #candidate(name: string, secret: Secret | undefined, now: Date): Candidate {
    const { operator, replica } = this.#options;
    if (secret === undefined) return { failure: 'the Secret does not exist' };
    const known = this.#candidates.get(name);
    if (known?.secret === secret && now < known.until) return known.candidate;
    const state = readState(secret);
    const names = requiredNames(name, operator);
    let candidate: Candidate = {};
    if (state.next !== undefined && sideToServe(state.rollover, replica?.name ?? '') === 'Next') {
      candidate = candidateOf(state.next, names, now);
    }
    if (candidate.identity === undefined) candidate = candidateOf(state, names, now);
    // What fails now may be good in a moment: a certificate may not be valid yet.
    if (candidate.identity === undefined) this.#candidates.delete(name);
    else this.#candidates.set(name, { secret, candidate, until: endOf(candidate.identity.material) });
    return candidate;
  }

  #follow(name: string): void {
    const { caches, operator, log } = this.#options;
    const now = this.#now();
    const published = this.#published(name);
    if (caches.injectors.get(name) === undefined && published === undefined) {
      // The injector is gone, and so is everybody who called it.
      if (caches.injectors.hasSynced && caches.webhookConfigurations.hasSynced) this.#forget(name);
      return;
    }
    const secret = caches.secrets.get(secretName(name), operator.namespace);
    const { identity: next, failure } = this.#candidate(name, secret, now);
    if (secret === undefined) this.#actedOn.delete(name);
    else this.#actedOn.set(name, { secret: secret.metadata.uid ?? '', seq: readState(secret).rollover.seq });
    const current = this.#identities.get(name);
    const chosen = choose(current, next, published, now);
    this.#complain(name, failure ?? (chosen === next ? undefined : 'the published caBundle does not verify it yet'));
    if (chosen === undefined || chosen.fingerprint === current?.fingerprint) {
      this.#stopSettling(name);
      return;
    }
    if (current !== undefined && published !== undefined && !this.#settled(name, current, chosen, published)) return;
    this.#identities.set(name, chosen);
    log.info('serving a certificate', {
      injector: name,
      serialNumber: chosen.material.leaf.serialNumber,
      notAfter: chosen.material.leaf.validToDate.toISOString(),
    });
    for (const listener of this.#listeners) listener(name);
  }

  /**
   * New trust has to reach every API server before something is served that only it verifies (DESIGN 3). What this replica
   * has seen, others see within moments; there is no hurry, the old certificate is good. A renewal under the same anchors
   * needs no wait, and neither does a replica that is not trusted now.
   */
  #settled(name: string, current: ServedIdentity, next: ServedIdentity, published: string): boolean {
    const { clock, settleMs = SETTLE_MS } = this.#options;
    const sameTrust = current.state.anchors === next.state.anchors;
    if (sameTrust || distrust(current, published, this.#now()) !== undefined) return true;
    const known = this.#settling.get(name);
    const waits = known?.fingerprint === next.fingerprint && known.published === published;
    const until = waits ? known.until : clock.monotonic() + settleMs;
    this.#stopSettling(name);
    if (clock.monotonic() >= until) return true;
    // Armed anew on each look, which a wall clock that is set forward may bring early.
    const cancel = clock.at(clock.now() + until - clock.monotonic(), () => this.#refresh(name));
    this.#settling.set(name, { fingerprint: next.fingerprint, published, until, cancel });
    return false;
  }

  #stopSettling(name: string): void {
    this.#settling.get(name)?.cancel();
    this.#settling.delete(name);
  }

  #complain(name: string, reason: string | undefined): void {
    if (this.#complaints.get(name) === reason) return;
    if (reason === undefined) {
      this.#complaints.delete(name);
      return;
    }
    this.#complaints.set(name, reason);
    if (this.#identities.has(name))
      this.#options.log.warn('the certificate in memory goes on', { injector: name, reason });
  }

  #forget(name: string): void {
    this.#identities.delete(name);
    this.#complaints.delete(name);
    this.#accepted.delete(name);
    this.#candidates.delete(name);
    this.#digests.delete(name);
    this.#actedOn.delete(name);
    this.#trusted.delete(name);
    this.#stopSettling(name);
  }
}
