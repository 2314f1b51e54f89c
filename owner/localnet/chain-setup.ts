import { burnedRegister, setCommitment } from "#shared/chain/call.js";
import type { DevChain, GenesisSpec, Signer } from "#shared/chain/index.js";
import type { Network } from "#shared/protocol/network.js";
import { cycleLength } from "#shared/protocol/phases.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { subnetParameters } from "../epoch.js";
import type { Player } from "./cast.js";

type Shape = Pick<Network, "netuid" | "phases">;

/** Blocks come fast while the subnet is set up, and stop until everybody is there. */
const SETUP_BLOCK_MS = 20;

/** A devchain with one subnet whose epochs fall at the end of each cycle; nobody but the owner is registered yet. */
export const chainGenesis = ({ netuid, phases }: Shape, owner: string): GenesisSpec => ({
  name: "localnet",
  sudo: owner,
  subnets: [
    {
      netuid,
      ownerHotkey: owner,
      hyperParameters: subnetParameters({ phases }),
    },
  ],
});

/** Registers every player by its own extrinsic, stakes the validators, and leaves the chain waiting. */
export const registerPlayers = async (
  chain: DevChain,
  netuid: number,
  players: readonly Player[],
  owner: Signer,
): Promise<void> => {
  await chain.setBlockTime(SETUP_BLOCK_MS);
  await Promise.all(players.map(({ signer }) => chain.submit(burnedRegister(netuid, signer.address), signer)));
  const stakes = players.filter(({ stake }) => stake > 0n);
  await chain.sudo(
    stakes.map(({ signer, stake }) => ({
      name: "setStake",
      args: { netuid, hotkey: signer.address, amount: String(stake) },
    })),
    owner,
  );
  await chain.setBlockTime(0);
};

/** The owner says on chain which network file is in force, and where it can be fetched. */
export const publishNetwork = async (
  chain: DevChain,
  netuid: number,
  { hash, location }: { hash: string; location: string },
  owner: Signer,
): Promise<void> => {
  await chain.setBlockTime(SETUP_BLOCK_MS);
  await chain.submit(
    setCommitment(netuid, encodeRecord({ type: "network", network: shortHash(hash), hash, location })),
    owner,
  );
  await chain.setBlockTime(0);
};

/** Builds blocks until the next one begins `cycle`. */
export const forwardTo = async (chain: DevChain, cycle: number, { phases }: Shape): Promise<void> => {
  const { number } = await chain.head();
  const missing = cycle * cycleLength(phases) - 1 - number;
  if (missing > 0) await chain.newBlocks(missing);
};
