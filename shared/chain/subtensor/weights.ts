import { hexToU8a } from "@polkadot/util";
import { blake2AsHex } from "@polkadot/util-crypto";
import { z } from "zod";
import type { PendingWeights, WeightRow } from "../chain.js";
import { address, count, hex } from "./codecs.js";
import { readEpochClock } from "./epochs.js";
import { noSubnet } from "./faults.js";
import type { State } from "./state.js";

const row = z.array(z.tuple([count, count]));

/** Rows that are not empty, by uid. */
export const readWeights = async (state: State, netuid: number): Promise<readonly WeightRow[]> => {
  const [[exists], entries] = await Promise.all([
    state.items([["subtensorModule", "networksAdded", netuid]]),
    state.entries("subtensorModule", "weights", netuid),
  ]);
  if (exists !== true) throw noSubnet(netuid);
  return entries
    .map(({ keys: [uid], value }) => ({ uid: count.parse(uid), weights: row.parse(value) }))
    .filter(({ weights }) => weights.length > 0)
    .sort((a, b) => a.uid - b.uid);
};

/** What a hotkey has committed and not revealed: hashes, then timelocks, each in the order of commitment. */
export const readPendingWeights = async (
  state: State,
  netuid: number,
  hotkey: string,
  block: number,
): Promise<readonly PendingWeights[]> => [
  ...(await pendingHashes(state, netuid, hotkey, block)),
  ...(await pendingTimelocks(state, netuid, hotkey, block)),
];

const commits = z.array(z.tuple([hex, count, count, count])).nullable();

const pendingHashes = async (
  state: State,
  netuid: number,
  hotkey: string,
  block: number,
): Promise<PendingWeights[]> => {
  const [stored, period] = await state.items([
    ["subtensorModule", "weightCommits", netuid, hotkey],
    ["subtensorModule", "revealPeriodEpochs", netuid],
  ]);
  const found = commits.parse(stored) ?? [];
  if (!state.has("subtensorModule", "subnetEpochIndex"))
    return found.map(([hash, at, first, last]) => ({ hash: hash.slice(2), block: at, reveal: { first, last } }));
  // A runtime that stores its epochs keeps a commitment's epoch, not the blocks of its reveal.
  const { firstBlock } = await readEpochClock(state, netuid, block);
  return found.map(([hash, epoch, at]) => {
    const opens = epoch + count.parse(period);
    return { hash: hash.slice(2), block: at, reveal: { first: firstBlock(opens), last: firstBlock(opens + 1) - 1 } };
  });
};

const timelocks = z.array(
  z.union([
    z.tuple([address, count, hex, count]).transform(([who, at, ciphertext, round]) => ({ who, at, ciphertext, round })),
    // Spec 293 does not give the block.
    z.tuple([address, hex, count]).transform(([who, ciphertext, round]) => ({ who, at: undefined, ciphertext, round })),
  ]),
);

const pendingTimelocks = async (
  state: State,
  netuid: number,
  hotkey: string,
  block: number,
): Promise<PendingWeights[]> => {
  const item = ["timelockedWeightCommits", "crv3WeightCommitsV2", "crv3WeightCommits"].find((name) =>
    state.has("subtensorModule", name),
  );
  if (item === undefined) return [];
  const entries = await state.entries("subtensorModule", item, netuid);
  const own = entries
    .flatMap(({ keys: [epoch], value }) =>
      timelocks.parse(value).map((commit) => ({ ...commit, epoch: count.parse(epoch) })),
    )
    .filter(({ who }) => who === hotkey)
    .sort((a, b) => a.epoch - b.epoch);
  if (own.length === 0) return [];
  const { firstBlock } = await readEpochClock(state, netuid, block);
  return own.map(({ at, epoch, ciphertext, round }) => ({
    hash: blake2AsHex(hexToU8a(ciphertext), 256).slice(2),
    block: at ?? Math.max(0, firstBlock(epoch)),
    reveal: { round },
  }));
};
