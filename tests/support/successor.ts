import { type Network, networkBytes, networkHash } from "#shared/protocol/network.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { originOf } from "#shared/protocol/succession.js";
import type { Subnet } from "./subnet.js";

/** A network file that takes over from another one in a cycle. */
export const successorOf = (former: Network, fromCycle: number, change: Partial<Network> = {}): Network => {
  const hash = networkHash(former);
  return {
    ...former,
    ...change,
    first_cycle: fromCycle,
    succeeds: { network: hash, origin: originOf(former, hash) },
  };
};

/** As `blockzero publish` does it, without being asked. */
export const publishFile = async ({ store, record, location }: Subnet, network: Network): Promise<string> => {
  await store.put(networkBytes(network));
  const hash = networkHash(network);
  await record({ owner: encodeRecord({ type: "network", network: shortHash(hash), hash, location }) });
  return hash;
};
