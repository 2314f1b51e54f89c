import { BlockZeroError } from "#shared/errors.js";

/** The chain refused a write. `reason` is the chain's own name of the rule, which also starts the message. */
export class ChainRejected extends BlockZeroError {
  constructor(
    readonly reason: string,
    message: string,
  ) {
    super("CHAIN_REJECTED", `${reason}: ${message}`, hints[reason] ?? "see the chain's documentation of this error");
  }
}

const hints: Readonly<Record<string, string>> = {
  AccountNotAllowedCommit: "register the hotkey on the subnet first",
  HotKeyNotRegisteredInSubNet: "register the hotkey on the subnet first",
  HotKeyAlreadyRegisteredInSubNet: "nothing to do: it is registered",
  SubNetworkDoesNotExist: "check the netuid and the chain endpoint",
  NeuronNoValidatorPermit: "raise the validator's stake and wait for the next epoch",
  NotEnoughStakeToSetWeights: "raise the validator's stake",
  NotEnoughBalanceToStake: "fund the account first",
  SettingWeightsTooFast: "wait for the block that the message names",
  SpaceLimitExceeded: "wait for the block that the message names",
  TooManyRegistrationsThisBlock: "try again in the next block",
  NoNeuronIdAvailable: "wait until a neuron leaves its immunity period",
  IncorrectWeightVersionKey: "update to the version that the subnet asks for",
  RequireSudo: "sign with the chain's sudo key",
  BadProof: "check that the signer holds the key of its address",
  BadGenesis: "check the chain endpoint",
  Malformed: "check the arguments against the limits that the message names",
};
