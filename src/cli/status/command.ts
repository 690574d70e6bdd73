/** `sidecar-injector status`: how the injectors of the cluster are. */
import type { SidecarInjector } from '../../api/v1alpha1/types.ts';
import { REPLICA_LABEL, type ReplicaReport } from '../../domain/replica.ts';
import { oneLine } from '../../domain/warnings.ts';
import { describeError, operatorError } from '../../errors.ts';
import { isForbidden } from '../../kube/errors.ts';
import type { Lease } from '../../kube/objects.ts';
import { RESOURCES } from '../../kube/resources.ts';
import { get, list } from '../../kube/verbs.ts';
import { CLUSTER_OPTIONS, clusterProblems, completeInjector, withCluster, type Cluster } from '../cluster.ts';
import { type Palette, paletteOf } from '../colour.ts';
import type { Command, Io } from '../command.ts';
import { sinceText, untilText } from '../duration.ts';
import { EXIT } from '../exit-codes.ts';
import type { Given } from '../options.ts';
import { machineReadable, outputOption } from '../output.ts';
import { type Cell, table } from '../table.ts';
import { type InjectorSummary, liveReports, summaryOf } from './model.ts';

const SHORT_MESSAGE = 100;

async function run(io: Io, given: Given): Promise<number> {
  const [name] = given.words;
  const found = await withCluster(io, given, async (cluster) => {
    const injectors = name === undefined ? await everyInjector(cluster) : [await injectorNamed(cluster, name)];
    const reports = injectors.length === 0 ? [] : await reportsOf(io, cluster);
    return injectors.map((injector) => summaryOf(injector, reports));
  });
  const format = given.one('output', 'table');
  if (format === 'json' || format === 'yaml') io.stdout.write(machineReadable(format, { injectors: found }));
  else if (found.length === 0) io.stderr.write('No SidecarInjectors found\n');
  else io.stdout.write(tables(found, format === 'wide', name !== undefined, paletteOf(io), new Date()));
  return EXIT.ok;
}

async function everyInjector({ client }: Cluster): Promise<SidecarInjector[]> {
  const { items } = await list<SidecarInjector>(client, RESOURCES.sidecarInjectors);
  return items.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

/** @throws SI6007 when there is none */
export async function injectorNamed({ client }: Cluster, name: string): Promise<SidecarInjector> {
  const injector = await get<SidecarInjector>(client, RESOURCES.sidecarInjectors, { name });
  if (injector === undefined) throw operatorError('SI6007', { kind: 'SidecarInjector', name });
  return injector;
}

/** What the replicas say of themselves; undefined where the user may not read it, which is no reason to say nothing. */
async function reportsOf(
  io: Io,
  { client, operatorNamespace }: Cluster,
): Promise<readonly ReplicaReport[] | undefined> {
  try {
    const options = { namespace: operatorNamespace, labelSelector: REPLICA_LABEL };
    const { items } = await list<Lease>(client, RESOURCES.leases, options);
    return liveReports(items, new Date());
  } catch (error) {
    if (!isForbidden(error)) throw error;
    io.stderr.write(`Warning: replicas are not shown: ${oneLine(describeError(error), 400)}\n`);
    return undefined;
  }
}

function tables(
  found: readonly InjectorSummary[],
  wide: boolean,
  single: boolean,
  palette: Palette,
  now: Date,
): string {
  const header = ['NAME', 'READY', 'SIGNER', 'EXPIRES IN', 'ROLLOVER', 'MATCHED', 'INJECTED', 'OUTDATED', 'MISSED'];
  const more = wide ? ['MODE', 'REVISION', 'RENEWS IN'] : [];
  const rows = found.map((each) => row(each, wide, palette, now));
  const overview = table([...header, 'REPLICAS', ...more, 'MESSAGE'], rows);
  if (!single) return overview;
  const conditions = found.flatMap((each) => each.conditions);
  const details = conditions.map(({ type, status, reason, lastTransitionTime, message }) => [
    type,
    status,
    reason,
    sinceText(lastTransitionTime, now),
    message,
  ]);
  return `${overview}\n${table(['CONDITION', 'STATUS', 'REASON', 'SINCE', 'MESSAGE'], details)}`;
}

function row(each: InjectorSummary, wide: boolean, palette: Palette, now: Date): Cell[] {
  const { matched, injected, outdated, missed } = each.pods ?? {};
  const count = (number: number | undefined, style = (text: string): string => text): Cell => ({
    text: number === undefined ? '-' : String(number),
    style: number === undefined || number === 0 ? (text) => text : style,
  });
  const [problem] = each.problems;
  const message = problem === undefined ? '' : `${problem.type}: ${problem.message}`;
  return [
    each.name,
    { text: each.ready, style: each.ready === 'True' ? palette.good : palette.bad },
    each.signerName,
    untilText(each.notAfter, now),
    each.rollover,
    count(matched),
    count(injected),
    count(outdated, palette.doubtful),
    count(missed, palette.bad),
    replicaText(each),
    ...(wide ? [each.mode, each.revision ?? '<none>', untilText(each.renewalTime, now)] : []),
    wide ? message : oneLine(message, SHORT_MESSAGE),
  ];
}

/** How many of the replicas serve it. */
function replicaText({ replicas }: InjectorSummary): string {
  return replicas === undefined ? '-' : `${replicas.filter(({ serves }) => serves).length}/${replicas.length}`;
}

export const command: Command = {
  usage: '[NAME] [flags]',
  description: [
    'Shows the SidecarInjectors of the cluster: whether each is ready, who signed its certificate and how long that holds,',
    'where a change of the authority is, its pods (matched by the selectors; injected, outdated or missed among them), how',
    'many replicas of the operator serve it, and what is wrong. With a NAME, its conditions, too.',
  ],
  examples: ['$0 status', '$0 status nginx', '$0 status -o wide', "$0 status -o json | jq '.injectors[].problems'"],
  options: { output: outputOption('table', 'wide', 'json', 'yaml'), ...CLUSTER_OPTIONS },
  words: { min: 0, max: 1 },
  exitCodes: '0 done; 1 there is no such injector, or the cluster cannot be asked; 2 the command line is wrong',
  check: clusterProblems,
  run,
  complete: completeInjector,
};
