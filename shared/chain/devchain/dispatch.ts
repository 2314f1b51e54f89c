import type { Call, SudoCall } from "./calls.js";
import { ensure } from "./fault.js";
import { maxUpscaleU16 } from "./fixed.js";
import { changeHyperParameters } from "./genesis.js";
import { type ChainState, tempoIndex, uidOf, withEntry, withSubnet } from "./state.js";
import { createSubnet, placeNeuron, stakeOf, subnetOf, withStake } from "./subnet.js";

/** Who calls, in which block. */
interface Origin {
  readonly signer: string;
  readonly block: number;
}

/** The state after a call; throws `Fault` with subtensor's error name where a rule forbids it. Pure. */
export const dispatch = (state: ChainState, call: Call, origin: Origin): ChainState => {
  switch (call.name) {
    case "burnedRegister":
      return burnedRegister(state, call.args, origin);
    case "setCommitment":
      return setCommitment(state, call.args, origin);
    case "setWeights":
      return setWeights(state, call.args, origin);
    case "addStake":
      return addStake(state, call.args, origin);
    case "sudo":
      ensure(origin.signer === state.genesis.sudo, "RequireSudo", `${origin.signer} is not the sudo key`);
      return call.args.calls.reduce((after, inner) => dispatchSudo(after, inner, origin.block), state);
  }
};

type Args<Name extends Call["name"]> = Extract<Call, { name: Name }>["args"];

const burnedRegister = (state: ChainState, { netuid, hotkey }: Args<"burnedRegister">, origin: Origin): ChainState => {
  const { signer, block } = origin;
  const subnet = subnetOf(state, netuid);
  const { burn, maxRegistrationsPerBlock } = subnet.hyperParameters;
  const earlier = subnet.registrations.block === block ? subnet.registrations.count : 0;
  ensure(
    earlier < maxRegistrationsPerBlock,
    "TooManyRegistrationsThisBlock",
    `subnet ${netuid} takes ${maxRegistrationsPerBlock} registrations a block; retry in the next block`,
  );
  ensure(
    uidOf(subnet, hotkey) === undefined,
    "HotKeyAlreadyRegisteredInSubNet",
    `${hotkey} is registered on subnet ${netuid} already`,
  );
  ensure(
    (state.owners.get(hotkey) ?? signer) === signer,
    "NonAssociatedColdKey",
    `${hotkey} belongs to another coldkey than ${signer}`,
  );
  const paid = withdraw(state, signer, BigInt(burn));
  return withSubnet(
    { ...paid, owners: withEntry(state.owners, hotkey, signer) },
    { ...placeNeuron(subnet, hotkey, signer, block), registrations: { block, count: earlier + 1 } },
  );
};

/** The least a commitment counts against the space of a tempo. */
const LEAST_SPACE = 100;

const setCommitment = (state: ChainState, { netuid, data }: Args<"setCommitment">, origin: Origin): ChainState => {
  const { signer, block } = origin;
  const subnet = subnetOf(state, netuid);
  ensure(
    uidOf(subnet, signer) !== undefined,
    "AccountNotAllowedCommit",
    `${signer} is not registered on subnet ${netuid}`,
  );
  const epoch = tempoIndex(subnet, block);
  const last = subnet.commitments.get(signer)?.space;
  const used = (last?.epoch === epoch ? last.used : 0) + Math.max(LEAST_SPACE, Buffer.byteLength(data));
  const tempoEnd = (epoch + 1) * (subnet.hyperParameters.tempo + 1) - netuid - 1;
  ensure(
    used <= state.genesis.commitmentSpace,
    "SpaceLimitExceeded",
    `${signer} has used its ${state.genesis.commitmentSpace} bytes of this tempo; retry at block ${tempoEnd}`,
  );
  return withSubnet(state, {
    ...subnet,
    commitments: withEntry(subnet.commitments, signer, { data, block, space: { epoch, used } }),
  });
};

const setWeights = (state: ChainState, args: Args<"setWeights">, { signer, block }: Origin): ChainState => {
  const { netuid, dests, weights, versionKey } = args;
  ensure(
    dests.length === weights.length,
    "WeightVecNotEqualSize",
    `${dests.length} uids with ${weights.length} weights`,
  );
  const subnet = subnetOf(state, netuid);
  const { neurons, hyperParameters } = subnet;
  ensure(
    dests.length <= neurons.length,
    "UidsLengthExceedUidsInSubNet",
    `${dests.length} uids on a subnet with ${neurons.length} neurons`,
  );
  const uid = uidOf(subnet, signer);
  ensure(uid !== undefined, "HotKeyNotRegisteredInSubNet", `${signer} is not registered on subnet ${netuid}`);
  ensure(
    stakeOf(subnet, signer) >= BigInt(hyperParameters.stakeThreshold),
    "NotEnoughStakeToSetWeights",
    `${signer} has ${stakeOf(subnet, signer)} of ${hyperParameters.stakeThreshold} stake`,
  );
  ensure(
    hyperParameters.weightsVersion === 0 || versionKey >= hyperParameters.weightsVersion,
    "IncorrectWeightVersionKey",
    `version ${versionKey} is below the subnet's ${hyperParameters.weightsVersion}`,
  );
  const neuron = neurons[uid]!;
  const allowedAt = neuron.lastUpdate + hyperParameters.weightsRateLimit;
  ensure(
    neuron.lastUpdate === 0 || block >= allowedAt,
    "SettingWeightsTooFast",
    `uid ${uid} set weights or registered at block ${neuron.lastUpdate}; retry at block ${allowedAt}`,
  );
  const selfWeight = dests.length === 1 && dests[0] === uid;
  ensure(
    selfWeight || neuron.permit,
    "NeuronNoValidatorPermit",
    `uid ${uid} has no validator permit; permits go to the highest stakes at each epoch`,
  );
  ensure(new Set(dests).size === dests.length, "DuplicateUids", "a uid is given weight twice");
  ensure(
    dests.every((dest) => dest < neurons.length),
    "UidVecContainInvalidOne",
    `a uid is given weight that subnet ${netuid} does not have`,
  );
  const least = Math.min(hyperParameters.minAllowedWeights, neurons.length);
  ensure(selfWeight || dests.length >= least, "WeightVecLengthIsLow", `at least ${least} uids must be given weight`);

  const stored = maxUpscaleU16(weights);
  const row = dests.map((dest, at) => [dest, stored[at]!] as const);
  return withSubnet(state, {
    ...subnet,
    neurons: neurons.with(uid, { ...neuron, weights: row, lastUpdate: block }),
  });
};

const addStake = (state: ChainState, { netuid, hotkey, amount }: Args<"addStake">, { signer }: Origin): ChainState => {
  const subnet = subnetOf(state, netuid);
  ensure(state.owners.has(hotkey), "HotKeyAccountNotExists", `${hotkey} was never registered`);
  ensure(BigInt(amount) > 0n, "AmountTooLow", "the amount is zero");
  const paid = withdraw(state, signer, BigInt(amount));
  return withSubnet(paid, withStake(subnet, hotkey, stakeOf(subnet, hotkey) + BigInt(amount)));
};

const dispatchSudo = (state: ChainState, call: SudoCall, block: number): ChainState => {
  switch (call.name) {
    case "createSubnet":
      return createSubnet(state, call.args, block);
    case "setHyperParameters": {
      const subnet = subnetOf(state, call.args.netuid);
      const hyperParameters = changeHyperParameters(subnet.hyperParameters, call.args.change);
      ensure(
        hyperParameters.maxUids >= subnet.neurons.length,
        "InvalidHyperParameter",
        `maxUids ${hyperParameters.maxUids} is below the ${subnet.neurons.length} neurons registered`,
      );
      return withSubnet(state, { ...subnet, hyperParameters });
    }
    case "setStake": {
      const { netuid, hotkey, amount } = call.args;
      return withSubnet(state, withStake(subnetOf(state, netuid), hotkey, BigInt(amount)));
    }
    case "faucet": {
      const { account, amount } = call.args;
      const balance = (state.balances.get(account) ?? 0n) + BigInt(amount);
      return { ...state, balances: withEntry(state.balances, account, balance) };
    }
  }
};

const withdraw = (state: ChainState, account: string, amount: bigint): ChainState => {
  const balance = state.balances.get(account) ?? 0n;
  ensure(balance >= amount, "NotEnoughBalanceToStake", `${account} has ${balance} of the ${amount} that it costs`);
  return amount === 0n ? state : { ...state, balances: withEntry(state.balances, account, balance - amount) };
};
