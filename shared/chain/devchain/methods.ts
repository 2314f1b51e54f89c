import { z } from "zod";
import type { Metagraph, Neuron } from "../chain.js";
import { addressSchema } from "./address.js";
import { U16_MAX } from "./fixed.js";
import { netuidSchema } from "./genesis.js";
import { BLOCKS_AT_ONCE, type DevNode } from "./node.js";
import type { ChainState, SubnetState } from "./state.js";
import { stakeOf, subnetOf } from "./subnet.js";

/** What a call may do to the connection that it came over. */
export interface Connection {
  /** From now on every new head is notified. */
  followHeads(): void;
  /** The extrinsic's inclusion will be notified. */
  follow(extrinsicHash: string): void;
}

type Method = (params: readonly unknown[], connection: Connection) => unknown;

/** Heads of one `chain_heads`. */
const HEADS_AT_ONCE = 256;
/** Faster than this no two parties could keep up. */
const LEAST_BLOCK_TIME_MS = 10;

const block = z.int().min(0);
const at = block.optional();

/** The node's JSON-RPC methods by name. They throw `ZodError` on bad parameters and `Fault` where the chain says no. */
export const rpcMethods = (node: DevNode): ReadonlyMap<string, Method> => {
  const { history } = node;
  const ofSubnet =
    (view: (subnet: SubnetState, state: ChainState) => unknown): Method =>
    (params) => {
      const [netuid, block] = z.tuple([netuidSchema, at]).parse(params);
      const state = history.state(block);
      return view(subnetOf(state, netuid), state);
    };

  return new Map<string, Method>([
    ["chain_head", () => history.head],
    ["chain_finalized", () => history.head],
    ["chain_hash", (params) => history.headAt(z.tuple([block]).parse(params)[0]).hash],
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
    [
      "subnet_hyperParameters",
      ofSubnet(({ hyperParameters }) => ({
        ...hyperParameters,
        weightsMode: "plain",
        revealPeriod: 1,
        servingRateLimit: 0,
        registrationAllowed: true,
      })),
    ],
    [
      "subnet_commitments",
      ofSubnet(({ commitments }) => [...commitments].map(([hotkey, { data, block }]) => ({ hotkey, data, block }))),
    ],
    [
      "subnet_weights",
      ofSubnet(({ neurons }) => neurons.flatMap(({ weights }, uid) => (weights.length > 0 ? [{ uid, weights }] : []))),
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

/** Amounts as decimal digits. */
type OnWire<T> = { readonly [K in keyof T]: T[K] extends bigint ? string : T[K] };

const metagraphOf = (
  subnet: SubnetState,
  state: ChainState,
): Omit<Metagraph, "neurons"> & { neurons: readonly OnWire<Neuron>[] } => ({
  netuid: subnet.netuid,
  block: state.block,
  ownerHotkey: subnet.ownerHotkey,
  neurons: subnet.neurons.map((neuron, uid) => ({
    uid,
    hotkey: neuron.hotkey,
    coldkey: neuron.coldkey,
    stake: String(stakeOf(subnet, neuron.hotkey)),
    validatorPermit: neuron.permit,
    active: neuron.active,
    trust: neuron.trust / U16_MAX,
    validatorTrust: neuron.validatorTrust / U16_MAX,
    rank: neuron.rank / U16_MAX,
    incentive: neuron.incentive / U16_MAX,
    consensus: neuron.consensus / U16_MAX,
    dividends: neuron.dividends / U16_MAX,
    emission: String(neuron.emission),
    lastUpdate: neuron.lastUpdate,
    registeredAt: neuron.registeredAt,
    axon: null,
  })),
});
