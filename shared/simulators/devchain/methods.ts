import { z } from "zod";
import { addressSchema } from "#shared/chain/devchain/address.js";
import { netuidSchema } from "#shared/chain/devchain/genesis.js";
import { publicBeacon, pulse } from "./beacon.js";
import { BLOCKS_AT_ONCE, type DevNode } from "./node.js";
import type { ChainState, SubnetState } from "./state.js";
import { subnetOf } from "./subnet.js";
import {
  commitmentSpaceOf,
  commitmentsOf,
  hyperParametersOf,
  metagraphOf,
  nextEpochOf,
  pendingWeightsOf,
} from "./views.js";

/** What a call may do to its connection. */
export interface Connection {
  /** From now on, notifies of every new head. */
  followHeads(): void;
  /** Notifies when the extrinsic is included. */
  follow(extrinsicHash: string): void;
}

type Method = (params: readonly unknown[], connection: Connection) => unknown;

/** Greatest number of heads in one `chain_heads`. */
const HEADS_AT_ONCE = 256;
/** Participants could not keep up with a shorter block time. */
const LEAST_BLOCK_TIME_MS = 10;

const block = z.int().min(0);
const at = block.optional();

/** The node's JSON-RPC methods by name. They throw `ZodError` on bad parameters and `Fault` if the chain forbids the request. */
export const rpcMethods = (node: DevNode): ReadonlyMap<string, Method> => {
  const { history } = node;
  const ofSubnet =
    (view: (subnet: SubnetState, state: ChainState) => unknown): Method =>
    (params) => {
      const [netuid, block] = z.tuple([netuidSchema, at]).parse(params);
      const state = history.state(block);
      return view(subnetOf(state, netuid), state);
    };
  const ofHotkey =
    (view: (subnet: SubnetState, hotkey: string, state: ChainState) => unknown): Method =>
    (params) => {
      const [netuid, hotkey] = z.tuple([netuidSchema, addressSchema]).parse(params);
      return view(subnetOf(history.latest, netuid), hotkey, history.latest);
    };

  return new Map<string, Method>([
    ["chain_head", () => history.head],
    ["chain_finalized", () => node.finalized],
    ["chain_hash", (params) => history.headAt(z.tuple([block]).parse(params)[0]).hash],
    ["chain_timestamp", (params) => history.headAt(z.tuple([block]).parse(params)[0]).timestamp],
    [
      "chain_heads",
      (params) => {
        const [from, count] = z.tuple([block, z.int().min(1).max(HEADS_AT_ONCE)]).parse(params);
        return history.heads(from, count);
      },
    ],
    [
      "chain_subscribe",
      (_, connection) => {
        connection.followHeads();
        return { genesis: history.latest.genesisHash, head: history.head };
      },
    ],
    ["subnet_metagraph", ofSubnet(metagraphOf)],
    ["subnet_hyperParameters", ofSubnet(hyperParametersOf)],
    ["subnet_commitments", ofSubnet(commitmentsOf)],
    ["subnet_commitmentSpace", ofHotkey(commitmentSpaceOf)],
    ["subnet_pendingWeights", ofHotkey(pendingWeightsOf)],
    ["subnet_nextEpoch", ofSubnet(nextEpochOf)],
    [
      "subnet_weights",
      ofSubnet(({ neurons }) => neurons.flatMap(({ weights }, uid) => (weights.length > 0 ? [{ uid, weights }] : []))),
    ],
    ["drand_beacon", () => history.latest.genesis.drand && publicBeacon(history.latest.genesis.drand)],
    [
      "drand_pulse",
      (params) => {
        const { drand } = history.latest.genesis;
        const [round, block] = z.tuple([z.int().min(1), at]).parse(params);
        const { timestamp } = block === undefined ? history.head : history.headAt(block);
        const signature = drand && pulse(drand, round, timestamp);
        return signature ? Buffer.from(signature).toString("hex") : null;
      },
    ],
    ["account_nonce", (params) => node.nextNonce(z.tuple([addressSchema]).parse(params)[0])],
    [
      "account_balance",
      (params) => String(history.latest.balances.get(z.tuple([addressSchema]).parse(params)[0]) ?? 0n),
    ],
    [
      "author_submit",
      ([extrinsic], connection) => {
        const submission = node.submit(extrinsic);
        if (submission.status === "pool") connection.follow(submission.hash);
        return submission;
      },
    ],
    ["dev_newBlocks", (params) => node.newBlocks(z.tuple([z.int().min(1).max(BLOCKS_AT_ONCE)]).parse(params)[0])],
    ["dev_undoBlock", (params) => node.undoBlock(z.tuple([z.boolean()]).parse(params)[0])],
    [
      "dev_setBlockTime",
      (params) => {
        const ms = z.int().min(LEAST_BLOCK_TIME_MS).max(3_600_000);
        node.setBlockTime(z.tuple([z.union([z.literal(0), ms])]).parse(params)[0]);
        return true;
      },
    ],
  ]);
};
