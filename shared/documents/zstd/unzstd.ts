import { setImmediate } from "node:timers/promises";
import { MARGIN } from "./bits.js";
import { MAX_BLOCK, type ZstdBlock, type ZstdFrame, zstdFrames } from "./frames.js";
import type { HuffmanTable } from "./huffman.js";
import { readLiterals } from "./literals.js";
import { makeBlock, newSequenceState } from "./sequences.js";
import { zstdWindow } from "./window.js";
import { xxh64 } from "./xxh64.js";

/** Bytes that are handed on at once, but for the last block's. */
const CHUNK_BYTES = 1 << 20;

/**
 * The bytes of a zstd file (RFC 8878), in chunks of about a mebibyte. Work is in proportion to the bytes of the file and of
 * what they make, whatever its blocks say, and after each chunk of either others have their turn.
 *
 * @param raw     the file, cut anywhere
 * @param onFrame told of each frame before its first block; what it throws ends the work
 * @throws Error for what is no whole zstd file, is not what its checksum says, or takes a dictionary
 */
export async function* unzstd(
  raw: AsyncIterable<Uint8Array>,
  onFrame: (frame: ZstdFrame) => void,
): AsyncGenerator<Buffer> {
  const ready = Buffer.allocUnsafe(CHUNK_BYTES + MAX_BLOCK);
  let length = 0;
  const window = zstdWindow();
  /** The block's bytes with zeros around them. */
  const coded = new Uint8Array(MAX_BLOCK + 2 * MARGIN);
  let frame: ZstdFrame = { window: 0, content: null, dictionary: 0, isChecked: false };
  const hash = xxh64();
  let made = 0;
  let code: HuffmanTable | null = null;
  let state = newSequenceState();

  const blockInto = (out: Buffer, { type, size, bytes }: ZstdBlock): number => {
    if (type === "raw") out.set(bytes);
    else if (type === "repeated") out.fill(bytes[0]!, 0, size);
    if (type !== "compressed") return size;
    const end = MARGIN + size;
    coded.set(bytes, MARGIN);
    coded.fill(0, end, end + MARGIN);
    const literals = readLiterals(coded, MARGIN, end, code);
    code = literals.code;
    return makeBlock(coded, { from: literals.next, end }, literals.bytes, state, window, out);
  };
  const frames = zstdFrames({
    frame: (found) => {
      onFrame(found);
      if (found.dictionary !== 0) throw new Error("it takes a dictionary");
      frame = found;
      made = 0;
      code = null;
      state = newSequenceState();
      window.reset(found.window);
      hash.reset();
    },
    block: (block) => {
      const bytesMade = blockInto(ready.subarray(length, length + MAX_BLOCK), block);
      if (bytesMade > frame.window) throw new Error("invalid block");
      const content = ready.subarray(length, length + bytesMade);
      window.keep(content);
      if (frame.isChecked) hash.add(content);
      length += bytesMade;
      made += bytesMade;
    },
    ended: (checksum) => {
      if (frame.content !== null && made !== frame.content) throw new Error("its content is of another length");
      if (checksum !== null && BigInt.asUintN(32, hash.digest()) !== BigInt(checksum))
        throw new Error("its content has another checksum");
    },
  });
  for await (const chunk of raw) {
    for (let at = 0; at < chunk.length; ) {
      at += frames.take(chunk.subarray(at));
      if (length < CHUNK_BYTES && at < chunk.length) continue;
      if (length > 0) yield Buffer.from(ready.subarray(0, length));
      length = 0;
      await setImmediate();
    }
  }
  frames.end();
}
