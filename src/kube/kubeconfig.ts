/** Reads kubeconfig files as kubectl does (k8s.io/client-go/tools/clientcmd/loader.go). */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { describeError, operatorError } from '../errors.ts';

export interface KubeConfigSource {
  /** The one file to read; undefined for KUBECONFIG, ~/.kube/config, or the service account of the pod. */
  file?: string | undefined;
  /** The context to use in place of the current one. */
  context?: string | undefined;
}

/** @throws SI1002 when there is none, it cannot be read, or it has no such context */
export function readKubeConfig({ file, context }: KubeConfigSource): KubeConfig {
  const config = attempt(() => (file === undefined ? fromEnvironment() : fromFile(file)));
  if (context === undefined) return config;
  if (config.getContextObject(context) === null) {
    const known = config.getContexts().map(({ name }) => name);
    const detail = `the kubeconfig has no context "${context}", only: ${known.join(', ') || 'none'}`;
    throw operatorError('SI1002', { detail });
  }
  config.setCurrentContext(context);
  return config;
}

function attempt(load: () => KubeConfig): KubeConfig {
  try {
    return load();
  } catch (cause) {
    throw operatorError('SI1002', { detail: describeError(cause) }, { cause });
  }
}

function fromFile(file: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(file);
  return config;
}

/** Files of KUBECONFIG that are not there are passed over; of what stands in several, the first counts. */
function fromEnvironment(): KubeConfig {
  const files = (process.env['KUBECONFIG'] ?? '').split(path.delimiter).filter((file) => file !== '');
  if (files.length === 0) {
    const config = new KubeConfig();
    config.loadFromDefault();
    return config;
  }
  const found = files.filter((file) => existsSync(file));
  if (found.length === 0) throw new Error(`KUBECONFIG names no file that exists: ${files.join(', ')}`);
  const [first = new KubeConfig(), ...others] = found.map(fromFile);
  for (const other of others) merge(first, other);
  return first;
}

function merge(config: KubeConfig, other: KubeConfig): void {
  config.clusters = firstOfEachName(config.clusters, other.clusters);
  config.users = firstOfEachName(config.users, other.users);
  config.contexts = firstOfEachName(config.contexts, other.contexts);
  if (!config.currentContext) config.currentContext = other.currentContext;
}

function firstOfEachName<T extends { name: string }>(known: T[], more: T[]): T[] {
  const names = new Set(known.map(({ name }) => name));
  return [...known, ...more.filter(({ name }) => !names.has(name))];
}
