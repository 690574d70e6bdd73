/** `sidecar-injector doctor`: what is wrong, why, and the command that mends it. */
import { setTimeout as delay } from 'node:timers/promises';
import { CLUSTER_OPTIONS, clusterProblems, parseTimeout, withCluster } from '../cluster.ts';
import { paletteOf } from '../colour.ts';
import type { Command, Io } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import type { Given, Option } from '../options.ts';
import { outputOption } from '../output.ts';
import { CHECKS } from './catalogue.ts';
import { examine, worst, type Result } from './check.ts';
import type { Facts } from './facts.ts';
import { mendAll, mendsOf } from './fix.ts';
import { gather, type GatherOptions } from './gather.ts';
import { asJson } from './output/json.ts';
import { asJunit } from './output/junit.ts';
import { asSarif } from './output/sarif.ts';
import { asTable } from './output/table.ts';

const EVERY_MS = 2_000;

const OPTIONS: Record<string, Option> = {
  output: outputOption('table', 'json', 'junit', 'sarif'),
  wait: { value: 'SECONDS', alone: '60', help: 'look again until nothing fails, for this long; 60 without a value' },
  strict: { help: 'exit 3 for warnings, too' },
  fix: { help: 'show what doctor can mend by itself, ask, and do it' },
  yes: { short: 'y', help: 'with --fix: do not ask' },
  ...CLUSTER_OPTIONS,
};

function check(given: Given): string[] {
  const wait = given.one('wait', '0');
  return [
    ...clusterProblems(given),
    ...(parseTimeout(wait) === undefined ? [`--wait=${wait} is not a number of seconds, or a time such as 2m`] : []),
    ...(given.on('yes') && !given.on('fix') ? ['--yes goes with --fix'] : []),
  ];
}

async function look(options: GatherOptions): Promise<{ facts: Facts; results: Result[] }> {
  const facts = await gather(options);
  return { facts, results: examine(CHECKS, facts) };
}

function print(io: Io, given: Given, results: readonly Result[], { server }: Facts): void {
  const formats: Record<string, () => string> = {
    table: () => asTable(results, paletteOf(io)),
    json: () => asJson(results, server.url),
    junit: () => asJunit(results, given.on('strict')),
    sarif: () => asSarif(results, CHECKS, server.url),
  };
  io.stdout.write(formats[given.one('output', 'table')]?.() ?? '');
}

async function run(io: Io, given: Given): Promise<number> {
  return withCluster({ ...io, stderr: { write: () => undefined } }, given, async ({ client, operatorNamespace }) => {
    const [only] = given.words;
    const options = { client, operatorNamespace, ...(only !== undefined && { only }) };
    const deadline = performance.now() + (parseTimeout(given.one('wait', '0')) ?? 0);
    let { facts, results } = await look(options);
    while (worst(results) === 'fail' && performance.now() < deadline) {
      await delay(EVERY_MS);
      ({ facts, results } = await look(options));
    }
    if (given.on('fix') && (await mendAll(io, client, mendsOf(results), given.on('yes'))) > 0) {
      ({ facts, results } = await look(options));
    }
    print(io, given, results, facts);
    const state = worst(results);
    if (state === 'fail') return EXIT.failed;
    return state === 'warn' && given.on('strict') ? EXIT.strict : EXIT.ok;
  });
}

export const command: Command = {
  usage: '[NAME] [flags]',
  description: [
    'Looks at the cluster, the operator, its certificates and webhooks, the selectors, and the pods; tries real pods with',
    'dry runs and your own rights. Says what is wrong, what was seen, and the command that mends it. Nothing is changed',
    'without --fix. With a NAME it looks at one injector.',
  ],
  examples: ['$0 doctor', '$0 doctor nginx', '$0 doctor --wait=120 --strict -o junit > doctor.xml', '$0 doctor --fix'],
  options: OPTIONS,
  words: { min: 0, max: 1 },
  exitCodes:
    '0 all is well; 1 doctor failed; 2 the command line is wrong; 3 --strict, and there are warnings; 4 a check fails',
  check,
  run,
};
