/** The table of commands. Each is loaded when it is called: `operator` starts without their packages. */
import type { Command } from './command.ts';
import type { Listed } from './help.ts';

export interface Entry extends Listed {
  /** Left out for the operator itself, which main.ts runs. */
  load?: () => Promise<{ command: Command }>;
}

const OFFLINE = 'Without a cluster';
const OTHER = 'Other';

export const COMMANDS: Readonly<Record<string, Entry>> = {
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
  operator: { group: OTHER, summary: 'Run the operator; in a cluster its Deployment does that' },
};
