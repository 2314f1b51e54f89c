import { z } from "zod";
import type { Metagraph } from "../chain.js";
import { decodeAxon } from "./axon.js";
import { address, amount, count, flag, share } from "./codecs.js";
import { noSubnet } from "./faults.js";
import type { State } from "./state.js";

/** Numbers of the fields to request from `get_selective_metagraph`: everything about a neuron, and no more. */
const FIELDS = {
  ownerHotkey: 5,
  block: 7,
  hotkeys: 52,
  coldkeys: 53,
  axons: 55,
  active: 56,
  validatorPermit: 57,
  lastUpdate: 59,
  emission: 60,
  dividends: 61,
  incentives: 62,
  consensus: 63,
  trust: 64,
  rank: 65,
  blockAtRegistration: 66,
  totalStake: 69,
};

const axonSchema = z.object({ block: count, ip: amount, port: count, ipType: count });
const metagraphSchema = z.object({
  ownerHotkey: address,
  block: count,
  hotkeys: z.array(address),
  coldkeys: z.array(address),
  axons: z.array(axonSchema),
  active: z.array(flag),
  validatorPermit: z.array(flag),
  lastUpdate: z.array(count),
  emission: z.array(amount),
  dividends: z.array(share),
  incentives: z.array(share),
  consensus: z.array(share),
  trust: z.array(share),
  rank: z.array(share),
  blockAtRegistration: z.array(count),
  totalStake: z.array(amount),
});

/** Two requests in parallel, however many neurons there are. Throws `ChainRejected` SubNetworkDoesNotExist. */
export const readMetagraph = async (state: State, netuid: number): Promise<Metagraph> => {
  const [answer, [validatorTrust]] = await Promise.all([
    askMetagraph(state, netuid),
    state.items([["subtensorModule", "validatorTrust", netuid]]),
  ]);
  if (answer === null) throw noSubnet(netuid);
  const graph = metagraphSchema.parse(answer);
  const trusts = z.array(share).parse(validatorTrust);
  return {
    netuid,
    block: graph.block,
    ownerHotkey: graph.ownerHotkey,
    neurons: graph.hotkeys.map((hotkey, uid) => {
      const of = <T>(values: readonly T[]): T => {
        const value = values[uid];
        if (value === undefined) throw new TypeError(`the metagraph says nothing of uid ${uid} in one of its columns`);
        return value;
      };
      const { ip, port, ipType, block: announced } = of(graph.axons);
      const axon = decodeAxon(ip, port, ipType);
      return {
        uid,
        hotkey,
        coldkey: of(graph.coldkeys),
        stake: of(graph.totalStake),
        validatorPermit: of(graph.validatorPermit),
        active: of(graph.active),
        rank: of(graph.rank),
        trust: of(graph.trust),
        validatorTrust: trusts[uid] ?? 0,
        incentive: of(graph.incentives),
        consensus: of(graph.consensus),
        dividends: of(graph.dividends),
        emission: of(graph.emission),
        lastUpdate: of(graph.lastUpdate),
        registeredAt: of(graph.blockAtRegistration),
        axon: axon && { ...axon, block: announced },
      };
    }),
  };
};

const askMetagraph = async (state: State, netuid: number): Promise<unknown> => {
  const selective = await state.call(
    "subnetInfoRuntimeApi",
    "getSelectiveMetagraph",
    netuid,
    Object.values(FIELDS).sort((a, b) => a - b),
  );
  return selective === undefined ? state.call("subnetInfoRuntimeApi", "getMetagraph", netuid) : selective;
};
