/** A cluster whose operator calls its API server through a door of the test's (proxy.ts). */
import { after, before } from 'node:test';
import type { KubeClient } from '../../../src/kube/client.ts';
import { stopChildren } from './child.ts';
import { openEnvironment, type Environment } from './environment.ts';
import { install, uninstall } from './installation.ts';
import { startOperator } from './operator.ts';
import { openProxy, type ApiCall, type ApiProxy, type Fate } from './proxy.ts';

export interface ThroughDoor {
  /** Of an administrator, who needs no door. */
  client: KubeClient;
}

/** Registers hooks as useOperator does. In the end the door stands open, so that the operator can clear away. */
export const useOperatorThroughDoor = (decide: (call: ApiCall) => Fate): ThroughDoor => {
  const given = {} as ThroughDoor;
  let environment: Environment | undefined;
  let proxy: ApiProxy | undefined;
  let open = false;
  before(async () => {
    environment = await openEnvironment();
    given.client = environment.client;
    await install(environment);
    proxy = await openProxy(environment, { decide: (call) => (open ? 'Pass' : decide(call)) });
    await startOperator(environment, { kubeconfig: proxy.kubeconfig });
  });
  after(async () => {
    open = true;
    try {
      if (environment !== undefined) await uninstall(environment);
    } finally {
      await stopChildren();
      await proxy?.close();
      await environment?.close();
    }
  });
  return given;
};
