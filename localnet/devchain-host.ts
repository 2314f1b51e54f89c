import { join } from "node:path";
import { subnetParameters } from "#owner/chain/epoch.js";
import { burnedRegister } from "#shared/chain/call.js";
import type { WeightsMode } from "#shared/chain/chain.js";
import type { ConnectOptions } from "#shared/chain/connection/connect-options.js";
import { connectDevchain } from "#shared/chain/devchain/client.js";
import type { DrandSetting, GenesisSpec } from "#shared/chain/devchain/genesis.js";
import { writeFileAtomic } from "#shared/files/atomic-file.js";
import type { Network } from "#shared/protocol/network.js";
import type { Signer } from "#shared/protocol/signer.js";
import { publicBeacon } from "#shared/simulators/devchain/beacon.js";
import { beaconSetting, firstOpened } from "./beacon.js";
import type { LocalChainHost } from "./local-chain.js";

type Shape = Pick<Network, "netuid" | "phases">;

const BLOCK_TIME_MS = 800;

interface DevchainLocalnet {
  readonly home: string;
  readonly seed: number;
  readonly weights: WeightsMode;
  readonly sealed: boolean;
  /** Milliseconds between blocks. Unset: the default of the chain. */
  readonly blockTime: number | undefined;
}

/** A devchain with one subnet whose epochs fall at the end of each cycle. Only the owner is registered so far. */
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

export const devchainHost = (
  template: Shape,
  owner: Signer,
  localnet: DevchainLocalnet,
  connection: Omit<ConnectOptions, "endpoint">,
): LocalChainHost => {
  const { home, weights, blockTime = BLOCK_TIME_MS } = localnet;
  const drand = beaconSetting({ ...localnet, blockTime });
  return {
    blockTime: BLOCK_TIME_MS,
    address: "127.0.0.1",
    ...(drand && { beacon: publicBeacon(drand) }),
    firstCycle: firstOpened(weights),
    process: (port, blockTime) => {
      const genesis = join(home, "chain-genesis.json");
      writeFileAtomic(genesis, JSON.stringify(chainGenesis(template, owner.address, weights, drand)));
      return {
        name: "devchain",
        program: "cli/main.js",
        logFile: join(home, "logs", "devchain.log"),
        args: () => [
          "devchain",
          ...["--home", join(home, "chain"), "--genesis", genesis],
          ...["--port", String(port), "--block-time", String(blockTime())],
        ],
      };
    },
    connect: async (endpoint) => {
      const chain = await connectDevchain({ ...connection, endpoint });
      return {
        chain,
        setBlockTime: (ms) => chain.setBlockTime(ms),
        newBlocks: async (count) => void (await chain.newBlocks(count)),
        enrol: async (participants) => {
          const { netuid } = template;
          await Promise.all(
            participants.map(({ signer }) => chain.submit(burnedRegister(netuid, signer.address), signer)),
          );
          const staked = participants.filter(({ stake }) => stake > 0n);
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
