/** What a command reads and writes besides files; tests put their own in place of the process's. */
export interface Streams {
  stdin: AsyncIterable<Uint8Array | string>;
  stdout: { write(text: string): unknown };
  stderr: { write(text: string): unknown };
}
