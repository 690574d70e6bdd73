/**
 * `make chaos`: an hour of disorder under load, with failurePolicy Fail. No pod may fail that should not, none may be without its
 * sidecar, nothing may be lost, and all is well again soon after each round. `--seed N` makes the actors choose the same again;
 * `--report` writes what came of it into docs/chaos.md, and `--diary FILE` keeps every deed and every line of the operators' logs.
 */
import { createWriteStream } from 'node:fs';
import { endOnSignals, stopChildren } from '../../test/e2e/support/child.ts';
import { Figures } from '../../test/rotation/figures.ts';
import { parseChaosOptions } from './options.ts';
import { resultText, writeReport } from './report.ts';
import { runChaos } from './run.ts';

endOnSignals();
const { report, diary, ...options } = parseChaosOptions(process.argv.slice(2), Math.floor(Math.random() * 2 ** 31));
console.log(`seed ${options.seed}: ${JSON.stringify(options)}`);
try {
  const notes = diary === undefined ? undefined : createWriteStream(diary);
  const figures = new Figures(
    (text) => console.log(text),
    (text) => notes?.write(`${text}\n`),
  );
  const { deeds } = await runChaos(options, figures, ({ heap, resident }) =>
    console.log(`${figures.progress()}; ${heap.toFixed(0)} MiB of heap, ${resident.toFixed(0)} MiB resident`),
  );
  const result = resultText(deeds, figures);
  console.log(result);
  if (report) await writeReport(options, result);
  if (figures.count > 0) process.exitCode = 1;
} finally {
  await stopChildren();
}
