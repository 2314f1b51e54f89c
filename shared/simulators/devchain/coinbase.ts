import { yumaEpoch } from "#shared/chain/yuma/epoch.js";
import { ratio, scaleAmount, share, U16_MAX } from "#shared/chain/yuma/fixed-point.js";
import { isEpoch } from "./epochs.js";
import { adjustBurn } from "./rules/registration.js";
import { revealTimelocked } from "./rules/timelock.js";
import { type ChainState, type SubnetState, uidOf } from "./state.js";
import { stakeOf } from "./subnet.js";

/**
 * What happens in every subnet at the start of a block, before the extrinsics: the price of registration, emission, and, if the epoch is
 * due, first the weights that the beacon reveals, then Yuma.
 */
export const coinbase = (state: ChainState, block: number): ChainState => {
  const { emissionPerBlock, drand } = state.genesis;
  const subnets = new Map<number, SubnetState>();
  for (const [netuid, subnet] of state.subnets) {
    const accrued = accrue(adjustBurn(subnet, block), BigInt(emissionPerBlock));
    const isDue = isEpoch(netuid, subnet.hyperParameters.tempo, block);
    const after = isDue ? payEpoch(revealTimelocked(accrued, drand, block, state.timestamp), block) : accrued;
    subnets.set(netuid, after);
  }
  return { ...state, subnets };
};

const accrue = (subnet: SubnetState, amount: bigint): SubnetState => {
  const cut = amount * BigInt(share(subnet.hyperParameters.ownerCut, U16_MAX));
  return {
    ...subnet,
    pendingOwnerCut: subnet.pendingOwnerCut + (cut >> 32n),
    pendingEmission: subnet.pendingEmission + (((amount << 32n) - cut) >> 32n),
  };
};

/**
 * Runs Yuma on the pending emission and adds it to the stakes: the owner's cut first, then half of the rest to miners by incentive, half to
 * validators by dividends. If nobody has incentive, validators get the whole rest. The owner's own incentive is burned, and so are rounding
 * remainders.
 */
export const payEpoch = (subnet: SubnetState, block: number): SubnetState => {
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
  const validatorPot = toMiners > 0n ? pendingEmission / 2n : pendingEmission;
  pay(subnet.ownerHotkey, subnet.pendingOwnerCut);
  results.forEach(({ minerEmission, validatorEmission }, uid) => {
    const { hotkey } = neurons[uid]!;
    if (hotkey !== subnet.ownerHotkey) pay(hotkey, minerEmission);
    pay(hotkey, scaleAmount(validatorPot, ratio(validatorEmission, toValidators)));
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
