import type { z } from "zod";
import type { genesisSubnetSchema } from "#shared/chain/devchain/genesis.js";
import { U16_MAX } from "#shared/chain/yuma/fixed-point.js";
import { ensure } from "./fault.js";
import { type ChainState, freshNeuron, type SubnetState, withEntry, withoutEntry, withSubnet } from "./state.js";

type SubnetSpec = z.infer<typeof genesisSubnetSchema>;

export const subnetOf = (state: ChainState, netuid: number): SubnetState => {
  const subnet = state.subnets.get(netuid);
  ensure(subnet !== undefined, "SubNetworkDoesNotExist", `subnet ${netuid} does not exist`);
  return subnet;
};

/** A subnet at a block, with its owner as uid 0 and the given neurons after it. Used by genesis and by sudo. */
export const createSubnet = (state: ChainState, spec: SubnetSpec, block: number): ChainState => {
  ensure(!state.subnets.has(spec.netuid), "SubnetAlreadyExists", `subnet ${spec.netuid} exists already`);
  const hotkeys = [spec.ownerHotkey, ...spec.neurons];
  ensure(
    new Set(hotkeys).size === hotkeys.length,
    "HotKeyAlreadyRegisteredInSubNet",
    `subnet ${spec.netuid} names a hotkey twice; its owner is registered by itself`,
  );
  ensure(
    hotkeys.length <= spec.hyperParameters.maxUids,
    "NoNeuronIdAvailable",
    `subnet ${spec.netuid} has ${spec.hyperParameters.maxUids} uids for ${hotkeys.length} neurons`,
  );
  const owners = new Map(state.owners);
  for (const hotkey of hotkeys) if (!owners.has(hotkey)) owners.set(hotkey, hotkey);
  return withSubnet(
    { ...state, owners },
    {
      netuid: spec.netuid,
      ownerHotkey: spec.ownerHotkey,
      hyperParameters: spec.hyperParameters,
      neurons: hotkeys.map((hotkey) => freshNeuron(hotkey, owners.get(hotkey)!, block)),
      stakes: new Map(Object.entries(spec.stakes).map(([hotkey, amount]) => [hotkey, BigInt(amount)])),
      commitments: new Map(),
      axons: new Map(),
      hashedWeights: new Map(),
      timelockedWeights: new Map(),
      pendingEmission: 0n,
      pendingOwnerCut: 0n,
      registrations: { block, inBlock: 0, intervalStart: block, inInterval: 0 },
    },
  );
};

/**
 * Gives a hotkey the next uid. If there is none, it gets the uid of the neuron with the least pruning score, then the oldest. Neurons
 * outside immunity are replaced first, the owner's never. As in the runtime, the new neuron keeps the permit, the weights and the last
 * update of the replaced one until it has its own, and the commitment of the replaced one stays readable.
 */
export const placeNeuron = (subnet: SubnetState, hotkey: string, coldkey: string, block: number): SubnetState => {
  const { maxUids, immunityPeriod } = subnet.hyperParameters;
  const neuron = freshNeuron(hotkey, coldkey, block);
  if (subnet.neurons.length < maxUids) return { ...subnet, neurons: [...subnet.neurons, neuron] };

  const candidates = subnet.neurons
    .map(({ pruningScore, registeredAt, hotkey }, uid) => ({
      pruningScore,
      registeredAt,
      hotkey,
      uid,
      isImmune: block - registeredAt < immunityPeriod,
    }))
    .filter((candidate) => candidate.hotkey !== subnet.ownerHotkey);
  const [worst] = candidates.sort(
    (a, b) =>
      Number(a.isImmune) - Number(b.isImmune) ||
      a.pruningScore - b.pruningScore ||
      a.registeredAt - b.registeredAt ||
      a.uid - b.uid,
  );
  ensure(worst !== undefined, "NoNeuronIdAvailable", `subnet ${subnet.netuid} has no uid but its owner's`);
  const { permit, weights, lastUpdate, rank, validatorTrust } = subnet.neurons[worst.uid]!;
  return {
    ...subnet,
    neurons: subnet.neurons.with(worst.uid, {
      ...neuron,
      permit,
      weights,
      lastUpdate,
      rank,
      validatorTrust,
      // So that it is not replaced before an epoch has scored it.
      pruningScore: U16_MAX,
    }),
    axons: withoutEntry(subnet.axons, worst.hotkey),
  };
};

export const withStake = (subnet: SubnetState, hotkey: string, amount: bigint): SubnetState => ({
  ...subnet,
  stakes: withEntry(subnet.stakes, hotkey, amount),
});

export const stakeOf = (subnet: SubnetState, hotkey: string): bigint => subnet.stakes.get(hotkey) ?? 0n;
