/**
 * The order of a merged list: what the patch orders keeps the patch's order, the rest keeps the live order, and both are woven
 * together by the live order (strategicpatch/patch.go: normalizeElementOrder, mergeSortedSlice).
 */
export function byPatchOrder(
  merged: readonly unknown[],
  patchOrder: readonly unknown[],
  liveOrder: readonly unknown[],
  keyOf: (item: unknown) => unknown,
): unknown[] {
  const ordered = patchOrder.map(keyOf);
  const live = liveOrder.map(keyOf);
  const position = (item: unknown): number => ordered.indexOf(keyOf(item));
  const patched = merged.filter((item) => position(item) >= 0).toSorted((a, b) => position(a) - position(b));
  const rest = merged.filter((item) => position(item) < 0);
  const result: unknown[] = [];
  while (patched.length > 0 && rest.length > 0) {
    const [restIndex, patchIndex] = [live.indexOf(keyOf(rest[0])), live.indexOf(keyOf(patched[0]))];
    const restFirst = restIndex >= 0 && patchIndex >= 0 && restIndex < patchIndex;
    result.push((restFirst ? rest : patched).shift());
  }
  return [...result, ...patched, ...rest];
}
