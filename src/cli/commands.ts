/** The table of commands. Each is loaded when it is called: `operator` starts without their packages. */
import type { Command } from './command.ts';
import type { Listed } from './help.ts';

export interface Entry extends Listed {
  /** Left out for the operator itself, which main.ts runs. */
  load?: () => Promise<{ command: Command }>;
}

const ONLINE = 'About a cluster';
const OFFLINE = 'Without a cluster';
const OTHER = 'Other';

export const COMMANDS: Readonly<Record<string, Entry>> = {
  status: {
    group: ONLINE,
    summary: 'Show how the injectors are: readiness, certificates, pods, replicas',
    load: () => import('./status/command.ts'),
  },
  doctor: {
    group: ONLINE,
    summary: 'Find what is wrong, and the command that mends it',
    load: () => import('./doctor/command.ts'),
  },
  explain: {
    group: ONLINE,
    summary: 'Explain why a pod gets a sidecar, or does not',
    load: () => import('./explain/command.ts'),
  },
  rotate: {
    group: ONLINE,
    summary: 'Ask for a new certificate of an injector',
    load: () => import('./rotate/command.ts'),
  },
  inject: {
    group: OFFLINE,
    summary: 'Render manifests as the cluster would make their pods',
    load: () => import('./inject/command.ts'),
  },
  export: {
    group: OFFLINE,
    summary: 'Turn injectors into policies that the API server runs by itself',
    load: () => import('./export/command.ts'),
  },
  completion: {
    group: OTHER,
    summary: 'Print the completion script of a shell',
    load: () => import('./completion/command.ts'),
  },
  version: {
    group: OTHER,
    summary: 'Show the versions of this program, the operator and the cluster',
    load: () => import('./version/command.ts'),
  },
  operator: { group: OTHER, summary: 'Run the operator; in a cluster its Deployment does that' },
};
