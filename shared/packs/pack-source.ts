import type { Side } from "#shared/data/split.js";
import type { TokenSource } from "#shared/data/token-source.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { readSmallFileSync } from "#shared/files/regular-file.js";
import { sha256 } from "#shared/protocol/hash.js";
import type { ShardRef } from "#shared/protocol/pack-manifest.js";
import { byteBudgetLru } from "#shared/util/byte-budget-lru.js";
import { blobPath, type PackFolder } from "./pack-folder.js";
import { decodeShard, type Shard } from "./shard.js";

/** What shards of a process take in memory at most, bytes. */
const KEPT_BYTES = 256 << 20;

interface Loaded extends Shard {
  readonly fileBytes: number;
}

const recent = byteBudgetLru<Loaded>(({ fileBytes }) => fileBytes, KEPT_BYTES);
const elsewhere = new Map<string, string>();

/** Says where a blob is that is not beside its manifest. Content decides: a hash has one meaning in all packs. */
export const placeShard = (hash: string, path: string): void => void elsewhere.set(hash, path);

/** Shards of a pack, each with its side, as one source: its documents follow one another in the shards' order. */
export const packSource = (
  { manifest, blobs }: Pick<PackFolder, "manifest" | "blobs">,
  shards: readonly { readonly side: Side; readonly ref: ShardRef }[],
): TokenSource => {
  const { size } = manifest.tokenizer;
  const isWhole = manifest.separators === "written";
  const load = (ref: ShardRef): Shard =>
    recent(`${ref.hash} ${size}`, () => readShard(elsewhere.get(ref.hash) ?? blobPath(blobs, ref.hash), ref, size));
  const firsts: number[] = [];
  let documents = 0;
  for (const { ref } of shards) {
    firsts.push(documents);
    documents += ref.documents;
  }
  const at = (index: number) => {
    if (!Number.isInteger(index) || index < 0 || index >= documents)
      throw new RangeError(`the pack has documents 0 to ${documents - 1}, not ${index}`);
    const shard = lastNotAbove(firsts, index);
    const { side, ref } = shards[shard]!;
    return { side, ref, place: index - firsts[shard]! };
  };
  return {
    kind: "pack",
    size: documents,
    tokens: (index) => {
      const { ref, place } = at(index);
      const { ids, counts } = load(ref).document(place);
      return { ids, ...(counts && { counts }), ...(isWhole && { isWhole }) };
    },
    place: (index) => {
      const { side, ref, place } = at(index);
      return { side, bytes: load(ref).bytesOf(place) };
    },
  };
};

const readShard = (path: string, ref: ShardRef, size: number): Loaded => {
  const bytes = readSmallFileSync(path, ref.bytes);
  if (sha256(bytes) !== ref.hash)
    throw new BlockZeroError(
      "PACK_MALFORMED",
      `${path} is not the shard that the pack names`,
      "remove the file: it is fetched or packed again",
    );
  const shard = decodeShard(bytes, size);
  const { documents, tokens, textBytes } = shard;
  if (documents !== ref.documents || tokens !== ref.tokens || textBytes !== ref.text_bytes)
    throw new BlockZeroError(
      "PACK_MALFORMED",
      `shard ${ref.hash} has ${documents} documents, ${tokens} tokens and ${textBytes} bytes of text, the manifest says ${ref.documents}, ${ref.tokens} and ${ref.text_bytes}`,
      "ask the pack's maker to pack it again",
    );
  return { ...shard, fileBytes: bytes.length };
};

/** Position of the last element that is not above a value, in an ascending array that begins with 0. */
const lastNotAbove = (ascending: readonly number[], value: number): number => {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (ascending[middle]! <= value) low = middle;
    else high = middle - 1;
  }
  return low;
};
