/** `sidecar-injector explain`: why pods get a sidecar, or do not: each injector, each check. */
import { operatorError } from '../../errors.ts';
import {
  ALL_NAMESPACES_OPTION,
  CLUSTER_OPTIONS,
  clusterProblems,
  NAMESPACE_OPTION,
  namesOf,
  withCluster,
} from '../cluster.ts';
import { paletteOf } from '../colour.ts';
import type { Command, Io } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { injectorsOf, isInjector, namespacesOf } from '../inject/injectors.ts';
import { manifestsOf, type Manifest } from '../inject/manifests.ts';
import { customPlaces, parsePodPath } from '../inject/pod-places.ts';
import { readSources } from '../inputs.ts';
import type { Given, Option } from '../options.ts';
import { machineReadable, outputOption } from '../output.ts';
import { type Facts, readFacts, readTarget } from './facts.ts';
import { explain, type Subject } from './judge.ts';
import { KIND_NAMES, resourceNamed } from './kinds.ts';
import { overviewOf, printed } from './print.ts';
import { liveSubject, manifestSubjects } from './subjects.ts';
import { targetsOf } from './words.ts';

const OPTIONS: Record<string, Option> = {
  filename: {
    short: 'f',
    value: 'FILE',
    names: 'file',
    help: 'explain the pods in this file, folder or - for stdin; as often as needed',
  },
  recursive: { short: 'R', help: 'read the folders in folders, too' },
  'pod-path': { value: 'KIND=PATH', help: 'where a custom kind has its pod template, such as Rollout=spec.template' },
  output: outputOption('text', 'json', 'yaml'),
  ...NAMESPACE_OPTION,
  ...ALL_NAMESPACES_OPTION,
  ...CLUSTER_OPTIONS,
};

function check(given: Given): string[] {
  const { targets, problems } = targetsOf(given.words);
  const files = given.all('filename').length > 0;
  if (given.on('all-namespaces') && targets.some(({ name }) => name !== undefined)) {
    problems.push('a name is of one namespace: leave out the name, or -A');
  }
  if (files && given.words.length > 0) problems.push('name objects or files (-f), not both');
  if (!files && targets.length === 0 && problems.length === 0)
    problems.push('name a pod or a workload, or a file with -f');
  for (const text of given.all('pod-path')) {
    if (parsePodPath(text) === undefined) problems.push(`--pod-path ${text} is not of the form Kind=path.to.template`);
  }
  return [...problems, ...clusterProblems(given)];
}

interface Case {
  subjects: readonly Subject[];
  facts: Facts;
}

async function run(io: Io, given: Given): Promise<number> {
  const { subjects, facts } = await (given.all('filename').length > 0 ? ofFiles(io, given) : ofCluster(io, given));
  const explanations = subjects.map((subject) => explain(subject, facts));
  for (const note of facts.notes) io.stderr.write(`Warning: ${note}\n`);
  const format = given.one('output', 'text');
  if (format === 'json' || format === 'yaml') {
    io.stdout.write(machineReadable(format, { explanations }));
    return EXIT.ok;
  }
  if (facts.injectors.length === 0) io.stderr.write('There are no SidecarInjectors: nothing is injected anywhere\n');
  const palette = paletteOf(io);
  const isList = targetsOf(given.words).targets.some(({ name }) => name === undefined);
  io.stdout.write(
    isList
      ? overviewOf(explanations, palette)
      : explanations.map((explanation) => printed(explanation, palette)).join('\n'),
  );
  return EXIT.ok;
}

function ofCluster(io: Io, given: Given): Promise<Case> {
  return withCluster(io, given, async (cluster) => {
    const { targets } = targetsOf(given.words);
    const live = (await Promise.all(targets.map((target) => readTarget(cluster, target)))).flat();
    const namespaces = live.map(({ object }) => object.metadata.namespace ?? '');
    const facts = await readFacts(cluster, new Set(namespaces));
    if (live.length === 0) io.stderr.write('No resources found\n');
    return { subjects: live.map(liveSubject), facts };
  });
}

/** With injectors among the files no cluster is asked; without, those of the cluster count. */
async function ofFiles(io: Io, given: Given): Promise<Case> {
  const manifests = manifestsOf(await readSources(given.all('filename'), given.on('recursive'), io));
  const namespaces = namespacesOf(manifests);
  const subjectsIn = (namespace: string): Subject[] => {
    const subjects = manifestSubjects(manifests, customPlaces(given.all('pod-path')), namespace);
    if (subjects.length === 0) throw operatorError('SI6009', {});
    return subjects;
  };
  if (hasInjectors(manifests)) {
    const operatorNamespace = given.one('operator-namespace', 'sidecar-injector-system');
    const injectors = injectorsOf(manifests);
    const facts = {
      injectors,
      namespaces,
      configurations: undefined,
      nativeSidecars: undefined,
      operatorNamespace,
      notes: [],
    };
    return { subjects: subjectsIn(given.one('namespace', 'default')), facts };
  }
  return withCluster(io, given, async (cluster) => {
    const subjects = subjectsIn(cluster.namespace);
    const facts = await readFacts(cluster, new Set(subjects.map(({ namespace }) => namespace)), namespaces);
    return { subjects, facts };
  });
}

function hasInjectors(manifests: readonly Manifest[]): boolean {
  return manifests.some(({ objects }) => objects.some(({ object }) => isInjector(object)));
}

/** Kinds first, then the names of what there is; TYPE/NAME in one word. */
async function complete(io: Io, given: Given, partial: string): Promise<string[]> {
  const [typed] = partial.includes('/') ? partial.split('/') : [];
  const [type = typed] = given.words;
  if (type === undefined) return [...KIND_NAMES];
  const resource = resourceNamed(typed ?? type);
  if (resource === undefined) return [];
  const names = await namesOf(io, given, resource);
  return typed === undefined ? names : names.map((name) => `${typed}/${name}`);
}

export const command: Command = {
  usage: '(TYPE [NAME ...] | TYPE/NAME ... | -f FILE ...) [flags]',
  description: [
    'Explains why a pod gets a sidecar, or does not: for each SidecarInjector every check in the order in which they are made,',
    'also those after the one that decides, and what can be done. For a pod that runs: whether it has the sidecar and which',
    'revision of it; the checks are then about the next pod that its workload makes. TYPE is a pod or what makes pods.',
    'Without a name: a line for each object there is. With -f, pods of manifests: by the SidecarInjectors among the files if',
    'there are any, else by those of the cluster.',
  ],
  examples: [
    '$0 explain pod web-7d4b9c-x2x9q -n shop',
    '$0 explain deploy/web',
    '$0 explain deployments -A',
    '$0 explain -f deployment.yaml',
    "$0 explain deploy/web -o json | jq -r '.explanations[].injectors[].reason'",
  ],
  options: OPTIONS,
  words: { min: 0, max: Infinity },
  exitCodes: '0 done; 1 the object is not there, or the cluster cannot be asked; 2 the command line is wrong',
  check,
  run,
  complete,
};
