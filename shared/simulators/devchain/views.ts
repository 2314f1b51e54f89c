import type {
  Commitment,
  CommitmentSpace,
  HyperParameters,
  Metagraph,
  Neuron,
  PendingWeights,
  WeightsMode,
} from "#shared/chain/chain.js";
import { ciphertextHash } from "#shared/chain/weights/payload.js";
import { U16_MAX } from "#shared/chain/yuma/fixed-point.js";
import { nextEpoch } from "./epochs.js";
import { ensure } from "./fault.js";
import { spaceRenewal, usedSpace } from "./rules/commitments.js";
import { isExpired, revealBlocks } from "./rules/weight-commitments.js";
import type { ChainState, SubnetState } from "./state.js";
import { stakeOf } from "./subnet.js";

/** A node's state in the form in which it is sent: amounts as decimal digits. */
type OnWire<T> = { readonly [K in keyof T]: T[K] extends bigint ? string : T[K] };

export const metagraphOf = (
  subnet: SubnetState,
  state: ChainState,
): Omit<Metagraph, "neurons"> & { neurons: readonly OnWire<Neuron>[] } => ({
  netuid: subnet.netuid,
  block: state.block,
  ownerHotkey: subnet.ownerHotkey,
  neurons: subnet.neurons.map((neuron, uid) => {
    const axon = subnet.axons.get(neuron.hotkey);
    return {
      uid,
      hotkey: neuron.hotkey,
      coldkey: neuron.coldkey,
      stake: String(stakeOf(subnet, neuron.hotkey)),
      validatorPermit: neuron.permit,
      active: neuron.active,
      rank: neuron.rank / U16_MAX,
      trust: neuron.trust / U16_MAX,
      validatorTrust: neuron.validatorTrust / U16_MAX,
      incentive: neuron.incentive / U16_MAX,
      consensus: neuron.consensus / U16_MAX,
      dividends: neuron.dividends / U16_MAX,
      emission: String(neuron.emission),
      lastUpdate: neuron.lastUpdate,
      registeredAt: neuron.registeredAt,
      axon: axon ?? null,
    };
  }),
});

export const hyperParametersOf = (
  { hyperParameters }: SubnetState,
  { genesis }: ChainState,
): OnWire<HyperParameters> & SubnetState["hyperParameters"] => ({
  ...hyperParameters,
  epochLength: hyperParameters.tempo + 1,
  weightsMode: weightsMode(hyperParameters.commitReveal, genesis.drand !== null),
  timelockPayload: "hotkey",
  timelockReveal: "at-epoch",
});

const weightsMode = (commitReveal: boolean, hasBeacon: boolean): WeightsMode =>
  !commitReveal ? "plain" : hasBeacon ? "timelock" : "hash";

export const commitmentsOf = ({ commitments }: SubnetState): readonly Commitment[] =>
  [...commitments].map(([hotkey, { data, block }]) => ({ hotkey, data, block }));

export const commitmentSpaceOf = (
  subnet: SubnetState,
  hotkey: string,
  { block, genesis }: ChainState,
): CommitmentSpace => ({
  // A new commitment goes into the next block.
  used: usedSpace(subnet, hotkey, block + 1),
  limit: genesis.commitmentSpace,
  renewed: spaceRenewal(subnet, block + 1),
});

export const pendingWeightsOf = (
  subnet: SubnetState,
  hotkey: string,
  { block }: ChainState,
): readonly PendingWeights[] => [
  ...(subnet.hashedWeights.get(hotkey) ?? [])
    .filter((weights) => !isExpired(subnet, weights, block))
    .map(({ hash, block: committed }) => ({ hash, block: committed, reveal: revealBlocks(subnet, committed) })),
  ...[...subnet.timelockedWeights.values()]
    .flat()
    .filter((weights) => weights.hotkey === hotkey)
    .map(({ ciphertext, round, block: committed }) => ({
      hash: ciphertextHash(Buffer.from(ciphertext, "hex")),
      block: committed,
      reveal: { round },
    })),
];

/** Throws `Fault` NoEpochs if the tempo is 0. */
export const nextEpochOf = (subnet: SubnetState, { block }: ChainState): number => {
  const next = nextEpoch(subnet, block);
  ensure(next !== undefined, "NoEpochs", `subnet ${subnet.netuid} has the tempo 0: it runs no epochs`);
  return next;
};
