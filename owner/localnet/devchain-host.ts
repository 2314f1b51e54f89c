import { createHash } from "node:crypto";
import { join } from "node:path";
import { burnedRegister } from "#shared/chain/call.js";
import type { WeightsMode } from "#shared/chain/chain.js";
import { publicBeacon } from "#shared/chain/devchain/beacon.js";
import type { DrandSetting } from "#shared/chain/devchain/genesis.js";
import { type ConnectOptions, connectDevChain, type GenesisSpec, type Signer } from "#shared/chain/index.js";
import { writeFileAtomic } from "#shared/files/atomic-file.js";
import type { Network } from "#shared/protocol/network.js";
import { subnetParameters } from "../epoch.js";
import type { LocalChainHost } from "./local-chain.js";

type Shape = Pick<Network, "netuid" | "phases">;

/** A pulse a block, and of slow blocks one a second: a short cycle has some between its weights and their epoch. */
const periodOf = (blockTime: number): number => Math.min(1, blockTime / 1000);
const BLOCK_TIME_MS = 800;

/** Subtensor opens no timelock before its third tempo, and here a tempo is a cycle. */
const FIRST_OPENED = 2;

interface DevchainLocalnet {
  readonly home: string;
  readonly seed: number;
  readonly weights: WeightsMode;
  readonly sealed: boolean;
  /** Milliseconds between blocks; unset, as suits the chain. */
  readonly blockTime: number | undefined;
}

/** A devchain with one subnet whose epochs fall at the end of each cycle; nobody but the owner is registered yet. */
const chainGenesis = (
  { netuid, phases }: Shape,
  owner: string,
  weights: WeightsMode,
  drand: DrandSetting | null,
): GenesisSpec => ({
  name: "localnet",
  sudo: owner,
  drand,
  subnets: [
    {
      netuid,
      ownerHotkey: owner,
      hyperParameters: { ...subnetParameters({ phases }), commitReveal: weights !== "plain" },
    },
  ],
});

/**
 * The beacon whose pulses make seeds and open weights and text; its own seed is no secret here. Where a devchain has one, whoever commits weights
 * leaves it to the beacon to reveal them.
 */
const beaconSetting = ({ seed, weights, sealed, blockTime = BLOCK_TIME_MS }: DevchainLocalnet): DrandSetting | null =>
  weights === "hash" && !sealed
    ? null
    : {
        seed: createHash("sha256").update(`blockzero localnet ${seed} beacon`).digest("hex"),
        genesisTime: 0,
        period: periodOf(blockTime),
      };

export const devchainHost = (
  template: Shape,
  owner: Signer,
  localnet: DevchainLocalnet,
  connection: Omit<ConnectOptions, "endpoint">,
): LocalChainHost => {
  const { home, weights } = localnet;
  const drand = beaconSetting(localnet);
  return {
    blockTime: BLOCK_TIME_MS,
    address: "127.0.0.1",
    ...(drand && { beacon: publicBeacon(drand) }),
    ...(weights === "timelock" && { firstCycle: FIRST_OPENED }),
    process: (port, blockTime) => {
      const genesis = join(home, "chain-genesis.json");
      writeFileAtomic(genesis, JSON.stringify(chainGenesis(template, owner.address, weights, drand)));
      return {
        name: "devchain",
        program: "owner/main.js",
        logFile: join(home, "logs", "devchain.log"),
        args: () => [
          "devchain",
          ...["--home", join(home, "chain"), "--genesis", genesis],
          ...["--port", String(port), "--block-time", String(blockTime())],
        ],
      };
    },
    connect: async (endpoint) => {
      const chain = await connectDevChain({ ...connection, endpoint });
      return {
        chain,
        setBlockTime: (ms) => chain.setBlockTime(ms),
        newBlocks: async (count) => void (await chain.newBlocks(count)),
        enrol: async (players) => {
          const { netuid } = template;
          await Promise.all(players.map(({ signer }) => chain.submit(burnedRegister(netuid, signer.address), signer)));
          const staked = players.filter(({ stake }) => stake > 0n);
          await chain.sudo(
            staked.map(({ signer, stake }) => ({
              name: "setStake",
              args: { netuid, hotkey: signer.address, amount: String(stake) },
            })),
            owner,
          );
          return { netuid };
        },
      };
    },
  };
};
