import type { DrandSetting } from "#shared/chain/devchain/genesis.js";
import { connectSubtensor, type SubtensorChain } from "#shared/chain/subtensor/connect.js";
import { beaconPublicKey, signPulse } from "#shared/chain/timelock/pulse.js";
import type { Signer } from "#shared/protocol/signer.js";
import {
  createSubnet,
  type OwnSubtensor,
  ownSubtensor,
  type SubnetParameters,
} from "#shared/simulators/subtensor/bootstrap.js";
import { type OfflineSubtensor, startOfflineSubtensor } from "#shared/simulators/subtensor/start.js";
import type { Log } from "#shared/telemetry/log.js";
import { signerFromUri } from "#shared/wallet/index.js";

export const TOKEN = 1_000_000_000n;

/** Where the runtime's WASM is; these tests run only where it is said. */
export const runtimeFile = (): string => {
  const file = process.env.BLOCKZERO_SUBTENSOR_RUNTIME;
  if (file) return file;
  throw new TypeError("BLOCKZERO_SUBTENSOR_RUNTIME names no runtime: npm run test:subtensor says how to get one");
};

/** A real runtime with one subnet, its owner registered; time stands still but for a second a block. */
export interface RuntimeSubnet {
  readonly node: OfflineSubtensor;
  readonly chain: SubtensorChain;
  readonly own: OwnSubtensor;
  readonly netuid: number;
  /** Owns the subnet, may change every parameter, and has money enough for everything. */
  readonly coldkey: Signer;
  readonly owner: Signer;
  close(): Promise<void>;
}

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const START = 1_750_000_000_000;

export interface RuntimeSubnetOptions extends Partial<SubnetParameters> {
  /** The node brings pulses of a beacon of its own. */
  readonly drand?: DrandSetting;
}

export const openRuntimeSubnet = async ({
  drand,
  ...parameters
}: RuntimeSubnetOptions = {}): Promise<RuntimeSubnet> => {
  const [coldkey, owner] = await Promise.all([signerFromUri("//Runtime//Coldkey"), signerFromUri("//Runtime//Owner")]);
  const node = await startOfflineSubtensor({
    runtime: runtimeFile(),
    genesis: { sudo: coldkey.address, balances: { [coldkey.address]: 10_000_000n * TOKEN }, timestamp: START, drand },
    port: 0,
    blockTimeMs: 0,
    log: silent,
  });
  const chain = await connectSubtensor({ endpoint: node.endpoint, timeoutMs: 60_000, staleMs: 600_000 });
  const own = ownSubtensor(chain);
  node.setBlockTime(50);
  const netuid = await createSubnet(own, {
    sudo: coldkey,
    owner: coldkey,
    ownerHotkey: owner.address,
    pool: 100_000n * TOKEN,
    parameters: { tempo: 9, weightsRateLimit: 5, stakeThreshold: 100n * TOKEN, isCommitReveal: false, ...parameters },
  });
  node.setBlockTime(0);
  // Comes after a block that was under way.
  await own.newBlocks(1);
  return {
    node,
    chain,
    own,
    netuid,
    coldkey,
    owner,
    close: async () => {
      await chain.close();
      await node.close();
    },
  };
};

/** A beacon of ours: its pulses are put into the chain's storage, whose pallet would check them against drand's key. */
const SEED = Buffer.from("5e".repeat(32), "hex");
export const beaconKey = beaconPublicKey(SEED);

export const publishPulse = async ({ chain: { api }, node: { node } }: RuntimeSubnet, round: number): Promise<void> => {
  const { pulses, lastStoredRound } = api.query.drand!;
  const type = api.registry.createLookupType(pulses!.creator.meta.type.asMap.value);
  const signature = `0x${Buffer.from(signPulse(SEED, round)).toString("hex")}`;
  const pulse = api.registry.createType(type, { round, randomness: `0x${"11".repeat(32)}`, signature });
  await node.setStorage([
    [asHex(pulses!.key(round)), pulse.toHex()],
    [asHex(lastStoredRound!.key()), api.registry.createType("u64", round).toHex(true)],
  ]);
};

const asHex = (text: string): `0x${string}` => `0x${text.slice(2)}`;
