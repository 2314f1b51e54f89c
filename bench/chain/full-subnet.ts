import { setWeights } from "#shared/chain/call.js";
import type { DevchainClient } from "#shared/chain/devchain/client.js";
import type { GenesisSpec } from "#shared/chain/devchain/genesis.js";
import { createRandom } from "#shared/data/random.js";
import type { Signer } from "#shared/protocol/signer.js";
import { signerFromUri } from "#shared/wallet/index.js";

export const NETUID = 1;
/** As many as a subnet of subtensor holds, and as many of them as it lets validate. */
export const NEURONS = 256;
export const VALIDATORS = 64;
const TOKEN = 1_000_000_000n;

/** One key a neuron, by uid; the first 64 validate. */
export const neuronKeys = (): Promise<readonly Signer[]> =>
  Promise.all(Array.from({ length: NEURONS }, (_, uid) => signerFromUri(`//Bench//${uid}`)));

/** A devchain with one subnet that is full; no rate limit stands in the way. */
export const fullGenesis = (keys: readonly Signer[]): GenesisSpec => {
  const [owner, ...others] = keys.map(({ address }) => address);
  return {
    name: "bench",
    sudo: owner!,
    commitmentSpace: 1_000_000_000,
    subnets: [
      {
        netuid: NETUID,
        ownerHotkey: owner!,
        neurons: others,
        stakes: Object.fromEntries(
          keys.slice(0, VALIDATORS).map(({ address }, uid) => [address, String(BigInt(1000 + uid) * TOKEN)]),
        ),
        hyperParameters: { tempo: 99, weightsRateLimit: 0, maxValidators: VALIDATORS, immunityPeriod: 0 },
      },
    ],
  };
};

/** Random weights of one validator on every miner, the largest 65,535. */
export const minerWeights = (validator: number): readonly (readonly [number, number])[] => {
  const random = createRandom(`weights of ${validator}`);
  const best = VALIDATORS + random.below(NEURONS - VALIDATORS);
  return Array.from({ length: NEURONS - VALIDATORS }, (_, i) => {
    const uid = VALIDATORS + i;
    return [uid, uid === best ? 65535 : 1 + random.below(65534)] as const;
  });
};

/** Brings it to life: every validator has its permit, and weights on every miner that an epoch has counted. */
export const fillSubnet = async (chain: DevchainClient, keys: readonly Signer[]): Promise<void> => {
  await toEpoch(chain);
  await chain.newBlocks(1);
  const validators = keys.slice(0, VALIDATORS);
  const written = validators.map((key, uid) => chain.submit(setWeights(NETUID, minerWeights(uid), 0), key));
  await whenWaiting(chain, validators, 1);
  await chain.newBlocks(1);
  await Promise.all(written);
  await toEpoch(chain);
  await chain.newBlocks(1);
};

/** To the block before the next epoch. */
export const toEpoch = async (chain: DevchainClient): Promise<void> => {
  const { number } = await chain.head();
  await chain.newBlocks((await chain.nextEpoch(NETUID)) - 1 - number);
};

/** Until the node has taken every key's extrinsics up to this nonce. */
export const whenWaiting = async (chain: DevchainClient, keys: readonly Signer[], nonce: number): Promise<void> => {
  for (const { address } of keys) while ((await chain.nonce(address)) < nonce);
};
