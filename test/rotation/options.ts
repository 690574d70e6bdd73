/** What a run does, by flags. */
import { parseArgs } from 'node:util';
import type { Violation } from './figures.ts';

export interface RotationOptions {
  /** Kubeconfigs of one cluster, one for each of its API servers; empty for an in-memory cluster with two of them. */
  kubeconfigs: readonly string[];
  /** The same seed makes the same choices; what the machine does in between stays its own. */
  seed: number;
  /** Every connection to a webhook ends with its first answer: what keep-alive hides shows then. */
  closeConnections: boolean;
  /** The least that a run lasts; it lasts longer when its drivers do. */
  seconds: number;
  replicas: number;
  /** By turns of both built-in signers. */
  injectors: number;
  /** Pods that are created at the same time. */
  workers: number;
  /** New certificates under the same authority. */
  renewals: number;
  /** Changes of the authority: a new one of the operator's own, or another signer. */
  rollovers: number;
  /** Rolling restarts of all replicas. */
  restarts: number;
  /** Leaders that are killed with SIGKILL. */
  kills: number;
  /** Part of the operator's calls that go wrong, from 0 to 1. */
  faults: number;
  /** How late the slower API server uses a new webhook configuration, in milliseconds. */
  configurationLagMs: number;
  /** The second of two writes of a webhook configuration within this time is missed by it until the next one. */
  configurationRaceMs: number;
  /** How late it tells of other changes, in milliseconds. */
  watchLagMs: number;
  /** How long one rotation may take, in milliseconds: it may meet a killed leader, faults and a busy machine. */
  patienceMs: number;
  /** How long replicas and objects may take to agree when nobody does anything any more, in milliseconds. */
  quietMs: number;
  /** The configuration is changed with each wish for a new authority. */
  edits: boolean;
  /** Nothing else goes wrong or is changed by hand, so that promises of time and of what is not touched hold as well. */
  alone: boolean;
  /** The run is over when one of these was reported: then it has shown what it is to show. */
  stopAt: readonly Violation[];
  /** Flags for the operator besides its own. */
  operatorFlags: readonly string[];
  /**
   * Run a copy of the operator's sources instead of the bundle, with these flags for node; its log has to say `saying`.
   */
  fromSources?: { nodeFlags: readonly string[]; saying?: string | undefined };
}

export const ROTATION_DEFAULTS: RotationOptions = {
  kubeconfigs: [],
  seed: 1,
  closeConnections: false,
  seconds: 0,
  replicas: 3,
  injectors: 4,
  workers: 4,
  renewals: 200,
  rollovers: 100,
  restarts: 50,
  kills: 20,
  faults: 0,
  configurationLagMs: 250,
  configurationRaceMs: 0,
  watchLagMs: 100,
  patienceMs: 240_000,
  quietMs: 20_000,
  edits: false,
  alone: true,
  stopAt: [],
  operatorFlags: [],
};

/**
 * Which runs to make: both modes unless one is asked for.
 *
 * @param kubeconfig of the cluster to use, as KUBECONFIG names it; several, with colons between them, are API servers of one cluster
 * @throws TypeError for what it does not know
 */
export const parseRotationOptions = (args: string[], seed: number, kubeconfig = ''): RotationOptions[] => {
  const number = (value: number): { type: 'string'; default: string } => ({ type: 'string', default: String(value) });
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      seed: number(seed),
      mode: { type: 'string', default: 'both' },
      seconds: number(ROTATION_DEFAULTS.seconds),
      replicas: number(ROTATION_DEFAULTS.replicas),
      injectors: number(ROTATION_DEFAULTS.injectors),
      workers: number(ROTATION_DEFAULTS.workers),
      renewals: number(ROTATION_DEFAULTS.renewals),
      rollovers: number(ROTATION_DEFAULTS.rollovers),
      restarts: number(ROTATION_DEFAULTS.restarts),
      kills: number(ROTATION_DEFAULTS.kills),
      faults: number(ROTATION_DEFAULTS.faults),
      'configuration-lag': number(ROTATION_DEFAULTS.configurationLagMs),
      'watch-lag': number(ROTATION_DEFAULTS.watchLagMs),
    },
  });
  const { mode, 'configuration-lag': configurationLagMs, 'watch-lag': watchLagMs, ...numbers } = values;
  const kubeconfigs = kubeconfig.split(':').filter((file) => file !== '');
  const modes = { 'keep-alive': [false], close: [true], both: [false, true] }[mode];
  if (modes === undefined) throw new TypeError(`--mode is keep-alive, close or both, not ${mode}`);
  const counts = Object.fromEntries(
    Object.entries({ ...numbers, configurationLagMs, watchLagMs }).map(([name, value]) => {
      if (!Number.isFinite(Number(value))) throw new TypeError(`--${name} ${value} is not a number`);
      return [name, Number(value)];
    }),
  );
  return modes.map((closeConnections) => ({
    ...ROTATION_DEFAULTS,
    ...counts,
    ...(kubeconfigs.length > 0 && { kubeconfigs, injectors: 1 }),
    closeConnections,
    operatorFlags: positionals,
  }));
};
