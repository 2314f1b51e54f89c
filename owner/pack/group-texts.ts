import { existsSync } from "node:fs";
import { openPackOf, openTokens, USUAL_SHARDS } from "#datasets/tokens.js";
import type { TokenSource } from "#shared/data/token-source.js";
import type { Tokenizer } from "#shared/data/tokenizer.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { chooseShards } from "#shared/packs/choose-shards.js";
import { blobPath } from "#shared/packs/pack-folder.js";
import { packSource, placeShard } from "#shared/packs/pack-source.js";
import type { DataSource } from "#shared/protocol/data-source.js";
import type { Network } from "#shared/protocol/network.js";
import type { ShardRef } from "#shared/protocol/pack-manifest.js";

/** What a group learns from and is judged on, as far as it is looked at. */
export interface GroupTexts {
  readonly sources: readonly TokenSource[];
  /** Training shards of the group's packs that are looked at, of how many; null where it has no pack. */
  readonly shards: { readonly seen: number; readonly all: number } | null;
}

interface Among {
  readonly tokenizer: Tokenizer;
  /** Folders of blobs that have what there is of training shards; unset: a pack is whole where its path says. */
  readonly folders?: readonly string[] | undefined;
}

/**
 * The texts of a group whose sources have paths here. Of a pack's training part so many shards are looked at as a process draws from.
 *
 * @throws BlockZeroError GROUP_UNKNOWN, and what opening the sources throws
 */
export const groupTexts = ({ groups }: Pick<Network, "groups">, group: string, among: Among): GroupTexts => {
  const data = groups[group]?.data;
  if (!data)
    throw new BlockZeroError(
      "GROUP_UNKNOWN",
      `the network has no group "${group}"`,
      `name one of ${Object.keys(groups).join(", ")}`,
    );
  const { tokenizer } = among;
  const packs = data.filter(({ kind }) => kind === "pack").map((pack) => trainingOf(pack, among));
  return {
    sources: [
      ...data.map((source) => openTokens(source, tokenizer, { side: "held-out" })),
      ...packs.map(({ source }) => source),
    ],
    shards:
      packs.length === 0
        ? null
        : packs.reduce((sum, { seen, all }) => ({ seen: sum.seen + seen, all: sum.all + all }), { seen: 0, all: 0 }),
  };
};

const trainingOf = (name: DataSource, { tokenizer, folders }: Among) => {
  const pack = openPackOf(name, tokenizer);
  const { training } = pack.manifest;
  const here = folders === undefined ? training : training.filter((shard) => isPlaced(shard, folders));
  const chosen = chooseShards({ training: here }, USUAL_SHARDS);
  return {
    source: packSource(
      pack,
      chosen.map((ref) => ({ side: "training", ref })),
    ),
    seen: chosen.length,
    all: training.length,
  };
};

const isPlaced = ({ hash }: ShardRef, folders: readonly string[]): boolean => {
  const path = folders.map((folder) => blobPath(folder, hash)).find((file) => existsSync(file));
  if (path !== undefined) placeShard(hash, path);
  return path !== undefined;
};
