/** The four kinds of patches, and the field managers of all writes. */
export { jsonPatch } from './json.ts';
export { mergePatch } from './merge-patch.ts';
export { strategicMergePatch } from './strategic.ts';
export { applyPatch, type ApplyRequest } from './apply.ts';
export { keepUnchangedTimes, updateManagedFields, type WriteInfo } from './track.ts';
export { resetFields } from './reset.ts';
