import type { SudoCall } from "#shared/chain/devchain/calls.js";
import { changeHyperParameters } from "#shared/chain/devchain/genesis.js";
import { ensure } from "../fault.js";
import { type ChainState, withEntry, withSubnet } from "../state.js";
import { createSubnet, subnetOf, withStake } from "../subnet.js";
import type { Args, Origin } from "./origin.js";

export const sudo = (state: ChainState, { calls }: Args<"sudo">, { signer, block }: Origin): ChainState => {
  ensure(signer === state.genesis.sudo, "RequireSudo", `${signer} is not the sudo key`);
  return calls.reduce((after, call) => apply(after, call, block), state);
};

const apply = (state: ChainState, call: SudoCall, block: number): ChainState => {
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
