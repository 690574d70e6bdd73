/**
 * The four kinds of patches, and the field managers of all writes. Server-side apply is told in apply.ts; it stands on fieldset.ts
 * (sets of paths), typed.ts (what merges how), compare.ts, merge.ts and ownership.ts. track.ts is the same for all other writes.
 */
export { jsonPatch } from './json.ts';
export { mergePatch } from './merge-patch.ts';
export { strategicMergePatch } from './strategic.ts';
export { applyPatch, type ApplyRequest } from './apply.ts';
export { keepUnchangedTimes, updateManagedFields, type WriteInfo } from './track.ts';
export { resetFields } from './reset.ts';
