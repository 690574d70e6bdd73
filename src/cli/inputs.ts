/** Reads what -f names: files, folders, standard input. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { operatorError } from '../errors.ts';
import type { Streams } from './streams.ts';

export interface Source {
  /** The file, or `-` for standard input. */
  name: string;
  text: string;
}

const MANIFEST = /\.(ya?ml|json)$/i;

/**
 * The texts in the order of the names; a folder stands for its .yaml, .yml and .json files in the order of their names.
 *
 * @throws SI6002 for what cannot be read or is not UTF-8
 */
export async function readSources(names: readonly string[], recursive: boolean, streams: Streams): Promise<Source[]> {
  const sources: Source[] = [];
  for (const name of names) {
    if (name === '-') sources.push({ name, text: decode(name, await drain(streams.stdin)) });
    else sources.push(...filesOf(name, recursive).map((file) => ({ name: file, text: decode(file, read(file)) })));
  }
  return sources;
}

async function drain(stream: Streams['stdin']): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function filesOf(name: string, recursive: boolean): string[] {
  const isFolder = attempt(name, () => statSync(name)).isDirectory();
  if (!isFolder) return [name];
  const found = attempt(name, () => readdirSync(name, { withFileTypes: true, recursive }))
    .filter((entry) => !entry.isDirectory() && MANIFEST.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  if (found.length === 0) {
    throw operatorError('SI6002', { source: name, detail: 'the folder has no .yaml, .yml or .json files' });
  }
  return found;
}

function read(file: string): Buffer {
  return attempt(file, () => readFileSync(file));
}

function decode(source: string, bytes: Buffer): string {
  return attempt(source, () => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
}

function attempt<T>(source: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw operatorError(
      'SI6002',
      { source, detail: cause instanceof Error ? cause.message : String(cause) },
      { cause },
    );
  }
}
