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
  StakeAmountTooLow: "raise the stake, or the amount, above the least that the message names",
  NotEnoughStakeToSetWeights: "raise the validator's stake",
  NotEnoughBalanceToStake: "fund the account first",
  BalanceTooLow: "fund the account first",
  HotkeyAccountDoesntExist: "register the hotkey on a subnet first",
  HotKeyNotRegisteredInNetwork: "register the hotkey on a subnet first",
  NonAssociatedColdKey: "sign with the coldkey that registered the hotkey first",
  SubnetDoesntExist: "check the netuid and the chain endpoint",
  SubNetRegistrationDisabled: "ask the subnet's owner to open registration",
  RateLimitExceeded: "wait for the block that the message names",
  CommitRevealEnabled: "commit the weights first, then reveal them",
  CommitRevealDisabled: "set the weights in the clear",
  CommittingWeightsTooFast: "wait for the block that the message names",
  TooManyUnrevealedCommits: "reveal what is committed, or let it expire",
  NoWeightsCommitFound: "commit the weights first",
  InvalidRevealCommitHashNotMatch: "reveal exactly what was committed, with its salt and version",
  RevealTooEarly: "wait for the block that the message names",
  ExpiredWeightCommit: "commit again, and reveal within the blocks that the chain names",
  ServingRateLimitExceeded: "wait for the block that the message names",
  InvalidIpAddress: "announce an address at which others reach this machine",
  InvalidPort: "announce a port between 1 and 65535",
  SettingWeightsTooFast: "wait for the block that the message names",
  SpaceLimitExceeded: "wait for the block that the message names",
  TooManyRegistrationsThisBlock: "try again in the next block",
  NoNeuronIdAvailable: "ask the subnet's owner for more uids",
  IncorrectWeightVersionKey: "update to the version that the subnet asks for",
  RequireSudo: "sign with the chain's sudo key",
  BadProof: "check that the signer holds the key of its address",
  BadGenesis: "check the chain endpoint",
  Malformed: "check the arguments against the limits that the message names",
};
