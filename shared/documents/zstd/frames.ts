/** A frame's header (RFC 8878, 3.1.1.1). */
export interface ZstdFrame {
  /** Bytes before a place that what follows may refer to. */
  readonly window: number;
  /** Bytes of all that the frame holds; null where it does not say. */
  readonly content: number | null;
  /** The dictionary that it was made with; 0 for none. */
  readonly dictionary: number;
  /** Whether the lowest 32 bits of its content's XXH64 stand behind it. */
  readonly isChecked: boolean;
}

export interface ZstdBlock {
  readonly type: "raw" | "repeated" | "compressed";
  /** What a raw or repeated block makes; of a compressed one its own length. */
  readonly size: number;
  /** Its bytes in the file, of a repeated one a single one. They are overwritten once it was handed on. */
  readonly bytes: Uint8Array;
}

/** Whom the frames of a file are handed to; what it throws ends the walk. */
export interface ZstdReader {
  /** A frame begins. */
  frame(frame: ZstdFrame): void;
  /** The next block of the frame. */
  block(block: ZstdBlock): void;
  /** The frame has no further block. @param checksum what stands behind it, as a number of 32 bits; null where nothing does */
  ended(checksum: number | null): void;
}

/** Walks a zstd file; its bytes may be cut anywhere. */
export interface ZstdFrames {
  /**
   * Takes bytes of the file to the end of a block, or all of them.
   *
   * @returns how many it took
   * @throws Error for what is no frame, and what the reader throws
   */
  take(bytes: Uint8Array): number;
  /** The file has ended. @throws Error within a frame */
  end(): void;
}

const MAGIC = 0xfd2fb528;
/** Of a skippable frame, the last four bits of which are free. */
const SKIPPABLE_MAGIC = 0x184d2a50;
/** The most that a block may hold, compressed or not (RFC 8878, 3.1.1.2.4). */
export const MAX_BLOCK = 128 << 10;
const TYPES = ["raw", "repeated", "compressed"] as const;

/** Walks the frames of a zstd file (RFC 8878, 3.1): a header as soon as it is there, a block once it is whole. */
export const zstdFrames = (reader: ZstdReader): ZstdFrames => {
  /** The header that is being read. */
  const head = Buffer.alloc(18);
  let length = 0;
  /** Bytes that are passed over before the next header. */
  let skip = 0;
  let isInFrame = false;
  let isChecked = false;
  /** A frame's blocks are over, and its checksum is not. */
  let isAtChecksum = false;
  /** The block that is being read, once its header was. */
  let block: Omit<ZstdBlock, "bytes"> | null = null;
  let isLast = false;
  const bytes = new Uint8Array(MAX_BLOCK);
  let wanted = 0;
  let held = 0;

  /** Bytes of the header that is being read, as far as those that are there tell. */
  const needed = (): number => {
    if (isAtChecksum) return 4;
    if (isInFrame) return 3;
    if (length < 5) return 5;
    return head.readUInt32LE(0) === MAGIC ? headerBytes(head[4]!) : 8;
  };
  const startFrame = (): void => {
    const magic = head.readUInt32LE(0);
    if (magic === MAGIC) {
      const frame = frameOf(head);
      reader.frame(frame);
      isInFrame = true;
      isChecked = frame.isChecked;
    } else if ((magic & ~0xf) === SKIPPABLE_MAGIC) skip = head.readUInt32LE(4);
    else throw new Error("invalid zstd data");
  };
  const startBlock = (): void => {
    const header = head.readUIntLE(0, 3);
    const type = TYPES[(header >> 1) & 3];
    const size = header >> 3;
    if (type === undefined || size > MAX_BLOCK) throw new Error("invalid block");
    block = { type, size };
    isLast = (header & 1) !== 0;
    wanted = type === "repeated" ? 1 : size;
    held = 0;
  };
  const endBlock = (): void => {
    reader.block({ ...block!, bytes: bytes.subarray(0, wanted) });
    block = null;
    isAtChecksum = isLast && isChecked;
    if (isLast && !isChecked) endFrame(null);
  };
  const endFrame = (checksum: number | null): void => {
    isInFrame = false;
    isAtChecksum = false;
    reader.ended(checksum);
  };
  return {
    take: (given) => {
      for (let at = 0; at < given.length; ) {
        if (skip > 0) {
          const passed = Math.min(skip, given.length - at);
          skip -= passed;
          at += passed;
          continue;
        }
        if (block === null) {
          head[length++] = given[at++]!;
          if (length < needed()) continue;
          length = 0;
          if (isAtChecksum) endFrame(head.readUInt32LE(0));
          else if (isInFrame) startBlock();
          else startFrame();
        } else {
          const part = given.subarray(at, at + wanted - held);
          bytes.set(part, held);
          held += part.length;
          at += part.length;
        }
        if (block === null || held < wanted) continue;
        endBlock();
        return at;
      }
      return given.length;
    },
    end: () => {
      if (isInFrame || length > 0 || skip > 0) throw new Error("unexpected EOF");
    },
  };
};

const isSingleSegment = (flags: number): boolean => (flags & 0x20) !== 0;
const dictionaryBytes = (flags: number): number => [0, 1, 2, 4][flags & 3]!;
const contentBytes = (flags: number): number => [isSingleSegment(flags) ? 1 : 0, 2, 4, 8][flags >> 6]!;
const headerBytes = (flags: number): number =>
  (isSingleSegment(flags) ? 5 : 6) + dictionaryBytes(flags) + contentBytes(flags);

const frameOf = (head: Buffer): ZstdFrame => {
  const flags = head[4]!;
  const descriptor = head[5]!;
  const at = isSingleSegment(flags) ? 5 : 6;
  const width = dictionaryBytes(flags);
  const dictionary = width === 0 ? 0 : head.readUIntLE(at, width);
  const content = contentOf(head, at + width);
  // A single segment: its window is all of its content.
  const window = isSingleSegment(flags) ? content! : 2 ** (10 + (descriptor >> 3)) * (1 + (descriptor & 7) / 8);
  return { window, content, dictionary, isChecked: (flags & 4) !== 0 };
};

const contentOf = (head: Buffer, at: number): number | null => {
  switch (contentBytes(head[4]!)) {
    case 0:
      return null;
    case 1:
      return head[at]!;
    case 2:
      return 256 + head.readUInt16LE(at);
    case 4:
      return head.readUInt32LE(at);
    default:
      return Number(head.readBigUInt64LE(at));
  }
};
