import type { Neuron } from "#shared/chain/chain.js";
import { hotkeyAddress } from "#shared/signing/open-signer.js";
import { plural } from "#shared/util/plural.js";
import { inTokens } from "#shared/util/tokens.js";
import { type Check, failure, ok, warning } from "../check.js";
import type { Examined } from "../examined.js";

/** The hotkey is a neuron of the subnet, and not its owner's. */
export const registrationCheck: Check = {
  name: "registration",
  deadlineMs: 20_000,
  needs: "chain",
  run: async (about) => {
    const { netuid, wallet } = about.config;
    const { neuron, isOwner, block } = await ownNeuron(about);
    if (isOwner)
      return failure(
        `the hotkey owns subnet ${netuid}: its one commitment names the network file`,
        "mine and validate with another hotkey",
      );
    if (neuron === undefined)
      return failure(
        `the hotkey is not registered in subnet ${netuid}`,
        `blockzero register --netuid ${netuid} --wallet.name ${wallet.name} --wallet.hotkey ${wallet.hotkey}`,
      );
    return ok(`uid ${neuron.uid} of subnet ${netuid}, for ${plural(block - neuron.registeredAt, "block")}`);
  },
};

/** A validator's permit and stake, without which its weights and reports do not count. */
export const stakeCheck: Check = {
  name: "stake",
  deadlineMs: 20_000,
  needs: "chain",
  run: async (about) => {
    const { neuron, validators } = await ownNeuron(about);
    if (about.role === "miner") return ok("a miner needs none");
    if (neuron === undefined) return warning("not looked at: the hotkey is not registered", "register it");
    const stake = `${inTokens(neuron.stake).toFixed(3)} staked`;
    if (!neuron.validatorPermit)
      return failure(
        `no validator permit, with ${stake}: its reports, ballots and weights do not count`,
        "stake more on the hotkey; permits are given anew in each epoch",
      );
    return ok(`a validator permit, ${stake}, one of ${validators} that vote`);
  },
};

interface OwnNeuron {
  readonly neuron: Neuron | undefined;
  readonly isOwner: boolean;
  readonly validators: number;
  readonly block: number;
}

const ownNeuron = async ({ config: { netuid, wallet }, chain }: Examined): Promise<OwnNeuron> => {
  const address = await hotkeyAddress(wallet);
  const { neurons, ownerHotkey, block } = await (await chain()).metagraph(netuid);
  return {
    neuron: neurons.find(({ hotkey }) => hotkey === address),
    isOwner: address === ownerHotkey,
    validators: neurons.filter(({ validatorPermit, stake }) => validatorPermit && stake > 0n).length,
    block,
  };
};
