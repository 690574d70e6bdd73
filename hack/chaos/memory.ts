/** What the replicas hold in memory when nobody does anything. */
import type { RunningOperator } from '../../test/e2e/support/operator.ts';
import { until } from '../../test/support/until.ts';
import type { World } from './world.ts';

const read = async ({ healthUrl }: RunningOperator, metric: string): Promise<number> => {
  const text = await (await fetch(`${healthUrl}/metrics`)).text();
  return Number(new RegExp(`^${metric} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN) / 2 ** 20;
};

/** MiB of heap in use by the replica that uses most, after a sweep; and its resident memory, which also holds what is free. */
export const measureMemory = async (world: World): Promise<{ heap: number; resident: number }> => {
  world.shiftClock(world.replicas, 0);
  const all = await Promise.all(
    world.replicas.map(async (replica) => ({
      heap: await read(replica, 'nodejs_heap_size_used_bytes'),
      resident: await read(replica, 'process_resident_memory_bytes'),
    })),
  );
  const most = (values: number[]): number => Math.max(...values);
  return { heap: most(all.map(({ heap }) => heap)), resident: most(all.map(({ resident }) => resident)) };
};

/** So much above the first measurement may be caches that fill, in MiB; what leaks goes past it. */
const SLACK_MIB = 40;

/** Waits until the heap is back at its level. */
export const checkMemory = async (world: World, level: number): Promise<void> => {
  await until(
    `the heap is back at ${level.toFixed(0)} MiB`,
    async () => {
      const { heap } = await measureMemory(world);
      if (heap < level + SLACK_MIB) return true;
      throw new Error(`${heap.toFixed(0)} MiB`);
    },
    { timeoutMs: 20_000, everyMs: 500 },
  );
};
