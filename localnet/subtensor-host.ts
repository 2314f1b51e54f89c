import { join } from "node:path";
import { STAKE_THRESHOLD } from "#owner/chain/epoch.js";
import { addStake, burnedRegister } from "#shared/chain/call.js";
import type { WeightsMode } from "#shared/chain/chain.js";
import type { ConnectOptions } from "#shared/chain/connection/connect-options.js";
import { connectSubtensor } from "#shared/chain/subtensor/connect.js";
import { writeFileAtomic } from "#shared/files/atomic-file.js";
import type { Network } from "#shared/protocol/network.js";
import { cycleLength } from "#shared/protocol/phases.js";
import type { Signer } from "#shared/protocol/signer.js";
import { publicBeacon } from "#shared/simulators/devchain/beacon.js";
import { createSubnet, ownSubtensor } from "#shared/simulators/subtensor/bootstrap.js";
import { UNITS_PER_TOKEN } from "#shared/util/tokens.js";
import { beaconSetting, firstOpened } from "./beacon.js";
import type { LocalChainHost } from "./local-chain.js";
import type { LocalnetParticipant } from "./roles.js";

/** Initial balance of the coldkey, which pays for everybody. */
const FORTUNE = 10_000_000n * UNITS_PER_TOKEN;
/** Large compared with the validators' stakes, so that buying stake hardly moves the price. */
const POOL = 100_000n * UNITS_PER_TOKEN;
/** Building a block takes a few tenths of a second, and so does checking an extrinsic. A write must fit into two blocks. */
const BLOCK_TIME_MS = 3000;

/** Keys of a subnet's owner. */
export interface OwnerKeys {
  /** Pays for all registrations and stakes, and may change the chain's parameters. */
  readonly coldkey: Signer;
  readonly hotkey: Signer;
}

interface RuntimeLocalnet {
  readonly home: string;
  readonly seed: number;
  readonly weights: WeightsMode;
  readonly sealed: boolean;
  /** Milliseconds between blocks. Unset: the default of the chain. */
  readonly blockTime: number | undefined;
  readonly runtime: string;
}

/** A real subtensor runtime, offline. It persists nothing. */
export const subtensorHost = (
  { phases }: Pick<Network, "phases">,
  { coldkey, hotkey }: OwnerKeys,
  { home, seed, weights, sealed, runtime, blockTime: given = BLOCK_TIME_MS }: RuntimeLocalnet,
  connection: Omit<ConnectOptions, "endpoint">,
): LocalChainHost => {
  const drand = beaconSetting({ seed, weights, sealed, blockTime: given });
  return {
    blockTime: BLOCK_TIME_MS,
    // The runtime accepts no axon at 127.0.0.1. Linux routes all of 127.0.0.0/8 to loopback.
    address: process.platform === "linux" ? "127.0.0.2" : "127.0.0.1",
    ...(drand && { beacon: publicBeacon(drand) }),
    firstCycle: firstOpened(weights),
    process: (port, blockTime) => {
      const genesis = join(home, "chain-genesis.json");
      const balances = { [coldkey.address]: String(FORTUNE) };
      writeFileAtomic(genesis, JSON.stringify({ sudo: coldkey.address, balances, ...(drand && { drand }) }));
      return {
        name: "subtensor",
        program: "cli/main.js",
        logFile: join(home, "logs", "subtensor.log"),
        args: () => [
          "subtensor-node",
          ...["--runtime", runtime, "--genesis", genesis],
          ...["--port", String(port), "--block-time", String(blockTime())],
        ],
      };
    },
    connect: async (endpoint) => {
      const chain = await connectSubtensor({ ...connection, endpoint });
      const own = ownSubtensor(chain);
      return {
        chain,
        setBlockTime: own.setBlockTime,
        newBlocks: own.newBlocks,
        enrol: async (participants) => {
          const netuid = await createSubnet(own, {
            sudo: coldkey,
            owner: coldkey,
            ownerHotkey: hotkey.address,
            pool: POOL,
            parameters: {
              // Epochs fall where (block + netuid + 2) is a multiple of tempo + 1.
              tempo: cycleLength(phases) - 1,
              weightsRateLimit: phases.merge,
              stakeThreshold: STAKE_THRESHOLD,
              isCommitReveal: weights !== "plain",
            },
          });
          await Promise.all(
            participants.map(({ signer }) => chain.submit(burnedRegister(netuid, signer.address), coldkey)),
          );
          const staked = participants.filter(({ stake }) => stake > 0n);
          await Promise.all([
            ...staked.map(({ signer, stake }) => chain.submit(addStake(netuid, signer.address, stake), coldkey)),
            ...participants
              .filter(({ address }) => address !== "127.0.0.1")
              .map((participant) => serve(participant, netuid)),
          ]);
          return { netuid };
        },
      };

      function serve({ signer, address: ip, port }: LocalnetParticipant, netuid: number) {
        return chain.submit({ name: "serveAxon", args: { netuid, ip, port } }, signer);
      }
    },
  };
};
