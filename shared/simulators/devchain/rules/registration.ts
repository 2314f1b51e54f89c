import { ensure } from "../fault.js";
import { type ChainState, type SubnetState, uidOf, withEntry, withSubnet } from "../state.js";
import { placeNeuron, subnetOf } from "../subnet.js";
import { type Args, type Origin, withdraw } from "./origin.js";

/** An interval allows this many times its target of registrations. */
const INTERVAL_FACTOR = 3;

export const burnedRegister = (
  state: ChainState,
  { netuid, hotkey }: Args<"burnedRegister">,
  { signer, block }: Origin,
): ChainState => {
  ensure(netuid !== 0, "RegistrationNotPermittedOnRootSubnet", "subnet 0 is the root network");
  const subnet = subnetOf(state, netuid);
  const { burn, registrationAllowed, maxRegistrationsPerBlock, targetRegistrationsPerInterval, adjustmentInterval } =
    subnet.hyperParameters;
  const { registrations } = subnet;
  const inBlock = registrations.block === block ? registrations.inBlock : 0;
  const perInterval = INTERVAL_FACTOR * targetRegistrationsPerInterval;
  ensure(
    registrations.inInterval < perInterval,
    "RateLimitExceeded",
    `subnet ${netuid} takes ${perInterval} registrations an interval; retry at block ${registrations.intervalStart + adjustmentInterval}`,
  );
  ensure(registrationAllowed, "SubNetRegistrationDisabled", `subnet ${netuid} takes no registrations`);
  ensure(
    inBlock < maxRegistrationsPerBlock,
    "TooManyRegistrationsThisBlock",
    `subnet ${netuid} takes ${maxRegistrationsPerBlock} registrations a block; retry in the next block`,
  );
  ensure(
    uidOf(subnet, hotkey) === undefined,
    "HotKeyAlreadyRegisteredInSubNet",
    `${hotkey} is registered on subnet ${netuid} already`,
  );
  const paid = withdraw(state, signer, BigInt(burn), "NotEnoughBalanceToStake");
  ensure(
    (state.owners.get(hotkey) ?? signer) === signer,
    "NonAssociatedColdKey",
    `${hotkey} belongs to another coldkey than ${signer}`,
  );
  return withSubnet(
    { ...paid, owners: withEntry(state.owners, hotkey, signer) },
    {
      ...placeNeuron(subnet, hotkey, signer, block),
      registrations: { ...registrations, block, inBlock: inBlock + 1, inInterval: registrations.inInterval + 1 },
    },
  );
};

/**
 * The price of registration at the start of a block. At the end of an interval it rises if there were more registrations than the target,
 * and falls if there were none.
 */
export const adjustBurn = (subnet: SubnetState, block: number): SubnetState => {
  const { hyperParameters, registrations } = subnet;
  if (block - registrations.intervalStart < hyperParameters.adjustmentInterval) return subnet;
  const { targetRegistrationsPerInterval: target } = hyperParameters;
  const isAdjusted = registrations.inInterval > target || registrations.inInterval === 0;
  return {
    ...subnet,
    hyperParameters: isAdjusted
      ? { ...hyperParameters, burn: adjustedBurn(hyperParameters, registrations.inInterval) }
      : hyperParameters,
    registrations: { ...registrations, intervalStart: block, inInterval: 0 },
  };
};

/** The runtime's unsigned fixed point with 18 binary digits. */
const FRACTION = 18n;

const adjustedBurn = (
  { burn, minBurn, maxBurn, adjustmentAlpha, targetRegistrationsPerInterval: target }: SubnetState["hyperParameters"],
  registered: number,
): string => {
  const old = BigInt(burn) << FRACTION;
  const multiply = (a: bigint, b: bigint) => (a * b) >> FRACTION;
  const updated = target === 0 ? 0n : multiply(old, BigInt(registered + target) << FRACTION) / BigInt(target + target);
  const kept = (BigInt(adjustmentAlpha) << FRACTION) / ((1n << 64n) - 1n);
  const next = multiply(kept, old) + multiply((1n << FRACTION) - kept, updated);
  if (next >= BigInt(maxBurn) << FRACTION) return maxBurn;
  if (next <= BigInt(minBurn) << FRACTION) return minBurn;
  return String(next >> FRACTION);
};
