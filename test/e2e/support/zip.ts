/** Reads one entry of a zip archive (PKWARE APPNOTE 4.3): a fresh machine has no unzip. */

import { inflateRawSync } from 'node:zlib';

const END_OF_CENTRAL_DIRECTORY = 0x06054b50;
const CENTRAL_HEADER_SIZE = 46;
const LOCAL_HEADER_SIZE = 30;

/** The bytes of the entry. Throws when there is none of that name. Archives above 4 GiB are not read. */
export const readZipEntry = (archive: Buffer, name: string): Buffer => {
  const end = archive.lastIndexOf(Buffer.from(new Uint32Array([END_OF_CENTRAL_DIRECTORY]).buffer));
  if (end < 0) throw new Error('not a zip archive');
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    const [method, size] = [archive.readUInt16LE(at + 10), archive.readUInt32LE(at + 20)];
    const lengths = [28, 30, 32].map((offset) => archive.readUInt16LE(at + offset));
    const [nameLength = 0, extra = 0, comment = 0] = lengths;
    const found = archive.toString('utf8', at + CENTRAL_HEADER_SIZE, at + CENTRAL_HEADER_SIZE + nameLength);
    if (found === name) {
      const local = archive.readUInt32LE(at + 42);
      const start = local + LOCAL_HEADER_SIZE + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
      const data = archive.subarray(start, start + size);
      return method === 0 ? data : inflateRawSync(data);
    }
    at += CENTRAL_HEADER_SIZE + nameLength + extra + comment;
  }
  throw new Error(`the archive has no ${name}`);
};
