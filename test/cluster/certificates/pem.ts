/** PEM as Go's encoding/pem reads it: text around the blocks is skipped, headers are told apart. */
export interface PemBlock {
  type: string;
  headers: boolean;
  bytes: Buffer;
}

const BLOCK = /-----BEGIN (?<type>[^\n\-]*)-----[ \t]*\r?\n(?<body>[\s\S]*?)\r?\n?-----END \k<type>-----/gv;
const HEADERS = /^(?:[^\n:]+:[^\n]*\r?\n)+\r?\n?/v;

/** The blocks that decode; others are skipped. */
export function pemBlocks(text: string): PemBlock[] {
  return [...text.matchAll(BLOCK)].flatMap((match) => {
    const { type = '', body = '' } = match.groups ?? {};
    const headers = HEADERS.exec(body)?.[0] ?? '';
    const base64 = body.slice(headers.length).replaceAll(/\s/gv, '');
    if (!/^[A-Za-z0-9+\/]*={0,2}$/v.test(base64) || base64.length % 4 !== 0) return [];
    return [{ type, headers: headers !== '', bytes: Buffer.from(base64, 'base64') }];
  });
}

/** One block, in lines of 64 letters. */
export function toPem(type: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/gv) ?? [];
  return `-----BEGIN ${type}-----\n${lines.join('\n')}\n-----END ${type}-----\n`;
}
