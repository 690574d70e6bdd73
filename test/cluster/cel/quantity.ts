/**
 * resource.Quantity as an exact fraction of whole numbers (apimachinery/pkg/api/resource/quantity.go): the suffixes of 1000 and of 1024, and exponents.
 */

const suffixes: Record<string, readonly [base: bigint, power: number]> = {
  n: [10n, -9],
  u: [10n, -6],
  m: [10n, -3],
  '': [10n, 0],
  k: [10n, 3],
  M: [10n, 6],
  G: [10n, 9],
  T: [10n, 12],
  P: [10n, 15],
  E: [10n, 18],
  Ki: [2n, 10],
  Mi: [2n, 20],
  Gi: [2n, 30],
  Ti: [2n, 40],
  Pi: [2n, 50],
  Ei: [2n, 60],
};

/** Everything is counted in units of 10^-9, the smallest that a Quantity knows. */
const scale = 10n ** 9n;

export class Quantity {
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }

  compare(other: Quantity): number {
    return this.nanos === other.nanos ? 0 : this.nanos < other.nanos ? -1 : 1;
  }

  get isInteger(): boolean {
    return this.nanos % scale === 0n;
  }

  get integer(): bigint {
    return this.nanos / scale;
  }

  get float(): number {
    return Number(this.nanos) / Number(scale);
  }
}

/** Reads '1.5Gi', '100m', '2e3'. Undefined when it is no quantity. Parts below 10^-9 are rounded up, as Kubernetes does. */
export function parseQuantity(text: string): Quantity | undefined {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/.exec(text);
  const [, sign, whole = '', fraction = '', exponent, suffix = ''] = match ?? [];
  if (match === null || whole + fraction === '') return undefined;
  const [base, power] = exponent === undefined ? (suffixes[suffix] ?? [10n, 0]) : [10n, Number(exponent.slice(1))];
  const digits = BigInt(whole + fraction) * scale * (power > 0 ? base ** BigInt(power) : 1n);
  const divisor = 10n ** BigInt(fraction.length) * (power < 0 ? base ** BigInt(-power) : 1n);
  const nanos = digits / divisor + (digits % divisor === 0n ? 0n : 1n);
  return new Quantity(sign === '-' ? -nanos : nanos);
}
