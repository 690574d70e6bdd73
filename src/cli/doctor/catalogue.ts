/** Every check, in the order in which they run. An id is never given to another check, and never changed. */
import type { Check } from './check.ts';
import { CERTIFICATES } from './checks/certificates.ts';
import { CLUSTER } from './checks/cluster.ts';
import { EVENTS } from './checks/events.ts';
import { INJECTION } from './checks/injection.ts';
import { INSTALLATION } from './checks/installation.ts';
import { NETWORK } from './checks/network.ts';
import { PODS } from './checks/pods.ts';
import { REPLICAS } from './checks/replicas.ts';
import { SELECTION } from './checks/selection.ts';
import { WEBHOOK } from './checks/webhook.ts';

export const CHECKS: readonly Check[] = [
  ...CLUSTER,
  ...INSTALLATION,
  ...REPLICAS,
  ...NETWORK,
  ...CERTIFICATES,
  ...WEBHOOK,
  ...SELECTION,
  ...INJECTION,
  ...PODS,
  ...EVENTS,
].toSorted((a, b) => (a.id < b.id ? -1 : 1));
