/** The forms in which the result is printed. */
import type { JsonObject } from '../../api/v1alpha1/types.ts';
import { member } from '../../domain/json.ts';
import { exactJson } from '../exact-json.ts';
import { patched } from '../json-patch.ts';
import { parsePart, valueOf } from '../yaml/documents.ts';
import { unifiedDiff } from '../yaml/diff.ts';
import { rewrite } from '../yaml/rewrite.ts';
import { groupOf, kindOf, nameOf } from './pod-places.ts';
import type { RenderedManifest } from './render.ts';

export const FORMATS = ['yaml', 'json', 'patch', 'diff'] as const;
export type Format = (typeof FORMATS)[number];

const PRINTERS: Record<Format, (manifests: readonly RenderedManifest[]) => string> = {
  yaml,
  json,
  patch: patches,
  diff: diffs,
};

export function print(format: Format, manifests: readonly RenderedManifest[]): string {
  return PRINTERS[format](manifests);
}

/** Documents without operations come out as they came in, byte for byte. */
function textOf({ manifest, operations, value }: RenderedManifest): string {
  return operations.length === 0 ? manifest.text : rewrite(manifest.source, manifest.text, operations, value);
}

function yaml(manifests: readonly RenderedManifest[]): string {
  let result = '';
  let previous: string | undefined;
  for (const rendered of manifests) {
    const text = textOf(rendered);
    const isFollowing = previous !== undefined && previous !== rendered.manifest.file;
    if (isFollowing && result !== '' && !result.endsWith('\n')) result += '\n';
    if (isFollowing && result !== '' && !/^\uFEFF?---/u.test(text)) result += '---\n';
    result += isFollowing ? text.replace(/^\uFEFF/u, '') : text;
    previous = rendered.manifest.file;
  }
  return result;
}

/** One object as it is; several in a List, as kubectl prints them. */
function json(manifests: readonly RenderedManifest[]): string {
  const values = manifests
    .filter(({ value }) => value !== undefined && value !== null)
    .map(({ manifest: { source, text }, operations }) =>
      patched(valueOf(source, parsePart(source, text), true), operations),
    );
  return exactJson(values.length === 1 ? values[0] : { apiVersion: 'v1', kind: 'List', items: values });
}

function targetOf(object: JsonObject, namespace: string): JsonObject {
  const version = String(member(object, 'apiVersion'));
  return {
    group: groupOf(object),
    version: version.slice(version.indexOf('/') + 1),
    kind: kindOf(object),
    name: nameOf(object),
    namespace,
  };
}

/** A list of `{target, patch}`, one for each object that is changed; the patch is for `kubectl patch --type=json`. */
function patches(manifests: readonly RenderedManifest[]): string {
  const changed = manifests.flatMap(({ objects }) => objects).filter(({ operations }) => operations.length > 0);
  return exactJson(
    changed.map(({ object, namespace, operations }) => ({ target: targetOf(object, namespace), patch: operations })),
  );
}

/** A unified diff of each file that changes. */
function diffs(manifests: readonly RenderedManifest[]): string {
  const files = new Map<string, { before: string; after: string }>();
  for (const rendered of manifests) {
    const { file, text } = rendered.manifest;
    const { before, after } = files.get(file) ?? { before: '', after: '' };
    files.set(file, { before: before + text, after: after + textOf(rendered) });
  }
  return [...files]
    .map(([file, { before, after }]) => {
      const name = file === '-' ? 'stdin' : file.replace(/^\/+/, '');
      return unifiedDiff(`a/${name}`, `b/${name}`, before, after);
    })
    .join('');
}
