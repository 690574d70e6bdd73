/** `sidecar-injector inject`: renders manifests as the cluster would make their pods, without a cluster. */
import { selectionOf } from '../../api/v1alpha1/defaults.ts';
import type { Command, Io } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { readSources } from '../inputs.ts';
import type { Given, Option } from '../options.ts';
import { outputOption } from '../output.ts';
import { injectorsOf, isInjector, namespacesOf } from './injectors.ts';
import { manifestsOf, type Manifest } from './manifests.ts';
import { noticesOf } from './notices.ts';
import { type Format, FORMATS, print } from './output.ts';
import { customPlaces, parsePodPath } from './pod-places.ts';
import { render } from './render.ts';

const OPTIONS: Record<string, Option> = {
  filename: {
    short: 'f',
    value: 'FILE',
    names: 'file',
    help: 'file, folder or - for stdin, with workloads, SidecarInjectors and Namespaces; as often as needed',
  },
  recursive: { short: 'R', help: 'read the folders in folders, too' },
  output: outputOption(...FORMATS),
  namespace: { short: 'n', value: 'NAME', help: 'namespace of objects that name none; default "default"' },
  'assume-selected': { help: 'take namespaces that are not among the inputs for selected' },
  'pod-path': {
    value: 'KIND=PATH',
    help: 'where a custom kind has its pod template, such as Rollout=spec.template; * for all items; repeatable',
  },
  'operator-namespace': {
    value: 'NAME',
    help: "the operator's namespace, which is never injected; default sidecar-injector-system",
  },
  'keep-injectors': { help: 'print the SidecarInjectors among the inputs, too' },
  strict: { help: 'exit 3 when a pod that asks for a sidecar does not get it' },
};

function check(given: Given): string[] {
  const problems = [];
  if (given.all('filename').length === 0) problems.push('name the inputs with -f');
  if (given.all('filename').filter((name) => name === '-').length > 1) problems.push('stdin can be read once');
  for (const text of given.all('pod-path')) {
    if (parsePodPath(text) === undefined) problems.push(`--pod-path ${text} is not of the form Kind=path.to.template`);
  }
  return problems;
}

async function run(streams: Io, given: Given): Promise<number> {
  const manifests = manifestsOf(await readSources(given.all('filename'), given.on('recursive'), streams));
  const injectors = injectorsOf(manifests);
  const namespaces = namespacesOf(manifests);
  const surroundings = {
    injectors,
    labelsOf: (namespace: string) => namespaces.get(namespace),
    assumeSelected: given.on('assume-selected'),
    context: {
      excludedNamespaces: [given.one('operator-namespace', 'sidecar-injector-system')],
      otherAnnotations: new Set(injectors.map((injector) => selectionOf(injector).annotation)),
    },
  };
  const options = {
    surroundings,
    places: customPlaces(given.all('pod-path')),
    defaultNamespace: given.one('namespace', 'default'),
  };
  const rendered = manifests
    .filter((manifest) => given.on('keep-injectors') || !isInjectors(manifest))
    .map((manifest) => render(manifest, options));
  streams.stdout.write(print(given.one('output', 'yaml') as Format, rendered));

  for (const { metadata, spec } of injectors.filter((injector) => selectionOf(injector).matchConditions.length > 0)) {
    const count = spec.selection.matchConditions?.length;
    streams.stderr.write(
      `warning: ${metadata.name}: its ${count} matchConditions are not evaluated here: taken for true\n`,
    );
  }
  const notices = rendered.flatMap(({ manifest, objects }) =>
    objects.flatMap((object) => noticesOf(object, manifest.source, injectors)),
  );
  for (const { text } of notices) streams.stderr.write(`${text}\n`);
  const outcomes = rendered.flatMap(({ objects }) =>
    objects.flatMap(({ pods }) => pods.flatMap((pod) => pod.outcomes)),
  );
  if (outcomes.some(({ action }) => action === 'Reject')) return EXIT.failed;
  return given.on('strict') && notices.some(({ isMissed }) => isMissed) ? EXIT.strict : EXIT.ok;
}

export const command: Command = {
  usage: '-f FILE [-f FILE ...] [flags]',
  description: [
    'Renders pods and the pod templates of workloads with the sidecars that the cluster would give them. Needs no cluster:',
    'the SidecarInjectors and Namespaces are read from the inputs. Everything else passes through unchanged. Why an object',
    'is not injected is told on stderr.',
  ],
  examples: [
    '$0 inject -f app.yaml -f injector.yaml -f namespace.yaml | kubectl apply -f -',
    'helm template . | $0 inject -f - -f injector.yaml --assume-selected -o diff',
  ],
  options: OPTIONS,
  exitCodes:
    '0 done; 1 an input is wrong; 2 the command line is wrong; 3 --strict, and a sidecar is missing;\n4 the cluster would refuse a pod',
  check,
  run,
};

/** Documents of nothing but SidecarInjectors are for this command, not for its output. */
function isInjectors({ objects }: Manifest): boolean {
  return objects.length > 0 && objects.every(({ object }) => isInjector(object));
}
