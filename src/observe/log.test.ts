import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { operatorError } from '../errors.ts';
import { createLogger, type Fields, type LogOptions, type Logger } from './log.ts';

/** Lines that a logger writes. */
const capture = (options: Partial<LogOptions> = {}): { log: Logger; lines: string[]; entries: () => Fields[] } => {
  const lines: string[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _, done) => {
      lines.push(chunk.toString());
      done();
    },
  });
  const log = createLogger({ level: 'debug', format: 'json', stream, ...options });
  return { log, lines, entries: () => lines.map((line) => JSON.parse(line) as Fields) };
};

const PEM = '-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAK=\n-----END RSA PRIVATE KEY-----\n';

describe('a log line', () => {
  it('is one line of JSON with time, level, message and fields', () => {
    const { log, lines, entries } = capture();
    log.info('injected\ntwo', { pod: 'a', count: 2, nested: { deep: [1, 'x\ny'] } });
    assert.equal(lines.length, 1);
    assert.equal(lines[0]?.trimEnd().includes('\n'), false);
    const [{ time, ...entry } = {}] = entries();
    assert.match(String(time), /^\d{4}-.*Z$/);
    assert.deepEqual(entry, {
      level: 'info',
      message: 'injected\ntwo',
      pod: 'a',
      count: 2,
      nested: { deep: [1, 'x\ny'] },
    });
  });

  it('spells an error out, with its code and causes, under any name', () => {
    const { log, entries } = capture();
    const root = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    log.error('failed', {
      error: operatorError('SI2001', { detail: 'x' }, { cause: root }),
      other: new RangeError('r'),
    });
    const [{ error, other } = {}] = entries() as { error?: Fields; other?: Fields }[];
    assert.equal(error?.['code'], 'SI2001');
    assert.match(String(error?.['message']), /cannot be reached/);
    assert.match(String(error?.['fix']), /^Check the address/);
    assert.equal(error?.['stack'], undefined);
    const { stack, ...cause } = (error?.['cause'] ?? {}) as Fields;
    assert.match(String(stack), /log\.test\.ts/, 'where it came from');
    assert.deepEqual(cause, { name: 'Error', message: 'connect ECONNREFUSED', code: 'ECONNREFUSED' });
    assert.match(String(other?.['stack']), /log\.test\.ts/);
    assert.equal(other?.['name'], 'RangeError');
  });

  it('keeps its own message, level and time when a field has such a name', () => {
    const { log, entries } = capture();
    log.warn('the text', { message: 'of a field', level: 'x', time: 'y' });
    const [entry = {}] = entries();
    assert.equal(entry['message'], 'the text');
    assert.equal(entry['level'], 'warn');
    assert.equal(entry['field_message'], 'of a field');
  });

  it('never holds a key, a certificate or a token', () => {
    const { log, lines } = capture();
    const base64 = Buffer.from(PEM).toString('base64');
    const error = new Error(`bad key ${PEM}`, { cause: new Error(PEM) });
    log.info(`text ${PEM}`, { PEM, list: [{ pem: PEM }], data: { 'tls.key': base64 }, error, bytes: Buffer.from(PEM) });
    log.child({ secret: base64 }).info('child', { header: 'Authorization: Bearer eyJhbGciOiJSUzI1NiJ9.e30.abc' });
    const all = lines.join('');
    for (const secret of ['MIIEow', base64.slice(0, 40), 'eyJhbGciOi', 'BEGIN'])
      assert.ok(!all.includes(secret), secret);
    assert.ok(all.includes('[rsa private key removed]'));
  });

  it('is written whatever the fields are', () => {
    const { log, entries } = capture();
    const circle: Fields = {};
    circle['self'] = circle;
    const aggregate = new AggregateError([new Error('one'), 'two'], 'many');
    log.info('odd', { circle, aggregate, big: 10n, nothing: undefined, none: null, map: new Map() });
    const [entry = {}] = entries();
    assert.deepEqual(entry['circle'], { self: '[circular]' });
    assert.equal(entry['big'], '10');
    assert.equal((entry['aggregate'] as { errors: Fields[] }).errors[0]?.['message'], 'one');
    assert.equal(Object.hasOwn(entry, 'nothing'), false);
  });

  it('of a child carries the fields of its parents, the nearest last', () => {
    const { log, entries } = capture();
    log.child({ a: 1, b: 1 }).child({ b: 2 }).info('x', { c: 3 });
    const [{ a, b, c } = {}] = entries();
    assert.deepEqual({ a, b, c }, { a: 1, b: 2, c: 3 });
  });

  it('below the level is not written', () => {
    const { log, lines } = capture({ level: 'warn' });
    log.info('no');
    log.debug('no');
    log.warn('yes');
    assert.equal(lines.length, 1);
  });

  it('is text for people, with values quoted where they need it, without colours in a file', () => {
    const { log, lines } = capture({ format: 'text' });
    log.warn('not injected', { pod: 'a', note: 'two words', error: new Error('x') });
    assert.match(
      lines[0] ?? '',
      /^\S+Z WARN {2}not injected pod=a note="two words" error=\{"name":"Error","message":"x"/,
    );
    assert.ok(!lines[0]?.includes('\u001B'));
  });
});
