import { BlockList, isIP } from 'node:net';

/** Kubernetes' CEL types for addresses (apiserver/pkg/cel/library/ip.go, cidr.go). */
export class Address {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get family(): number {
    return isIP(this.text);
  }
}

export class Block {
  readonly address: Address;
  readonly prefix: number;

  constructor(address: Address, prefix: number) {
    this.address = address;
    this.prefix = prefix;
  }

  contains(address: Address): boolean {
    const kind = address.family === 4 ? 'ipv4' : 'ipv6';
    const list = new BlockList();
    list.addSubnet(this.address.text, this.prefix, this.address.family === 4 ? 'ipv4' : 'ipv6');
    return address.family === this.address.family && list.check(address.text, kind);
  }
}

/** Undefined when the text is no address. */
export function parseAddress(text: string): Address | undefined {
  // Zones are refused by Kubernetes, Node accepts them.
  return isIP(text) !== 0 && !text.includes('%') ? new Address(text) : undefined;
}

/** Undefined when the text is not in CIDR notation. */
export function parseBlock(text: string): Block | undefined {
  const [, host = '', bits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const address = parseAddress(host);
  if (address === undefined || Number(bits) > (address.family === 4 ? 32 : 128)) return undefined;
  return new Block(address, Number(bits));
}

/** A URL as Go's url.ParseRequestURI accepts it: absolute, or an absolute path. Undefined otherwise. */
export function parseURL(text: string): URL | undefined {
  if (!/^(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?\//.test(text) || /\s/.test(text)) return undefined;
  try {
    return new URL(text, 'none:');
  } catch {
    return undefined;
  }
}
