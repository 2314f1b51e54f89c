import { divide, fromInteger, U16_MAX } from "./fixed.js";
import { type ChainState, type SubnetState, uidOf } from "./state.js";
import { stakeOf } from "./subnet.js";
import { yumaEpoch } from "./yuma.js";

/** Whether the epoch of a subnet runs at a block: subtensor 293's `blocks_until_next_epoch` is then 0. */
export const isEpoch = (netuid: number, tempo: number, block: number): boolean =>
  tempo > 0 && (block + netuid + 1) % (tempo + 1) === tempo;

/** What happens to every subnet at the start of a block, before its extrinsics: emission, and the epoch where it is due. */
export const coinbase = (state: ChainState, block: number): ChainState => {
  const perBlock = BigInt(state.genesis.emissionPerBlock);
  const subnets = new Map<number, SubnetState>();
  for (const [netuid, subnet] of state.subnets) {
    const accrued = accrue(subnet, perBlock);
    subnets.set(netuid, isEpoch(netuid, subnet.hyperParameters.tempo, block) ? payEpoch(accrued, block) : accrued);
  }
  return { ...state, subnets };
};

const accrue = (subnet: SubnetState, amount: bigint): SubnetState => {
  const cut = amount * divide(fromInteger(subnet.hyperParameters.ownerCut), fromInteger(U16_MAX));
  return {
    ...subnet,
    pendingOwnerCut: subnet.pendingOwnerCut + (cut >> 32n),
    pendingEmission: subnet.pendingEmission + (((amount << 32n) - cut) >> 32n),
  };
};

/**
 * Runs Yuma on what is pending and adds it to the stakes: the cut to the owner, half of the rest to miners by incentive,
 * half to validators by dividends. Where nobody has incentive validators get it all; the owner's own incentive is burned.
 */
const payEpoch = (subnet: SubnetState, block: number): SubnetState => {
  const { hyperParameters, neurons, pendingEmission } = subnet;
  const results = yumaEpoch({
    ...hyperParameters,
    stakeThreshold: BigInt(hyperParameters.stakeThreshold),
    block,
    ownerUid: uidOf(subnet, subnet.ownerHotkey),
    emission: pendingEmission,
    neurons: neurons.map((neuron) => ({ ...neuron, stake: stakeOf(subnet, neuron.hotkey) })),
  });

  const stakes = new Map(subnet.stakes);
  const pay = (hotkey: string, amount: bigint) => {
    if (amount > 0n) stakes.set(hotkey, (stakes.get(hotkey) ?? 0n) + amount);
  };
  const toMiners = results.reduce((total, { minerEmission }) => total + minerEmission, 0n);
  const toValidators = results.reduce((total, { validatorEmission }) => total + validatorEmission, 0n);
  const validatorPot = pendingEmission - toMiners;
  pay(subnet.ownerHotkey, subnet.pendingOwnerCut);
  results.forEach(({ minerEmission, validatorEmission }, uid) => {
    const { hotkey } = neurons[uid]!;
    if (hotkey !== subnet.ownerHotkey) pay(hotkey, minerEmission);
    if (toValidators > 0n) pay(hotkey, (validatorPot * validatorEmission) / toValidators);
  });

  return {
    ...subnet,
    stakes,
    neurons: neurons.map((neuron, uid) => {
      const { minerEmission: _, validatorEmission: __, ...result } = results[uid]!;
      return { ...neuron, ...result };
    }),
    pendingEmission: 0n,
    pendingOwnerCut: 0n,
  };
};
