/** `sidecar-injector rotate`: a new certificate for an injector now, by the annotation that the operator follows. */
import { setTimeout as sleep } from 'node:timers/promises';
import { findCondition } from '../../api/v1alpha1/conditions.ts';
import { modeOf } from '../../api/v1alpha1/defaults.ts';
import { ROTATE_ANNOTATION } from '../../api/v1alpha1/rotation.ts';
import type { SidecarInjector } from '../../api/v1alpha1/types.ts';
import { operatorError } from '../../errors.ts';
import type { KubeClient } from '../../kube/client.ts';
import { RESOURCES, resourcePath } from '../../kube/resources.ts';
import {
  CLUSTER_OPTIONS,
  clusterProblems,
  completeInjector,
  parseTimeout,
  withCluster,
  type Cluster,
} from '../cluster.ts';
import type { Command, Io } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import type { Given, Option } from '../options.ts';
import { injectorNamed } from '../status/command.ts';
import { summaryOf } from '../status/model.ts';

const TIMEOUT = '10m';
const LOOK_EVERY_MS = 500;

const OPTIONS: Record<string, Option> = {
  ca: {
    help: "a new certificate authority of the operator, too; it signs for all injectors with the operator's signer",
  },
  wait: { help: 'wait until the new certificate is served and nothing trusts the old authority any more' },
  timeout: { value: 'TIME', help: `how long to wait, such as 90s or 15m; default ${TIMEOUT}` },
  ...CLUSTER_OPTIONS,
};

function check(given: Given): string[] {
  const timeout = given.one('timeout', TIMEOUT);
  const problem = `--timeout ${timeout} is not a time such as 90s or 15m`;
  return [...clusterProblems(given), ...(parseTimeout(timeout) ? [] : [problem])];
}

async function run(io: Io, given: Given): Promise<number> {
  const [name = ''] = given.words;
  return withCluster(io, given, async (cluster) => {
    const before = await injectorNamed(cluster, name);
    if (modeOf(before) === 'Paused') {
      io.stderr.write(`${name} is paused: set spec.mode to Enforce, then rotate\n`);
      return EXIT.failed;
    }
    await ask(cluster.client, name, given.on('ca'));
    io.stdout.write(`sidecarinjector.sidecarinjector.dev/${name} rotation asked for\n`);
    if (!given.on('wait')) return EXIT.ok;
    const after = await rotated(io, cluster, before, given);
    io.stdout.write(`sidecarinjector.sidecarinjector.dev/${name} rotated, valid until ${after}\n`);
    return EXIT.ok;
  });
}

/** Anything new in the annotation is a wish; one that begins with `ca` asks for a new authority (api/v1alpha1/rotation.ts). */
async function ask(client: KubeClient, name: string, authority: boolean): Promise<void> {
  const wish = `${authority ? 'ca-' : ''}${new Date().toISOString()}`;
  await client.request({
    method: 'PATCH',
    path: resourcePath(RESOURCES.sidecarInjectors, { name }),
    query: { fieldManager: 'kubectl-sidecar_injector' },
    contentType: 'application/merge-patch+json',
    body: { metadata: { annotations: { [ROTATE_ANNOTATION]: wish } } },
  });
}

/**
 * Waits for the end of the rotation; gives the end of the new certificate.
 *
 * @throws SI6008 when it takes too long, SI6007 when the injector is deleted meanwhile
 */
async function rotated(io: Io, cluster: Cluster, before: SidecarInjector, given: Given): Promise<string> {
  const { name } = before.metadata;
  const limitMs = parseTimeout(given.one('timeout', TIMEOUT)) ?? 0;
  const end = performance.now() + limitMs;
  for (let told = ''; ;) {
    const injector = await injectorNamed(cluster, name);
    const { rollover } = summaryOf(injector, undefined);
    const { notAfter = '' } = injector.status?.certificate ?? {};
    if (rollover === 'Stable' && isNew(injector, before, given.on('ca'))) return notAfter;
    if (rollover !== told && rollover !== 'Stable') io.stderr.write(`${name}: ${rollover}\n`);
    told = rollover;
    if (performance.now() > end) {
      const { message = 'the operator has said nothing' } =
        findCondition(injector.status?.conditions, 'CertificateReady') ?? {};
      const what = `a new certificate for ${name} (${message})`;
      throw operatorError('SI6008', { seconds: limitMs / 1000, what });
    }
    await sleep(LOOK_EVERY_MS);
  }
}

/** Another certificate, and with `authority` another trust with nothing of the old left in it. */
function isNew(now: SidecarInjector, before: SidecarInjector, authority: boolean): boolean {
  const [certificate, old] = [now.status?.certificate, before.status?.certificate];
  const renewed = certificate?.serialNumber !== undefined && certificate.serialNumber !== old?.serialNumber;
  const known = new Set(old?.trustedCAs ?? []);
  return renewed && !(authority && (certificate.trustedCAs ?? []).some((fingerprint) => known.has(fingerprint)));
}

export const command: Command = {
  usage: 'NAME [--ca] [--wait] [flags]',
  description: [
    'Asks the operator for a new certificate of the SidecarInjector, without a failed admission call. With --ca the operator',
    'makes itself a new authority, too, and rolls it out step by step: that takes some minutes.',
  ],
  examples: ['$0 rotate nginx', '$0 rotate nginx --wait', '$0 rotate nginx --ca --wait --timeout 15m'],
  options: OPTIONS,
  words: { min: 1, max: 1 },
  exitCodes:
    '0 done; 1 there is no such injector, the cluster cannot be asked, or --wait took too long;\n2 the command line is wrong; 4 the injector is paused',
  check,
  run,
  complete: completeInjector,
};
