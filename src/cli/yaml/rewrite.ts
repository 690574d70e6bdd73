/** The text of a document with operations applied: as the user wrote it wherever nothing was to be changed. */
import type { ToStringOptions } from 'yaml';
import { canonicalJson } from '../../domain/json.ts';
import type { Operation } from '../../domain/patch.ts';
import { operatorError } from '../../errors.ts';
import { exactJson } from '../exact-json.ts';
import { applyOperations } from '../../domain/apply.ts';
import { parsePart, valueOf, type YamlDocument } from './documents.ts';
import { editDocument, unshare } from './edit.ts';
import { mergeLines } from './merge.ts';

/** A text of YAML. */
interface Lines {
  head: string;
  body: string;
  newline: string;
}

/**
 * The text of one document with the operations applied. Every candidate is parsed and compared with `expected`, so that what
 * is written is what was decided.
 *
 * @param expected the document's JSON with the operations applied
 * @throws SI6006 when no way of writing gives it: a defect
 */
export function rewrite(source: string, part: string, operations: readonly Operation[], expected: unknown): string {
  const { head, body, newline } = linesOf(part);
  const wanted = canonicalJson(expected);
  for (const candidate of candidates(source, body, operations)) {
    const text = candidate();
    if (text === undefined || !means(source, text, wanted)) continue;
    return head + text.replaceAll('\n', newline);
  }
  throw operatorError('SI6006', { source });
}

function linesOf(part: string): Lines {
  const [head = ''] = /^\uFEFF?(?:---[ \t]*(?:#.*)?\r?\n)?/u.exec(part) ?? [];
  const body = part.slice(head.length);
  return { head, body: body.replaceAll('\r\n', '\n'), newline: body.includes('\r\n') ? '\r\n' : '\n' };
}

function* candidates(
  source: string,
  body: string,
  operations: readonly Operation[],
): Generator<() => string | undefined> {
  if (isJson(body))
    yield () => exactJson(applyOperations(valueOf(source, parsePart(source, body), true), operations), indentOf(body));
  const style = styleOf(body);
  const before = parsePart(source, body).toString(style);
  for (const prepare of [() => undefined, unshare]) {
    const after = edited(source, body, operations, style, prepare);
    if (after === undefined) continue;
    yield () => merged(before, body, after);
    yield () => after;
  }
}

function isJson(body: string): boolean {
  try {
    JSON.parse(body);
    return true;
  } catch {
    return false;
  }
}

/** What the first member of JSON text is indented by. */
function indentOf(body: string): string {
  return /^[ \t]+/m.exec(body)?.[0] ?? '';
}

function edited(
  source: string,
  body: string,
  operations: readonly Operation[],
  style: ToStringOptions,
  prepare: (document: YamlDocument) => void,
): string | undefined {
  try {
    const document = parsePart(source, body);
    prepare(document);
    editDocument(document, operations);
    return document.toString(style);
  } catch {
    // An alias whose anchor the edit took away, or a path that only exists once nothing is shared.
    return undefined;
  }
}

function merged(before: string, own: string, after: string): string {
  const text = own.endsWith('\n') ? own : `${own}\n`;
  return mergeLines(before.split('\n'), text.split('\n'), after.split('\n')).join('\n');
}

function means(source: string, text: string, wanted: string): boolean {
  try {
    return canonicalJson(valueOf(source, parsePart(source, text))) === wanted;
  } catch {
    return false;
  }
}

const OPENS_BLOCK = /^( *)[^\s#-][^#]*:\s*$/;

/** How the text is indented, so that what is added looks like it. */
function styleOf(body: string): ToStringOptions {
  const lines = body.split('\n');
  const steps = lines.flatMap((line, index) => {
    const outer = OPENS_BLOCK.exec(line)?.[1];
    const [, inner = '', dash] = /^( *)(- )?/.exec(lines[index + 1] ?? '') ?? [];
    return outer === undefined ? [] : [{ step: inner.length - outer.length, isList: dash !== undefined }];
  });
  const list = steps.find(({ isList }) => isList);
  const indent = steps.find(({ step, isList }) => !isList && step > 0)?.step ?? (list?.step || 2);
  return {
    indent,
    indentSeq: list === undefined || list.step > 0,
    lineWidth: 0,
    flowCollectionPadding: !/[[{][^\s\]}]/.test(body),
  };
}
