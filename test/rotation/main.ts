/**
 * `make rotation-test`: the one number of issue 4. Pods are created without pause through two API servers, under
 * `failurePolicy: Fail`, while certificates are renewed, replicas restarted and leaders killed: none may fail.
 * Arguments that are no flags of this program, after `--`, go to the operator.
 */
import { stopChildren } from '../e2e/support/child.ts';
import { parseRotationOptions } from './options.ts';
import { runRotation } from './run.ts';

const runs = parseRotationOptions(process.argv.slice(2), Math.floor(Math.random() * 2 ** 31));
try {
  for (const options of runs) {
    const { closeConnections, seed, renewals, restarts, kills, faults } = options;
    const mode = closeConnections ? 'a connection for each call' : 'keep-alive';
    console.log(`\n${mode}; ${JSON.stringify({ seed, renewals, restarts, kills, faults })}`);
    const figures = await runRotation(options);
    console.log(figures.text());
    if (figures.count > 0) process.exitCode = 1;
  }
} finally {
  await stopChildren();
}
