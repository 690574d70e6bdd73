/** The fields of a protobuf message as they stand on the wire (protobuf.dev/programming-guides/encoding). */

export interface WireField {
  number: number;
  /** A varint, or the bytes of a string, a message, or a number of fixed size. */
  value: bigint | Buffer;
}

/** Reads one varint; gives back where it ended. @throws RangeError when the bytes end in it */
function varint(bytes: Buffer, start: number): [value: bigint, end: number] {
  let value = 0n;
  for (let at = start, shift = 0n; ; at++, shift += 7n) {
    const byte = bytes.readUInt8(at);
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return [BigInt.asUintN(64, value), at + 1];
  }
}

/** All fields, in order. @throws RangeError when this is no whole message */
export function* wireFields(bytes: Buffer): Generator<WireField> {
  let at = 0;
  while (at < bytes.length) {
    const [key, afterKey] = varint(bytes, at);
    const number = Number(key >> 3n);
    const wireType = Number(key & 7n);
    if (wireType === 0) {
      const [value, end] = varint(bytes, afterKey);
      yield { number, value };
      at = end;
    } else {
      const [length, start] = lengthOf(wireType, bytes, afterKey);
      if (start + length > bytes.length) throw new RangeError('unexpected EOF');
      yield { number, value: bytes.subarray(start, start + length) };
      at = start + length;
    }
  }
}

function lengthOf(wireType: number, bytes: Buffer, at: number): [length: number, start: number] {
  if (wireType === 1) return [8, at];
  if (wireType === 5) return [4, at];
  if (wireType !== 2) throw new RangeError(`illegal wireType ${wireType}`);
  const [length, start] = varint(bytes, at);
  return [Number(length), start];
}
