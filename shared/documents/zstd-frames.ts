/** What a zstd file asks of its reader before its bytes are decompressed. */
export interface ZstdFrames {
  /** Takes the next bytes of the file. @throws Error for what is no frame, and what `onWindow` throws */
  push(bytes: Uint8Array): void;
  /** The file has ended. @throws Error within a frame */
  end(): void;
}

const MAGIC = 0xfd2fb528;
/** Of a skippable frame, the last four bits of which are free. */
const SKIPPABLE_MAGIC = 0x184d2a50;
/** The most that a block may hold, compressed or not (RFC 8878, 3.1.1.2.4). */
const MAX_BLOCK = 128 << 10;
const RLE = 1;
const RESERVED = 3;

/**
 * Walks the frames of a zstd file (RFC 8878, 3.1): headers and blocks' headers are read, what is between them is passed over. Chunks may be cut anywhere.
 *
 * @param onWindow told the bytes that a frame's window takes, once for each frame, as soon as its header is there
 */
export const zstdFrames = (onWindow: (bytes: number) => void): ZstdFrames => {
  /** The header that is being read. */
  const head = Buffer.alloc(18);
  let length = 0;
  /** Bytes that are passed over before the next header. */
  let skip = 0;
  let isInFrame = false;
  let hasChecksum = false;

  /** Bytes of the header that is being read, as far as those that are there tell. */
  const needed = (): number => {
    if (isInFrame) return 3;
    if (length < 5) return 5;
    return head.readUInt32LE(0) === MAGIC ? headerBytes(head[4]!) : 8;
  };
  const startFrame = (): void => {
    const magic = head.readUInt32LE(0);
    if (magic === MAGIC) {
      onWindow(windowOf(head));
      isInFrame = true;
      hasChecksum = (head[4]! & 4) !== 0;
    } else if ((magic & ~0xf) === SKIPPABLE_MAGIC) skip = head.readUInt32LE(4);
    else throw new Error("invalid zstd data");
  };
  const startBlock = (): void => {
    const block = head.readUIntLE(0, 3);
    const type = (block >> 1) & 3;
    const size = block >> 3;
    if (type === RESERVED || size > MAX_BLOCK) throw new Error("invalid block");
    skip = type === RLE ? 1 : size;
    if ((block & 1) === 0) return;
    isInFrame = false;
    if (hasChecksum) skip += 4;
  };
  return {
    push: (bytes) => {
      for (let at = 0; at < bytes.length; ) {
        if (skip > 0) {
          const passed = Math.min(skip, bytes.length - at);
          skip -= passed;
          at += passed;
          continue;
        }
        head[length++] = bytes[at++]!;
        if (length < needed()) continue;
        if (isInFrame) startBlock();
        else startFrame();
        length = 0;
      }
    },
    end: () => {
      if (isInFrame || length > 0 || skip > 0) throw new Error("unexpected EOF");
    },
  };
};

const isSingleSegment = (flags: number): boolean => (flags & 0x20) !== 0;
const dictionaryBytes = (flags: number): number => [0, 1, 2, 4][flags & 3]!;
const sizeBytes = (flags: number): number => [isSingleSegment(flags) ? 1 : 0, 2, 4, 8][flags >> 6]!;
const headerBytes = (flags: number): number =>
  (isSingleSegment(flags) ? 5 : 6) + dictionaryBytes(flags) + sizeBytes(flags);

/** Of a frame's header (RFC 8878, 3.1.1.1). */
const windowOf = (head: Buffer): number => {
  const flags = head[4]!;
  const descriptor = head[5]!;
  if (!isSingleSegment(flags)) return 2 ** (10 + (descriptor >> 3)) * (1 + (descriptor & 7) / 8);
  // A single segment: its window is all of its content, whose size follows a dictionary's number.
  const at = 5 + dictionaryBytes(flags);
  switch (flags >> 6) {
    case 0:
      return head[at]!;
    case 1:
      return 256 + head.readUInt16LE(at);
    case 2:
      return head.readUInt32LE(at);
    default:
      return Number(head.readBigUInt64LE(at));
  }
};
