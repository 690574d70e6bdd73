/** `make cluster`: runs an in-memory cluster until SIGTERM or SIGINT, and prints where its kubeconfig is. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { startCluster } from './index.ts';

const { values } = parseArgs({
  options: { port: { type: 'string' }, kubeconfig: { type: 'string' }, nodes: { type: 'boolean', default: false } },
});
const port = values.port === undefined ? {} : { port: Number(values.port) };
const cluster = await startCluster({ ...port, nodes: values.nodes });
const own = values.kubeconfig === undefined;
const file = values.kubeconfig ?? join(await mkdtemp(join(tmpdir(), 'in-memory-cluster-')), 'kubeconfig');
await writeFile(file, cluster.adminKubeconfig(), { mode: 0o600 });
console.log(file);

const stop = async (): Promise<void> => {
  await cluster.stop();
  if (own) await rm(dirname(file), { recursive: true, force: true });
  process.exit(0);
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
