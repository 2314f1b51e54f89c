import { openTokenizer } from "#shared/data/open-tokenizer.js";
import { type TokenSource, tokenised } from "#shared/data/token-source.js";
import type { Tokenizer } from "#shared/data/tokenizer.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { chooseShards } from "#shared/packs/choose-shards.js";
import { openPackFolder, type PackFolder } from "#shared/packs/pack-folder.js";
import { packSource } from "#shared/packs/pack-source.js";
import type { DataSource } from "#shared/protocol/data-source.js";
import type { Network } from "#shared/protocol/network.js";
import { tokenizerFiles } from "#shared/protocol/tokenizer-files.js";
import { openSource, type SourceName } from "./index.js";

/** Training shards of a pack that are drawn from: at most so many, chosen by the seed. */
export interface ShardChoice {
  readonly seed: string;
  readonly most: number;
}

/** What a source is opened for: of a pack only the shards that this takes need be here. */
export type SourceUse =
  | { readonly side: "held-out" }
  | { readonly side: "training"; readonly shards?: ShardChoice | undefined };

/** Training shards in use at once, where nothing else is said. */
export const USUAL_SHARDS: ShardChoice = { seed: "", most: 256 };

/**
 * Opens a source by name, as tokens.
 *
 * @throws BlockZeroError what `openSource` and `openPack` throw, PACK_TOKENIZER
 */
export const openTokens = (name: SourceName, tokenizer: Tokenizer, use: SourceUse): TokenSource => {
  if (name.kind !== "pack") return tokenised(openSource(name), tokenizer);
  const pack = openPackOf(name, tokenizer);
  const { manifest, hash } = pack;
  if (use.side === "training") {
    const shards = chooseShards(manifest, use.shards ?? USUAL_SHARDS);
    return packSource(
      pack,
      shards.map((ref) => ({ side: "training", ref })),
    );
  }
  const known = heldOut.get(hash);
  if (known) return known;
  const source = packSource(
    pack,
    manifest.held_out.map((ref) => ({ side: "held-out", ref })),
  );
  heldOut.set(hash, source);
  return source;
};

/** One object a pack, since loaders remember what they know of a source. */
const heldOut = new Map<string, TokenSource>();

/** Opens a pack's manifest by name. @throws BlockZeroError DATASET_PATH_MISSING, DATASET_MISMATCH, PACK_MALFORMED, FILE_UNREADABLE */
export const openPack = ({ path, sha256 }: Pick<SourceName, "path" | "sha256">): PackFolder => {
  if (path !== undefined) return openPackFolder(path, sha256);
  throw new BlockZeroError(
    "DATASET_PATH_MISSING",
    'the source "pack" has no path',
    "name the folder that `blockzero data pack` wrote",
  );
};

/** Opens a pack's manifest by name, for tokens of this tokenizer. @throws BlockZeroError as `openPack`; PACK_TOKENIZER */
export const openPackOf = (name: Pick<SourceName, "path" | "sha256">, tokenizer: Tokenizer): PackFolder => {
  const pack = openPack(name);
  const own = pack.manifest.tokenizer;
  // Ids are checked against the manifest's size: it must be the tokenizer's.
  if (own.name === tokenizer.name && own.size === tokenizer.size) return pack;
  throw new BlockZeroError(
    "PACK_TOKENIZER",
    `pack ${pack.hash.slice(0, 8)} has tokens of ${described(own)}, the network those of ${described(tokenizer)}`,
    "pack the text again with the network's tokenizer",
  );
};

/**
 * Whether the sources of a network can be opened here: of a pack its manifest, and that its tokens are of the network's tokenizer where that is here.
 *
 * @param isHere which sources are looked at; unset: all
 * @throws BlockZeroError as `openTokens`; TOKENIZER_… where there is a pack
 */
export const checkSources = (
  { groups, data }: Pick<Network, "groups" | "data">,
  isHere: (source: DataSource) => boolean = () => true,
): void => {
  for (const { data: sources } of Object.values(groups))
    for (const source of sources.filter(isHere)) {
      if (source.kind !== "pack") openSource(source);
      else if (isOpenable(data)) openPackOf(source, openTokenizer(data));
      else openPack(source);
    }
};

const isOpenable = ({ tokenizer }: Network["data"]): boolean =>
  tokenizerFiles(tokenizer).every(({ path }) => path !== undefined);

const described = ({ name, size }: { readonly name: string; readonly size: number }): string =>
  `${name.slice(0, 8)} with ${size} ids`;
