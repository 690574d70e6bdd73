/** Lines that are written within one turn of the event loop go out as one write: a system call for each is slow. */
import { Writable } from 'node:stream';

/**
 * A stream that hands on to `target` what was written to it, at the end of the turn of the event loop, and when the process
 * exits. What `target` cannot take, as its reader has gone or the disk is full, is lost, and nobody is told: whoever logs has
 * work of more weight, and telling of it would be one more line for the same target.
 */
export function inBatches(target: NodeJS.WritableStream): Writable {
  let waiting: string[] = [];
  const flush = (): void => {
    const text = waiting.join('');
    waiting = [];
    if (text !== '') target.write(text);
  };
  process.on('exit', flush);
  target.on('error', () => {});
  return new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      if (waiting.push(String(chunk)) === 1) setImmediate(flush);
      done();
    },
  });
}
