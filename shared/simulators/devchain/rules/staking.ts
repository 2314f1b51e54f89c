import { ensure } from "../fault.js";
import { type ChainState, withSubnet } from "../state.js";
import { stakeOf, withStake } from "../subnet.js";
import { type Args, type Origin, withdraw } from "./origin.js";

/** The least amount that may be staked. */
export const LEAST_STAKE = 2_000_000n;

/** One unit of balance is one unit of stake: the devchain has no pool. The error names are those of the runtime's validity check. */
export const addStake = (
  state: ChainState,
  { netuid, hotkey, amount }: Args<"addStake">,
  { signer }: Origin,
): ChainState => {
  const subnet = state.subnets.get(netuid);
  ensure(subnet !== undefined, "SubnetDoesntExist", `subnet ${netuid} does not exist`);
  ensure(BigInt(amount) >= LEAST_STAKE, "StakeAmountTooLow", `${amount} is below the least amount, ${LEAST_STAKE}`);
  const paid = withdraw(state, signer, BigInt(amount), "BalanceTooLow");
  ensure(state.owners.has(hotkey), "HotkeyAccountDoesntExist", `${hotkey} was never registered`);
  return withSubnet(paid, withStake(subnet, hotkey, stakeOf(subnet, hotkey) + BigInt(amount)));
};
