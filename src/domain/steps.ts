/** The steps of the work for an injector, in words that are few enough to be labels. */
import type { Action } from './plan.ts';
import type { Phase } from './rollover.ts';

/** In the order in which they come. `check` is the judgement of what a signer gave; `probe` fails while injection does not work. */
export const STEPS = [
  'read',
  'template',
  'service',
  'key',
  'request',
  'approve',
  'sign',
  'check',
  'promote',
  'secret',
  'rollover',
  'publish',
  'probe',
  'cleanup',
  'status',
] as const;
export type StepName = (typeof STEPS)[number];

const ISSUANCE = {
  GenerateKey: 'key',
  DropPending: 'secret',
  CreateRequest: 'request',
  Approve: 'approve',
  Sign: 'sign',
  Promote: 'promote',
} as const;

const ACTIONS = {
  ApplyService: 'service',
  TryTemplate: 'template',
  RenewRevision: 'template',
  RemoveRevision: 'cleanup',
  RestoreSecret: 'secret',
  Rollover: 'rollover',
  ApplyWebhookConfiguration: 'publish',
  RemoveOwnConfiguration: 'cleanup',
  RemoveRequest: 'cleanup',
  Probe: 'probe',
} as const;

export function stepOf(action: Action): StepName {
  return action.type === 'Issuance' ? ISSUANCE[action.step.step] : ACTIONS[action.type];
}

export const PHASES: readonly Phase[] = ['Stable', 'Widening', 'Settling', 'Canary', 'Draining', 'Narrowing'];
