import { setCommitment } from "#shared/chain/call.js";
import type { Chain } from "#shared/chain/chain.js";
import { isRejected } from "#shared/chain/writer/chain-rejected.js";
import { BlockZeroError, hasCode } from "#shared/errors/error.js";
import type { Network } from "#shared/protocol/network.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import type { Signer } from "#shared/protocol/signer.js";

/** Only the owner's record names a subnet's network. @throws BlockZeroError NOT_SUBNET_OWNER */
export const checkOwner = async (chain: Chain, netuid: number, { address }: Signer): Promise<void> => {
  const { ownerHotkey } = await chain.metagraph(netuid);
  if (ownerHotkey === address) return;
  throw new BlockZeroError(
    "NOT_SUBNET_OWNER",
    `subnet ${netuid} belongs to ${ownerHotkey}, the wallet's hotkey is ${address}`,
    "name the owner's wallet with --wallet.name and --wallet.hotkey",
  );
};

/** Puts the record on chain where it is not. @returns the block that holds it */
export const commitUnlessThere = async (
  chain: Chain,
  netuid: number,
  record: string,
  owner: Signer,
): Promise<number> => {
  const present = (await chain.commitments(netuid)).find(({ hotkey }) => hotkey === owner.address);
  return present?.data === record ? present.block : (await chain.submit(setCommitment(netuid, record), owner)).block;
};

/** Whose first cycle was over before the subnet was made ends every participant that reads it. @throws BlockZeroError NETWORK_BEGINS_EARLY */
export const refuseEarly = async (
  chain: Pick<Chain, "head" | "metagraph">,
  { netuid, first_cycle, phases }: Pick<Network, "netuid" | "first_cycle" | "phases">,
): Promise<void> => {
  const last = phaseWindow(first_cycle, "merge", phases).end - 1;
  if (last >= (await chain.head()).number) return;
  try {
    await chain.metagraph(netuid, last);
  } catch (thrown) {
    // A node that keeps less cannot say.
    if (hasCode(thrown, "STATE_DISCARDED")) return;
    if (!isRejected(thrown, "SubNetworkDoesNotExist")) throw thrown;
    throw new BlockZeroError(
      "NETWORK_BEGINS_EARLY",
      `the network file's first cycle, ${first_cycle}, ended with block ${last}, before subnet ${netuid} was made`,
      "make the genesis again with --first-cycle auto",
      { cause: thrown },
    );
  }
};

/** Blocks that a record may take until the chain has it: the next one, or the one after. */
const BLOCKS_TO_RECORD = 2;

type Dated = Pick<Network, "first_cycle" | "phases">;

/** The first block of a change's first cycle. Null for what is no change. */
const beginOf = ({ first_cycle, phases }: Dated, former: Pick<Network, "first_cycle"> | null): number | null =>
  former !== null && first_cycle > former.first_cycle ? phaseWindow(first_cycle, "distribute", phases).start : null;

/** A change whose record could come too late is not sent: it would stay on chain and take no effect. @throws BlockZeroError NETWORK_CHANGE_LATE */
export const refuseShort = (network: Dated, former: Pick<Network, "first_cycle"> | null, head: number): void => {
  const begin = beginOf(network, former);
  if (begin === null || head + BLOCKS_TO_RECORD < begin) return;
  throw new BlockZeroError(
    "NETWORK_CHANGE_LATE",
    `the newest block is ${head}, and cycle ${network.first_cycle}, from which on the change is to hold, begins with block ${begin}: nothing was sent`,
    "publish it with a later --from-cycle",
  );
};

/** A change that the chain took up after its first cycle had begun takes no effect. @throws BlockZeroError NETWORK_CHANGE_LATE */
export const refuseLate = (network: Dated, former: Pick<Network, "first_cycle"> | null, block: number): void => {
  const begin = beginOf(network, former);
  const { first_cycle } = network;
  if (begin === null || block < begin) return;
  throw new BlockZeroError(
    "NETWORK_CHANGE_LATE",
    `block ${block} holds the change, but its first cycle, ${first_cycle}, had begun: it takes no effect`,
    "publish it again, with a later --from-cycle",
  );
};
