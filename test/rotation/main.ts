/**
 * `make rotation-test`: the one number of issue 4. Pods are created without pause through two API servers, under
 * `failurePolicy: Fail`, while certificates are renewed, replicas restarted and leaders killed: none may fail.
 * Arguments that are no flags of this program, after `--`, go to the operator.
 */
import { endOnSignals, stopChildren } from '../e2e/support/child.ts';
import { Figures } from './figures.ts';
import { parseRotationOptions } from './options.ts';
import { runRotation } from './run.ts';

const PROGRESS_MS = 20_000;

endOnSignals();
const runs = parseRotationOptions(
  process.argv.slice(2),
  Math.floor(Math.random() * 2 ** 31),
  process.env['KUBECONFIG'],
);
try {
  for (const options of runs) {
    const { closeConnections, seed, renewals, rollovers, restarts, kills, faults } = options;
    const mode = closeConnections ? 'a connection for each call' : 'keep-alive';
    console.log(`\n${mode}; ${JSON.stringify({ seed, renewals, rollovers, restarts, kills, faults })}`);
    const figures = new Figures((text) => console.error(text));
    const telling = setInterval(() => console.error(figures.progress()), PROGRESS_MS);
    await runRotation(options, figures).finally(() => clearInterval(telling));
    console.log(figures.text());
    if (figures.count > 0) process.exitCode = 1;
  }
} finally {
  await stopChildren();
}
