import { isShareLimited, maxUpscaleU16, U16_MAX } from "#shared/chain/yuma/fixed-point.js";
import { ensure } from "../fault.js";
import { type ChainState, type SubnetState, uidOf, withSubnet } from "../state.js";
import { stakeOf, subnetOf } from "../subnet.js";
import type { Args, Origin } from "./origin.js";

export interface GivenWeights {
  readonly uids: readonly number[];
  /** u16, one per uid. */
  readonly values: readonly number[];
  readonly versionKey: number;
}

export const setWeights = (state: ChainState, args: Args<"setWeights">, origin: Origin): ChainState => {
  const { netuid, dests: uids, weights: values, versionKey } = args;
  ensureStake(state, netuid, origin.signer);
  ensure(
    !state.subnets.get(netuid)?.hyperParameters.commitReveal,
    "CommitRevealEnabled",
    `subnet ${netuid} takes weights only by commitment`,
  );
  ensure(netuid !== 0, "CanNotSetRootNetworkWeights", "subnet 0 is the root network");
  ensureSameLength({ uids, values, versionKey });
  return withSubnet(state, placeWeights(subnetOf(state, netuid), { uids, values, versionKey }, origin));
};

/** What the runtime requires of every extrinsic about weights before it includes it in a block. */
export const ensureStake = ({ subnets }: ChainState, netuid: number, hotkey: string): void => {
  const subnet = subnets.get(netuid);
  ensure(!subnet || hasStake(subnet, hotkey), "StakeAmountTooLow", tooLittleStake(subnet, hotkey));
};

const hasStake = (subnet: SubnetState, hotkey: string): boolean =>
  stakeOf(subnet, hotkey) >= BigInt(subnet.hyperParameters.stakeThreshold);

const tooLittleStake = (subnet: SubnetState | undefined, hotkey: string): string =>
  subnet ? `${hotkey} has ${stakeOf(subnet, hotkey)} of ${subnet.hyperParameters.stakeThreshold} stake` : "";

const ensureSameLength = ({ uids, values }: GivenWeights): void =>
  ensure(uids.length === values.length, "WeightVecNotEqualSize", `${uids.length} uids with ${values.length} weights`);

/** Whether a neuron may set or commit weights again, and from which block on. */
export const weightsAllowed = (subnet: SubnetState, uid: number, block: number): { now: boolean; from: number } => {
  const { lastUpdate } = subnet.neurons[uid]!;
  const from = lastUpdate + subnet.hyperParameters.weightsRateLimit;
  return { now: lastUpdate === 0 || block >= from, from };
};

/** Stores weights, from whichever call they came. Throws `Fault`, in the runtime's order. */
export const placeWeights = (subnet: SubnetState, given: GivenWeights, { signer, block }: Origin): SubnetState => {
  const { uids, values, versionKey } = given;
  const { netuid, neurons, hyperParameters } = subnet;
  ensureSameLength(given);
  ensure(
    uids.length <= neurons.length,
    "UidsLengthExceedUidsInSubNet",
    `${uids.length} uids on a subnet with ${neurons.length} neurons`,
  );
  const uid = uidOf(subnet, signer);
  ensure(uid !== undefined, "HotKeyNotRegisteredInSubNet", `${signer} is not registered on subnet ${netuid}`);
  ensure(hasStake(subnet, signer), "NotEnoughStakeToSetWeights", tooLittleStake(subnet, signer));
  ensure(
    hyperParameters.weightsVersion === 0 || versionKey >= hyperParameters.weightsVersion,
    "IncorrectWeightVersionKey",
    `version ${versionKey} is below the subnet's ${hyperParameters.weightsVersion}`,
  );
  const neuron = neurons[uid]!;
  const allowed = weightsAllowed(subnet, uid, block);
  ensure(
    hyperParameters.commitReveal || allowed.now,
    "SettingWeightsTooFast",
    `uid ${uid} set weights or registered at block ${neuron.lastUpdate}; retry at block ${allowed.from}`,
  );
  const isSelfWeight = uids.length === 1 && uids[0] === uid;
  ensure(
    isSelfWeight || neuron.permit,
    "NeuronNoValidatorPermit",
    `uid ${uid} has no validator permit; permits go to the highest stakes at each epoch`,
  );
  ensure(new Set(uids).size === uids.length, "DuplicateUids", "a uid is given weight twice");
  ensure(
    uids.every((dest) => dest < neurons.length),
    "UidVecContainInvalidOne",
    `a uid is given weight that subnet ${netuid} does not have`,
  );
  const least = Math.min(hyperParameters.minAllowedWeights, neurons.length);
  ensure(isSelfWeight || uids.length >= least, "WeightVecLengthIsLow", `at least ${least} uids must be given weight`);

  const stored = maxUpscaleU16(values);
  const { maxWeight } = hyperParameters;
  ensure(
    isSelfWeight || maxWeight === U16_MAX || isShareLimited(stored, maxWeight),
    "MaxWeightExceeded",
    `one weight is more than ${maxWeight} of ${U16_MAX} of the sum`,
  );
  const weights = uids.map((dest, at) => [dest, stored[at]!] as const);
  // If weights are committed first, the commitment was the update.
  const lastUpdate = hyperParameters.commitReveal ? neuron.lastUpdate : block;
  return { ...subnet, neurons: neurons.with(uid, { ...neuron, weights, lastUpdate }) };
};
