import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REVIEWS, reviewBytes } from '../../test/testdata/samples.ts';
import { UNREAD, prescan } from './prescan.ts';

interface Review {
  request: { object: { metadata: { managedFields?: unknown[] }; spec: object } };
}
const emptyUnread = (object: object): void => {
  for (const name of UNREAD.flat()) {
    const value: unknown = Reflect.get(object, name);
    if (value !== undefined) Reflect.set(object, name, Array.isArray(value) ? [] : {});
  }
};

const after = (text: string): unknown => {
  const bytes = Buffer.from(text);
  assert.ok(!prescan(bytes, 64));
  return JSON.parse(bytes.toString());
};
const reviewOf = (metadata: string, more = ''): string => `{"request":{"object":{"metadata":{${metadata}}${more}}}}`;

test('brackets in strings are not depth', () => {
  assert.ok(!prescan(Buffer.from(JSON.stringify({ a: '[[[["\\[[[', b: [] })), 2));
  assert.ok(prescan(Buffer.from('[[[]]]'), 2));
});

test('of what a real API server sent, all is left but what no decision reads', () => {
  for (const name of REVIEWS) {
    const review = JSON.parse(reviewBytes(name).toString()) as Review;
    const { request } = review;
    const { object } = request;
    assert.notEqual(object.metadata.managedFields?.length, 0);
    for (const member of [request, object, object.metadata, object.spec]) emptyUnread(member);
    assert.deepEqual(after(reviewBytes(name).toString()), review, name);
  }
});

test('what only looks like managedFields stays', () => {
  for (const text of [
    reviewOf('"labels":{"managedFields":["a"]}'),
    reviewOf('"annotations":{"a":"{\\"managedFields\\":[1]}","managedFields":"[1]"}'),
    reviewOf('"name":"managedFields","x":[1]'),
    reviewOf('"a":"\\\\","managedFields":7', ',"managedFields":[1]'),
    reviewOf('', ',"spec":{"a":{"managedFields":[1]}}'),
    '[[[["managedFields",[1]]]]]',
    '{"request":{"name":"userInfo","x":{"a":1},"userInfo":"x","kind":{"options":{"a":1}},"namespace":"status"}}',
    '{"status":{"a":1},"request":{"uid":"\\\\","status":{"a":[1]}}}',
  ]) {
    assert.deepEqual(after(text), JSON.parse(text), text);
  }
});

test('it ends where it ends, whatever stands in it, and however often it comes', () => {
  const fields = '[{"a":"]}\\"","f:x":{".":{},"k:{}":[[]]}},[]]';
  const text = reviewOf(`"managedFields":${fields},"name":"a","managedFields":[1],"b":[2]`);
  assert.deepEqual(after(text), { request: { object: { metadata: { managedFields: [], name: 'a', b: [2] } } } });
});

test('a text that breaks off loses nothing that was read', () => {
  const text = reviewOf('"name":"a","managedFields":[{"a":1');
  for (let end = 0; end <= text.length; end += 1) {
    const bytes = Buffer.from(text.slice(0, end));
    assert.ok(!prescan(bytes, 64));
    assert.ok(bytes.toString().startsWith(text.slice(0, Math.min(end, 47))));
  }
});
