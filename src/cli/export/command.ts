/** `sidecar-injector export`: an injector in a form that runs without the operator. */
import { stringify } from 'yaml';
import { injectorsOf } from '../inject/injectors.ts';
import { manifestsOf } from '../inject/manifests.ts';
import type { Command, Io } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { readSources } from '../inputs.ts';
import type { Given, Option } from '../options.ts';
import { outputOption } from '../output.ts';
import { policyOf } from './policy.ts';

const TARGET = 'mutatingadmissionpolicy';

const OPTIONS: Record<string, Option> = {
  as: { value: 'KIND', help: `${TARGET}: for Kubernetes 1.36 and newer` },
  filename: {
    short: 'f',
    value: 'FILE',
    names: 'file',
    help: 'file, folder or - for stdin with SidecarInjectors; as often as needed',
  },
  recursive: { short: 'R', help: 'read the folders in folders, too' },
  output: outputOption('yaml', 'json'),
  'operator-namespace': {
    value: 'NAME',
    help: "the operator's namespace, which is never injected; default sidecar-injector-system",
  },
};

function check(given: Given): string[] {
  const problems = [];
  if (given.one('as', '') !== TARGET) problems.push(`--as must be ${TARGET}`);
  if (given.all('filename').length === 0) problems.push('name the inputs with -f');
  return problems;
}

async function run(streams: Io, given: Given): Promise<number> {
  const manifests = manifestsOf(await readSources(given.all('filename'), given.on('recursive'), streams));
  const namespace = given.one('operator-namespace', 'sidecar-injector-system');
  const exports = injectorsOf(manifests).map((injector) => ({ injector, ...policyOf(injector, namespace) }));
  const objects = exports.flatMap((exported) => exported.objects);
  if (given.one('output', 'yaml') === 'json') {
    streams.stdout.write(`${JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }, undefined, 2)}\n`);
  } else {
    streams.stdout.write(objects.map((object) => stringify(object, { lineWidth: 0 })).join('---\n'));
  }
  for (const { injector, differences } of exports) {
    for (const text of differences) streams.stderr.write(`not expressed: ${injector.metadata.name}: ${text}\n`);
  }
  return EXIT.ok;
}

export const command: Command = {
  usage: `--as ${TARGET} -f FILE [-f FILE ...] [flags]`,
  description: [
    'Prints a MutatingAdmissionPolicy and its binding for each SidecarInjector among the inputs: the API server then injects',
    'by itself, without webhook, certificate or operator. What a policy cannot do is listed on stderr.',
  ],
  examples: [`$0 export --as ${TARGET} -f injector.yaml | kubectl apply -f -`],
  options: OPTIONS,
  exitCodes: '0 done; 1 an input is wrong; 2 the command line is wrong',
  check,
  run,
};
