/** The hash XXH64 with the seed 0, of bytes that come in pieces (github.com/Cyan4973/xxHash, doc/xxhash_spec.md). */
export interface Xxh64 {
  /** Begins anew. */
  reset(): void;
  add(bytes: Uint8Array): void;
  /** Of all that was added, 64 bits. */
  digest(): bigint;
}

const P1 = 0x9e3779b185ebca87n;
const P2 = 0xc2b2ae3d27d4eb4fn;
const P3 = 0x165667b19e3779f9n;
const P4 = 0x85ebca77c2b2ae63n;
const P5 = 0x27d4eb2f165667c5n;
/** The halves of the first two primes. */
const P1_LOW = 0x85ebca87;
const P1_HIGH = 0x9e3779b1;
const P2_LOW = 0x27d4eb4f;
const P2_HIGH = 0xc2b2ae3d;
/** Bytes that are taken at once, eight of them by each of four sums. */
const STRIPE = 32;

export const xxh64 = (): Xxh64 => {
  /** The four sums, as halves of 32 bits. */
  const low = new Int32Array(4);
  const high = new Int32Array(4);
  /** What is left of the pieces before, less than a stripe. */
  const rest = new Uint8Array(STRIPE);
  const restView = new DataView(rest.buffer);
  let held = 0;
  let length = 0;

  const reset = (): void => {
    for (const [i, sum] of [P1 + P2, P2, 0n, -P1].entries()) {
      low[i] = Number(BigInt.asIntN(32, sum));
      high[i] = Number(BigInt.asIntN(32, sum >> 32n));
    }
    held = 0;
    length = 0;
  };
  /** Each sum: it and eight bytes times the second prime, turned by 31 bits, times the first. */
  const takeStripes = (view: DataView, from: number, end: number): void => {
    for (let at = from; at < end; at += STRIPE)
      for (let i = 0; i < 4; i++) {
        const wordLow = view.getInt32(at + 8 * i, true);
        const wordHigh = view.getInt32(at + 8 * i + 4, true);
        const partLow = Math.imul(wordLow, P2_LOW);
        const partHigh = highProduct(wordLow, P2_LOW) + Math.imul(wordLow, P2_HIGH) + Math.imul(wordHigh, P2_LOW);
        const sumLow = (low[i]! + partLow) | 0;
        const carry = sumLow >>> 0 < partLow >>> 0 ? 1 : 0;
        const sumHigh = (high[i]! + partHigh + carry) | 0;
        const turnedLow = (sumLow << 31) | (sumHigh >>> 1);
        const turnedHigh = (sumHigh << 31) | (sumLow >>> 1);
        low[i] = Math.imul(turnedLow, P1_LOW);
        high[i] = highProduct(turnedLow, P1_LOW) + Math.imul(turnedLow, P1_HIGH) + Math.imul(turnedHigh, P1_LOW);
      }
  };
  reset();
  return {
    reset,
    add: (bytes) => {
      length += bytes.length;
      let at = 0;
      if (held > 0) {
        at = Math.min(STRIPE - held, bytes.length);
        rest.set(bytes.subarray(0, at), held);
        held += at;
        if (held < STRIPE) return;
        takeStripes(restView, 0, STRIPE);
      }
      const end = bytes.length - ((bytes.length - at) % STRIPE);
      takeStripes(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), at, end);
      held = bytes.length - end;
      rest.set(bytes.subarray(end));
    },
    digest: () => {
      const sums = Array.from(low, (part, i) => (BigInt(high[i]! >>> 0) << 32n) | BigInt(part >>> 0));
      let hash = length < STRIPE ? P5 : merged(sums);
      hash = u64(hash + BigInt(length));
      let at = 0;
      for (; at + 8 <= held; at += 8)
        hash = u64(turned(hash ^ round(0n, restView.getBigUint64(at, true)), 27n) * P1 + P4);
      if (at + 4 <= held) {
        hash = u64(turned(hash ^ u64(BigInt(restView.getUint32(at, true)) * P1), 23n) * P2 + P3);
        at += 4;
      }
      for (; at < held; at++) hash = u64(turned(hash ^ u64(BigInt(rest[at]!) * P5), 11n) * P1);
      hash = u64((hash ^ (hash >> 33n)) * P2);
      hash = u64((hash ^ (hash >> 29n)) * P3);
      return hash ^ (hash >> 32n);
    },
  };
};

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const turned = (value: bigint, bits: bigint): bigint => u64(value << bits) | (value >> (64n - bits));
const round = (sum: bigint, word: bigint): bigint => u64(turned(u64(sum + word * P2), 31n) * P1);

const TURNS = [1n, 7n, 12n, 18n] as const;

const merged = (sums: readonly bigint[]): bigint => {
  const all = sums.reduce((hash, sum, i) => u64(hash + turned(sum, TURNS[i]!)), 0n);
  return sums.reduce((hash, sum) => u64((hash ^ round(0n, sum)) * P1 + P4), all);
};

/** The upper 32 bits of the product of two numbers of 32 bits. */
const highProduct = (a: number, b: number): number => {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const first = Math.imul(aHigh, bLow) >>> 0;
  const second = Math.imul(aLow, bHigh) >>> 0;
  const middle = (Math.imul(aLow, bLow) >>> 16) + (first & 0xffff) + (second & 0xffff);
  return (Math.imul(aHigh, bHigh) + (first >>> 16) + (second >>> 16) + (middle >>> 16)) | 0;
};
