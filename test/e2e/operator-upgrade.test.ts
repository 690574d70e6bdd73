/** Another version of the operator comes, and goes again, while pods are created that must not be without it. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openBed } from '../rotation/bed.ts';
import { Canaries } from '../rotation/canaries.ts';
import { Figures } from '../rotation/figures.ts';
import { createPods } from '../rotation/load.ts';
import { ROTATION_DEFAULTS } from '../rotation/options.ts';
import { sourcesIn } from '../rotation/program.ts';
import { checkQuiet } from '../rotation/quiet.ts';
import { rollOver } from '../rotation/rotations.ts';
import { stopChildren } from './support/child.ts';

after(stopChildren);

const NEXT = '99.0.0';
const kubeconfigs = (process.env['KUBECONFIG'] ?? '').split(':').filter((file) => file !== '');

test(
  'an upgrade, with a new authority in the middle of it, and a rollback fail no pod where the policy is Fail',
  { timeout: 240_000 },
  async (t) => {
    const figures = new Figures();
    const operatorFlags = ['--drain-seconds=3'];
    const few = { replicas: 2, injectors: 1, operatorFlags };
    const bed = await openBed({ ...ROTATION_DEFAULTS, kubeconfigs, ...few }, figures);
    const { clients, fleet, injectors, environment } = bed;
    const ending = new AbortController();
    try {
      const [first] = fleet.replicas;
      const [injector] = injectors;
      assert.ok(first !== undefined && injector !== undefined);
      const versions = (): (string | undefined)[] =>
        fleet.replicas.map(({ lines }) => /"version":"([^"]+)"/.exec(lines.join('\n'))?.[1]);
      const ports = (): number[] => fleet.replicas.map(({ webhookPort }) => webhookPort);
      const [[version], [port]] = [versions(), ports()];
      const canaries = new Canaries(environment.client);
      figures.start();
      const background = [
        canaries.follow(ending.signal),
        fleet.probe(ending.signal),
        createPods({ clients, namespaces: injectors, workers: 4, figures, excused: () => undefined }, ending.signal),
      ];
      const program = first.process.spawnargs.find((argument) => argument.endsWith('.js')) ?? '';

      // Old and new replicas serve beside each other for the whole of it.
      await Promise.all([
        fleet.update(sourcesIn(environment.directory, NEXT)),
        rollOver(bed, injector.name, ending.signal),
      ]);
      assert.deepEqual(versions(), [NEXT, NEXT]);
      assert.ok(!ports().includes(port ?? 0), 'the new version is on another port');
      await fleet.update(program);
      assert.deepEqual(versions(), [version, version]);
      await checkQuiet(bed);

      ending.abort();
      await Promise.all(background);
      figures.judgeRefusals((...refusal) => canaries.wasOne(...refusal));
      t.diagnostic(figures.text());
      assert.equal(figures.count, 0, figures.text());
      assert.equal(figures.rollovers, 1);
      assert.ok(figures.pods > 50, 'pods were created all the while');
    } finally {
      ending.abort();
      await bed.close();
    }
  },
);
