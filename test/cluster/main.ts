/** `make cluster`: runs an in-memory cluster until SIGTERM or SIGINT, and prints where its kubeconfigs are, one for each API server. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { startCluster } from './index.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    kubeconfig: { type: 'string' },
    nodes: { type: 'boolean', default: false },
    servers: { type: 'string', default: '1' },
    'configuration-lag': { type: 'string', default: '0' },
    'configuration-race': { type: 'string', default: '0' },
    'watch-lag': { type: 'string', default: '0' },
    'endpoint-lag': { type: 'string', default: '0' },
    'close-connections': { type: 'boolean', default: false },
  },
});

/** `250` is for every API server, `0,250` for the first and the second. */
const lagOf = (text: string, server: number): number => {
  const each = text.split(',');
  return Number(each[server] ?? each.at(-1));
};
const servers = Array.from({ length: Number(values.servers) }, (_, index) => ({
  ...(values.port !== undefined && { port: Number(values.port) + (values.port === '0' ? 0 : index) }),
  configurationLagMs: lagOf(values['configuration-lag'], index),
  configurationRaceMs: lagOf(values['configuration-race'], index),
  watchLagMs: lagOf(values['watch-lag'], index),
  endpointLagMs: lagOf(values['endpoint-lag'], index),
  closeConnections: values['close-connections'],
}));
const cluster = await startCluster({ servers, nodes: values.nodes });
const own = values.kubeconfig === undefined;
const file = values.kubeconfig ?? join(await mkdtemp(join(tmpdir(), 'in-memory-cluster-')), 'kubeconfig');
const files = servers.map((_, index) => (index === 0 ? file : `${file}-${index + 1}`));
for (const [index, each] of files.entries()) await writeFile(each, cluster.adminKubeconfig(index), { mode: 0o600 });
console.log(files.join('\n'));

const stop = async (): Promise<void> => {
  await cluster.stop();
  if (own) await rm(dirname(file), { recursive: true, force: true });
  process.exit(0);
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
