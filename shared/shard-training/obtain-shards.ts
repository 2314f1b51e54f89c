import { openPack } from "#datasets/tokens.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { chooseShards } from "#shared/packs/choose-shards.js";
import type { Participant } from "#shared/participant/participant.js";
import { mapLimited } from "#shared/util/map-limited.js";
import { type RunPlace, shardChoice } from "./run-identity.js";

/** Shards that are fetched at once. */
const SHARDS_AT_ONCE = 4;

/**
 * Has the training shards here that a cycle draws from, of every pack of the group; the cache keeps them while they are of use.
 *
 * @throws BlockZeroError TEXT_MISSING naming group and shard
 */
export const obtainShards = async (
  { blobs, network, models, signal }: Pick<Participant, "blobs" | "network" | "models" | "signal">,
  { group, config, miner }: Pick<RunPlace, "group" | "config" | "miner">,
  cycle: number,
): Promise<void> => {
  if (config.data_path !== undefined && config.data_weight === 1) return;
  const choice = shardChoice({ config, miner }, cycle);
  const packs = network.groups[group]!.data.filter(({ kind }) => kind === "pack");
  const shards = packs.flatMap((source) => chooseShards(openPack(source).manifest, choice));
  await mapLimited(shards, SHARDS_AT_ONCE, async ({ hash, bytes }) => {
    try {
      await (await blobs.open({ hash, maxBytes: bytes, locations: () => models.servers(hash), signal })).close();
    } catch (cause) {
      signal.throwIfAborted();
      if (!(cause instanceof BlockZeroError)) throw cause;
      throw new BlockZeroError(
        "TEXT_MISSING",
        `a training shard of group "${group}" (${hash}, ${bytes} bytes) cannot be had: ${reasonOf(cause)}`,
        "ask the subnet's owner to keep `blockzero publish` running, or lower pack_shards",
        { cause },
      );
    }
  });
};
