/** Reads SCALE, the encoding of Substrate's extrinsics, from the start of some bytes. Throws `RangeError` where they end too early. */
export class ScaleReader {
  #at = 0;
  readonly #view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Number of bytes that are not read yet. */
  get left(): number {
    return this.bytes.length - this.#at;
  }

  take(count: number): Uint8Array {
    if (count > this.left) throw new RangeError(`${count} bytes wanted, ${this.left} left`);
    this.#at += count;
    return this.bytes.subarray(this.#at - count, this.#at);
  }

  u8(): number {
    return this.take(1)[0]!;
  }

  u16(): number {
    this.take(2);
    return this.#view.getUint16(this.#at - 2, true);
  }

  u32(): number {
    this.take(4);
    return this.#view.getUint32(this.#at - 4, true);
  }

  u64(): bigint {
    this.take(8);
    return this.#view.getBigUint64(this.#at - 8, true);
  }

  /** A compact number of at most 16 bytes, in its shortest form. */
  compact(): bigint {
    const first = this.u8();
    const mode = first & 3;
    if (mode === 0) return BigInt(first >> 2);
    const length = mode === 1 ? 2 : mode === 2 ? 4 : (first >> 2) + 4;
    if (mode === 3 && length > 16) throw new RangeError("a number of more than 16 bytes");
    const rest = this.take(mode === 3 ? length : length - 1);
    const littleEndian = mode === 3 ? rest : Uint8Array.of(first, ...rest);
    const value = littleEndian.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    const number = mode === 3 ? value : value >> 2n;
    const least = mode === 1 ? 1n << 6n : mode === 2 ? 1n << 14n : 1n << 30n;
    const isShort = number >= least && (mode !== 3 || length === 4 || rest.at(-1) !== 0);
    if (!isShort) throw new RangeError("a number longer than it need be");
    return number;
  }

  /** The number of a list's elements, of which each takes at least one byte. */
  length(): number {
    const count = this.compact();
    if (count > BigInt(this.left)) throw new RangeError("a list longer than what is left");
    return Number(count);
  }

  u16s(): readonly number[] {
    return Array.from({ length: this.length() }, () => this.u16());
  }
}
