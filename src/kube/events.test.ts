import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../../test/support/eventually.ts';
import { settle } from '../../test/support/manual-clock.ts';
import { silentLogger } from '../observe/log.ts';
import type { KubeClient, RequestOptions } from './client.ts';
import { ApiError } from './errors.ts';
import { EventRecorder, type EventInput, type EventRecorderOptions } from './events.ts';
import type { Event } from './objects.ts';

const INPUT: EventInput = {
  regarding: { apiVersion: 'sidecarinjector.dev/v1alpha1', kind: 'SidecarInjector', name: 'nginx', uid: 'u1' },
  type: 'Normal',
  reason: 'CertificateIssued',
  action: 'Issue',
  note: 'The certificate was issued',
};

const start = (
  options: Partial<EventRecorderOptions> = {},
  answer: (request: RequestOptions) => unknown = () => ({}),
) => {
  const requests: RequestOptions[] = [];
  const client: KubeClient = {
    server: '',
    namespace: undefined,
    request: async <T>(request: RequestOptions) => {
      requests.push(request);
      return answer(request) as T;
    },
    stream: () => Promise.reject(new Error('no streams here')),
    close: async () => undefined,
  };
  let now = Date.parse('2026-01-01T00:00:00.123Z');
  let dropped = 0;
  const recorder = new EventRecorder({
    client,
    log: silentLogger,
    instance: 'replica-1',
    now: () => now,
    onDrop: () => dropped++,
    ...options,
  });
  return { recorder, requests, dropped: () => dropped, pass: (ms: number) => void (now += ms) };
};

const written = (request: RequestOptions | undefined): Event | undefined => request?.body as Event | undefined;

describe('an Event', () => {
  it('is what events.k8s.io asks for', async () => {
    const { recorder, requests } = start();
    recorder.record(INPUT);
    await recorder.close();
    const [request] = requests;
    assert.equal(request?.path, '/apis/events.k8s.io/v1/namespaces/default/events');
    const event = request.body as Event;
    assert.match(event.metadata.name, /^nginx\.[0-9a-f]+$/);
    assert.equal(event.eventTime, '2026-01-01T00:00:00.123000Z');
    assert.equal(event.reportingInstance, 'replica-1');
    assert.equal(event.note, INPUT.note);
    assert.equal(event.series, undefined);
  });

  it("lives in its object's namespace", async () => {
    const { recorder, requests } = start();
    recorder.record({ ...INPUT, regarding: { kind: 'Pod', name: 'p', namespace: 'web', uid: 'p1' } });
    await recorder.close();
    assert.match(requests[0]?.path ?? '', /namespaces\/web\//);
  });

  it('has a note of at most 1024 bytes that ends in whole characters', async () => {
    const { recorder, requests } = start();
    recorder.record({ ...INPUT, note: '€'.repeat(1000) });
    await recorder.close();
    const note = written(requests[0])?.note ?? '';
    assert.ok(Buffer.byteLength(note) <= 1024);
    assert.match(note, /^€+\.\.\.$/);
  });
});

describe('the same again', () => {
  it('is counted in one series that is written now and then', async () => {
    const { recorder, requests } = start({ seriesMs: 20 });
    for (let time = 0; time < 50; time++) recorder.record(INPUT);
    await eventually(() => requests.length === 2);
    assert.equal(requests[1]?.method, 'PATCH');
    assert.deepEqual(requests[1]?.body, { series: { count: 50, lastObservedTime: '2026-01-01T00:00:00.123000Z' } });
    assert.match(requests[1]?.path ?? '', new RegExp(`/${written(requests[0])?.metadata.name}$`));
    await recorder.close();
    assert.equal(requests.length, 2);
  });

  it('is another Event when it says something else, is of another object, or comes much later', async () => {
    const { recorder, requests, pass } = start();
    recorder.record(INPUT);
    recorder.record({ ...INPUT, note: 'something else' });
    recorder.record({ ...INPUT, regarding: { ...INPUT.regarding, uid: 'u2' } });
    pass(7 * 60_000);
    recorder.record(INPUT);
    await recorder.close();
    assert.deepEqual(
      requests.map(({ method }) => method),
      ['POST', 'POST', 'POST', 'POST'],
    );
  });

  it('is written when the process ends', async () => {
    const { recorder, requests } = start({ seriesMs: 60_000 });
    recorder.record(INPUT);
    recorder.record(INPUT);
    await recorder.close();
    assert.equal(requests.length, 2);
  });

  it('is created anew when the API server has forgotten it', async () => {
    const gone = new ApiError({ code: 404, reason: 'NotFound', message: '' });
    const { recorder, requests } = start({ seriesMs: 60_000 }, ({ method }) => {
      if (method === 'PATCH') throw gone;
      return {};
    });
    recorder.record(INPUT);
    recorder.record(INPUT);
    await recorder.close();
    assert.deepEqual(
      requests.map(({ method }) => method),
      ['POST', 'PATCH', 'POST'],
    );
    assert.equal(written(requests[2])?.series?.count, 2);
  });
});

describe('a count', () => {
  it('does not overtake its Event', async () => {
    const created = Promise.withResolvers<void>();
    const { recorder, requests } = start({ seriesMs: 0 }, ({ method }) => (method === 'POST' ? created.promise : {}));
    recorder.record(INPUT);
    recorder.record(INPUT);
    await new Promise((resolve) => void setTimeout(resolve, 5));
    assert.deepEqual(
      requests.map(({ method }) => method),
      ['POST'],
    );
    created.resolve();
    await recorder.close();
    assert.deepEqual(
      requests.map(({ method }) => method),
      ['POST', 'PATCH'],
    );
  });
});

describe('too many', () => {
  it('are dropped for the object that has them, and come again with time', async () => {
    const { recorder, requests, dropped, pass } = start({ burst: 3, refillMs: 1000 });
    for (let index = 0; index < 10; index++) recorder.record({ ...INPUT, note: `${index}` });
    recorder.record({ ...INPUT, regarding: { ...INPUT.regarding, uid: 'quiet' } });
    await settle();
    assert.equal(requests.length, 4);
    assert.equal(dropped(), 7);
    pass(2000);
    for (let index = 10; index < 20; index++) recorder.record({ ...INPUT, note: `${index}` });
    await recorder.close();
    assert.equal(requests.length, 6);
  });
});

describe('a failure', () => {
  it('to write is counted and never thrown', async () => {
    const { recorder, dropped } = start({}, () => {
      throw new ApiError({ code: 403, reason: 'Forbidden', message: 'the namespace ends' });
    });
    recorder.record(INPUT);
    await recorder.close();
    assert.equal(dropped(), 1);
  });
});
