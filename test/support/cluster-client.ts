import { KubeConfig } from '@kubernetes/client-node';
import { createKubeClient, type ClientOptions, type KubeClient } from '../../src/kube/client.ts';

/** A client for a kubeconfig's text. */
export const clientOf = (kubeconfig: string, options: Partial<ClientOptions> = {}): KubeClient =>
  createKubeClient({
    load: () => {
      const config = new KubeConfig();
      config.loadFromString(kubeconfig);
      return config;
    },
    ...options,
  });
