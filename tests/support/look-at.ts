import { type OpenedSubnet, openSubnet } from "#shared/subnet/open-subnet.js";
import { collectingLog } from "../shared/chain/support.js";
import { NETUID } from "./micro-network.js";
import type { Living, Subnet } from "./subnet.js";

/** A subnet as a stranger sees it: its chain, and what its owner and validators serve. */
export const lookAt = async (t: Living, { node }: Pick<Subnet, "node">): Promise<OpenedSubnet> => {
  const seen = await openSubnet({
    home: undefined,
    chain: node.endpoint,
    netuid: NETUID,
    allowPrivateAddresses: true,
    log: collectingLog().log,
    signal: t.signal,
  });
  t.after(() => seen.close());
  return seen;
};
