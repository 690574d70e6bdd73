/** Runs of the rotation test with a protocol that is not as it should be: each has to be noticed. */
import { pathToFileURL } from 'node:url';
import path from 'node:path';
import { ROTATION_DEFAULTS, type RotationOptions } from '../options.ts';
import { SCENES, SWITCHED, type SceneName, type Switch } from './table.ts';

const HOOK = pathToFileURL(path.join(import.meta.dirname, 'hook.ts')).href;

/** One rollover in the scene, with a new connection for each call; nothing is switched. */
export const optionsOf = (scene: SceneName): RotationOptions => {
  const { pace, ...lags } = SCENES[scene];
  return {
    ...ROTATION_DEFAULTS,
    ...lags,
    closeConnections: true,
    injectors: 1,
    renewals: 0,
    rollovers: 1,
    restarts: 0,
    kills: 0,
    operatorFlags: [`--rollover-pace=${pace}`],
    fromSources: { nodeFlags: [] },
  };
};

/** The same, until it is noticed that a step is left out. */
export const optionsWith = ({ name, scene, noticedBy }: Switch): RotationOptions => ({
  ...optionsOf(scene),
  patienceMs: 15_000,
  quietMs: 1000,
  stopAt: noticedBy,
  fromSources: { nodeFlags: [`--import=${HOOK}?switch=${name}`], saying: SWITCHED },
});
