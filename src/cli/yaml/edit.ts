/** Applies a JSON Patch to a YAML document: comments, the order of keys, anchors and styles stay. */
import {
  type Alias,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  Pair,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { isObject, member } from '../../domain/json.ts';
import type { Operation } from '../../domain/patch.ts';
import { stepsOf } from '../json-patch.ts';
import type { YamlDocument } from './documents.ts';

/** Applies the operations in place. Throws an Error when a path does not exist. */
export function editDocument(document: YamlDocument, operations: readonly Operation[]): void {
  for (const { op, path, value } of operations) {
    const steps = stepsOf(path);
    const last = steps.pop() ?? '';
    const parent = collectionAt(document, steps);
    const node = document.createNode(value) as Node;
    if (isSeq(parent)) putItem(parent, last, op, node);
    else putMember(parent, last, node);
  }
}

function putItem(list: YAMLSeq, step: string, op: Operation['op'], node: Node): void {
  if (list.items.length === 0) list.flow = false;
  const index = step === '-' ? list.items.length : Number(step);
  list.items.splice(index, op === 'add' ? 0 : 1, node);
}

function putMember(map: YAMLMap, key: string, node: Node): void {
  if (map.items.length === 0) map.flow = false;
  const pair = map.items.find((item) => keyOf(item) === key);
  if (pair === undefined) map.items.push(new Pair(key, node));
  else {
    const { comment } = (pair.value ?? {}) as Partial<Node>;
    if (typeof comment === 'string') node.commentBefore = comment;
    pair.value = node;
  }
}

/** The collection at the path, made a node of its own where it is an alias or comes by a merge key (`<<`). */
function collectionAt(document: YamlDocument, path: readonly string[]): YAMLMap | YAMLSeq {
  let node: unknown = document.contents;
  for (const step of path) {
    if (isMap(node)) node = memberAt(document, node, step);
    else if (isSeq(node)) node = itemAt(document, node, Number(step));
  }
  if (!isMap(node) && !isSeq(node)) throw new Error(`nothing can be added at ${path.join('.')}`);
  return node;
}

function memberAt(document: YamlDocument, map: YAMLMap, key: string): unknown {
  const pair = map.items.find((item) => keyOf(item) === key);
  if (pair === undefined) {
    const merged = member(map.toJS(document) as unknown, key);
    if (!isObject(merged) && !Array.isArray(merged)) return undefined;
    const node = document.createNode(merged);
    map.items.push(new Pair(key, node));
    return node;
  }
  if (isAlias(pair.value)) pair.value = copyOf(document, pair.value);
  return pair.value;
}

function itemAt(document: YamlDocument, list: YAMLSeq, index: number): unknown {
  const item = list.items[index];
  if (isAlias(item)) list.items[index] = copyOf(document, item);
  return list.items[index];
}

function keyOf({ key }: { key: unknown }): string {
  return String(isScalar(key) ? key.value : key);
}

function copyOf(document: YamlDocument, alias: Alias): Node {
  const original = alias.resolve(document);
  if (original === undefined) throw new Error(`the alias *${alias.source} has no anchor`);
  const copy = original.clone() as Node;
  // What is written beside the anchor is about the anchor.
  delete copy.comment;
  delete copy.commentBefore;
  visit(copy, {
    Node(_, node) {
      if (!isAlias(node)) delete node.anchor;
    },
  });
  return copy;
}

/** Puts a copy in the place of every alias, and takes the anchors away: then nothing is shared, and all can be changed. */
export function unshare(document: YamlDocument): void {
  let left = true;
  while (left) {
    left = false;
    visit(document, {
      Alias(_, alias) {
        left = true;
        return copyOf(document, alias);
      },
    });
  }
  visit(document, {
    Node(_, node) {
      if (isNode(node) && !isAlias(node)) delete node.anchor;
    },
  });
}
