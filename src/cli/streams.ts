/** What a command reads and writes besides files; tests put their own in place of the process's. */
export interface Streams {
  stdin: AsyncIterable<Uint8Array | string>;
  stdout: Output;
  stderr: Output;
}

export interface Output {
  write(text: string): unknown;
  on?(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
  isTTY?: boolean;
}

/** `| head` reads no further, which is no error of ours: the exit code and what stderr tells stay. */
export function outliveReader(output: Output): void {
  output.on?.('error', (error) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
