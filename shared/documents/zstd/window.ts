/** The bytes of a frame before its block, as far back as it may refer. */
export interface ZstdWindow {
  /** A frame begins. */
  reset(size: number): void;
  /** How many are there. */
  readonly held: number;
  /** Copies `length` bytes, the first of them `back` bytes before the block. */
  copy(back: number, into: Uint8Array, at: number, length: number): void;
  /** The block's bytes are made. */
  keep(bytes: Uint8Array): void;
}

const FIRST_BYTES = 1 << 16;

/** A ring, no larger than the frame's content so far asks: work for a block is in proportion to the block. */
export const zstdWindow = (): ZstdWindow => {
  let ring = new Uint8Array(FIRST_BYTES);
  let size = 0;
  /** Bytes of the ring that are in use: all that came, or the last `size`. */
  let held = 0;
  /** Where the next byte goes. */
  let end = 0;
  const capacity = (): number => Math.min(size, ring.length);
  const makeRoom = (more: number): void => {
    if (held + more <= capacity() || capacity() === size) return;
    const larger = new Uint8Array(Math.min(size, Math.max(2 * ring.length, held + more)));
    larger.set(ring.subarray(0, held));
    ring = larger;
    end = held;
  };
  return {
    reset: (bytes) => {
      size = bytes;
      held = 0;
      end = 0;
    },
    get held() {
      return held;
    },
    copy: (back, into, at, length) => {
      const from = end >= back ? end - back : end - back + capacity();
      const first = Math.min(length, capacity() - from);
      for (let i = 0; i < first; i++) into[at + i] = ring[from + i]!;
      for (let i = first; i < length; i++) into[at + i] = ring[i - first]!;
    },
    keep: (bytes) => {
      makeRoom(bytes.length);
      const most = capacity();
      const kept = bytes.subarray(Math.max(0, bytes.length - most));
      const first = Math.min(kept.length, most - end);
      ring.set(kept.subarray(0, first), end);
      ring.set(kept.subarray(first), 0);
      end = most === 0 ? 0 : (end + kept.length) % most;
      held = Math.min(most, held + kept.length);
    },
  };
};
