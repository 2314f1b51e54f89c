import type { Call } from "#shared/chain/devchain/calls.js";
import { ensure, type FaultReason } from "../fault.js";
import { type ChainState, withEntry } from "../state.js";

/** The caller, and the block of the call. */
export interface Origin {
  readonly signer: string;
  readonly block: number;
}

export type Args<Name extends Call["name"]> = Extract<Call, { name: Name }>["args"];

/** Takes an amount from a balance. Throws `Fault` with the given reason if the balance is smaller. */
export const withdraw = (state: ChainState, account: string, amount: bigint, reason: FaultReason): ChainState => {
  const balance = state.balances.get(account) ?? 0n;
  ensure(balance >= amount, reason, `${account} has ${balance} of the ${amount} that it costs`);
  return amount === 0n ? state : { ...state, balances: withEntry(state.balances, account, balance - amount) };
};
