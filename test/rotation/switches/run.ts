/** Runs of the rotation test with a protocol that is not as it should be: each has to be noticed. */
import { pathToFileURL } from 'node:url';
import path from 'node:path';
import { ROTATION_DEFAULTS, type RotationOptions } from '../options.ts';
import { patchesOf, SCENES, SWITCHED, type Scene, type SceneName, type Switch } from './table.ts';

const HOOK = pathToFileURL(path.join(import.meta.dirname, 'hook.ts')).href;

const programOf = (scene: SceneName, name: string | null): NonNullable<RotationOptions['fromSources']> => {
  const { length } = patchesOf(scene, name);
  const query = new URLSearchParams({ scene, ...(name !== null && { switch: name }) }).toString();
  return length === 0 ? { nodeFlags: [] } : { nodeFlags: [`--import=${HOOK}?${query}`], saying: SWITCHED };
};

/** One rollover in the scene, with a new connection for each call; nothing is left out. */
export const optionsOf = (scene: SceneName): RotationOptions => {
  const { pace, patches: _, ...more } = SCENES[scene] as Scene;
  return {
    ...ROTATION_DEFAULTS,
    ...more,
    closeConnections: true,
    injectors: 1,
    renewals: 0,
    rollovers: 1,
    restarts: 0,
    kills: 0,
    operatorFlags: [`--rollover-pace=${pace}`],
    fromSources: programOf(scene, null),
  };
};

/** The same, until it is noticed that a step is left out. */
export const optionsWith = ({ name, scene, noticedBy }: Switch): RotationOptions => ({
  ...optionsOf(scene),
  patienceMs: 20_000,
  quietMs: 1000,
  stopAt: noticedBy,
  fromSources: programOf(scene, name),
});
