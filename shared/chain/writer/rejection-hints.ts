/**
 * What to do about a rule of the chain, by the runtime's name for it. Covers the errors of subtensor's pallets SubtensorModule, AdminUtils,
 * Commitments, Swap and Drand and of its transaction extensions, in spec 293 and in spec 425, and those of the devchain.
 */
const HINTS = [
  ["check the netuid and the chain endpoint", "SubNetworkDoesNotExist", "SubnetNotExists", "SubnetDoesntExist"],
  ["check the netuid and the chain endpoint", "SubnetDoesNotExist", "RootNetworkDoesNotExist", "BadGenesis"],
  ["register the hotkey on the subnet first", "AccountNotAllowedCommit", "HotKeyNotRegisteredInSubNet", "UidNotFound"],
  ["register the hotkey on a subnet first", "HotKeyNotRegisteredInNetwork", "HotKeyAccountNotExists"],
  ["register the hotkey on a subnet first", "HotkeyAccountDoesntExist"],
  ["nothing to do: it is registered", "HotKeyAlreadyRegisteredInSubNet"],
  [
    "sign with the coldkey that registered the hotkey first, or take a hotkey that nobody has registered",
    ...["NonAssociatedColdKey", "BeneficiaryDoesNotOwnHotkey"],
  ],
  ["sign with the coldkey that owns the subnet", "NotSubnetOwner", "BadOrigin", "ExpectedBeneficiaryOrigin"],
  ["sign with the chain's sudo key", "RequireSudo"],
  ["sign with the hotkey", "TransactorAccountShouldBeHotKey"],
  [
    "start the subnet first: its owner can, with `blockzero subnet start`",
    ...["SubtokenDisabled", "FirstEmissionBlockNumberNotSet"],
  ],
  ["nothing to do: the subnet is started", "FirstEmissionBlockNumberAlreadySet"],
  [
    "wait: a subnet may be started 7 days (50,400 blocks) after its registration, 10 blocks on a chain with fast blocks",
    "NeedWaitingMoreBlocksToStarCall",
  ],
  [
    "check what the call needs: that the subnet is started (`blockzero chain status`), its keys registered, and no limit of stake reached; the runtime says no more",
    "BadRequest",
  ],
  [
    "fund the account first",
    ...["NotEnoughBalanceToStake", "BalanceTooLow", "InsufficientBalance", "CannotAffordLockCost"],
    ...["NotEnoughBalanceToPaySwapHotKey", "NotEnoughBalanceToPaySwapColdKey"],
  ],
  [
    "leave some balance on the account: it must outlive the payment",
    ...["BalanceWithdrawalError", "ZeroBalanceAfterWithdrawn"],
  ],
  [
    "raise the stake, or the amount, above the least that the message names or the runtime has: 0.002 tokens and the swap's fee, or the subnet's stake threshold for weights",
    ...["StakeAmountTooLow", "AmountTooLow", "InsufficientInputAmount"],
  ],
  [
    "stake less at once, or wait until the subnet's pool is larger",
    ...["InsufficientLiquidity", "SlippageTooHigh", "PriceLimitExceeded", "ZeroMaxAmount", "ReservesTooLow"],
    ...["ZeroMaxStakeAmount", "TooManySwapSteps", "ReservesOutOfBalance", "SwapInputTooLarge", "LiquidityNotFound"],
  ],
  ["name at most the stake that there is", "NotEnoughStake", "NotEnoughStakeToWithdraw", "NotEnoughAlphaOutToRecycle"],
  ["wait until the stake's lock is over", "CannotUnstakeLock", "StakeUnavailable", "UnlockAmountTooHigh"],
  ["wait until the stake's lock is over", "ActiveLockExists", "LockHotkeyMismatch", "InsufficientStakeForLock"],
  ["lock stake first", "NoExistingLock"],
  ["ask the other coldkey to take locked stake, or choose another", "AccountRejectsLockedAlpha"],
  ["raise the validator's stake and wait for the next epoch", "NeuronNoValidatorPermit"],
  [
    "raise the hotkey's stake above the stake threshold",
    ...["NotEnoughStakeToSetWeights", "NotEnoughStakeToSetChildkeys", "StakeTooLowForRoot"],
  ],
  ["ask the subnet's owner to open registration", "SubNetRegistrationDisabled"],
  ["use another subnet: the root network is no place for this", "RegistrationNotPermittedOnRootSubnet"],
  ["use another subnet: the root network is no place for this", "CanNotSetRootNetworkWeights", "NotRootSubnet"],
  ["use another subnet: the root network is no place for this", "NotPermittedOnRootSubnet"],
  ["use another subnet: the root network is no place for this", "CannotBurnOrRecycleOnRootSubnet"],
  ["try again in the next block", "TooManyRegistrationsThisBlock"],
  [
    "wait for the next interval of registrations (360 blocks unless the subnet has another)",
    ...["TooManyRegistrationsThisInterval", "RegistrationPriceLimitExceeded"],
  ],
  ["ask the subnet's owner for more uids", "NoNeuronIdAvailable"],
  [
    "wait: one network may be registered in 7,200 blocks (a day), by whomever; on a chain of your own sudo can lift it",
    "NetworkTxRateLimitExceeded",
  ],
  ["wait until a subnet may be replaced", "AllNetworksInImmunity", "SubnetLimitReached"],
  [
    "wait for the block that the message names, or for the chain's limit to pass: `blockzero chain status` shows it",
    ...["RateLimitExceeded", "TxRateLimitExceeded", "CommittingWeightsTooFast", "SettingWeightsTooFast"],
    ...["ServingRateLimitExceeded", "SpaceLimitExceeded", "StakingRateLimitExceeded", "HotKeySetTxRateLimitExceeded"],
    ...["StakingOperationRateLimitExceeded", "DelegateTxRateLimitExceeded", "TxChildkeyTakeRateLimitExceeded"],
    ...["HotKeySwapOnSubnetIntervalNotPassed", "EvmKeyAssociateRateLimitExceeded", "AddStakeBurnRateLimitExceeded"],
  ],
  [
    "try again a few blocks after the next epoch: parameters stand still around epochs",
    "AdminActionProhibitedDuringWeightsWindow",
  ],
  ["commit the weights first, then reveal them", "CommitRevealEnabled"],
  ["set the weights in the clear", "CommitRevealDisabled"],
  ["reveal what is committed, or let it expire", "TooManyUnrevealedCommits"],
  ["commit the weights first", "NoWeightsCommitFound", "CommitNotFound"],
  ["reveal exactly what was committed, with its salt and version", "InvalidRevealCommitHashNotMatch"],
  ["wait for the block that the message names, or for the next epoch", "RevealTooEarly"],
  [
    "commit again, and reveal within the blocks that the chain names",
    ...["ExpiredWeightCommit", "CommitBlockNotInRevealRange"],
  ],
  ["lock the weights to a later round of the beacon", "InvalidRevealRound"],
  ["update: the runtime wants another version of commitments", "IncorrectCommitRevealVersion"],
  ["update to the version that the subnet asks for", "IncorrectWeightVersionKey"],
  [
    "give each uid of the subnet once, with one weight each, as many as the subnet asks for at least",
    ...["WeightVecNotEqualSize", "InputLengthsUnequal", "DuplicateUids", "UidVecContainInvalidOne"],
    ...["WeightVecLengthIsLow", "MaxWeightExceeded", "UidsLengthExceedUidsInSubNet"],
  ],
  ["announce an address at which others reach this machine", "InvalidIpAddress", "InvalidIpType"],
  ["announce a port between 1 and 65535", "InvalidPort"],
  ["check the arguments against the limits that the message names", "Malformed", "TooManyFieldsInCommitmentInfo"],
  ["check that the signer holds the key of its address", "BadProof"],
  ["wait for the coldkey's swap to end, or sign with another", "ColdkeyInSwapSchedule", "ColdkeySwapAnnounced"],
  ["wait for the coldkey's swap to end, or sign with another", "ColdkeySwapDisputed", "ColdkeyIsInArbitration"],
  ["wait for the coldkey's swap to end, or sign with another", "SwapAlreadyScheduled", "ColdkeySwapAlreadyDisputed"],
  ["wait for the time that swaps of coldkeys take", "ColdkeySwapTooEarly", "ColdkeySwapReannouncedTooEarly"],
  ["wait for the time that swaps of coldkeys take", "ColdkeySwapClearTooEarly"],
  ["announce the swap first, with this very coldkey", "ColdkeySwapAnnouncementNotFound", "FailedToSchedule"],
  ["announce the swap first, with this very coldkey", "AnnouncedColdkeyHashDoesNotMatch"],
  [
    "choose another key",
    ...["NewHotKeyIsSameWithOld", "NewColdKeyIsHotkey", "ColdKeyAlreadyAssociated", "NewHotKeyNotCleanForRootSwap"],
    ...["HotKeyAlreadyDelegate", "SameAutoStakeHotkeyAlreadySet", "CannotUseSystemAccount", "InvalidRealAccount"],
  ],
  [
    "choose children as the chain takes them: at most five, each once, none of them a parent, their shares no more than one",
    ...["InvalidChild", "DuplicateChild", "ProportionOverflow", "TooManyChildren", "ChildParentInconsistency"],
  ],
  [
    "choose a value within the chain's bounds",
    ...["InvalidChildkeyTake", "DelegateTakeTooLow", "DelegateTakeTooHigh", "AlphaHighTooLow", "AlphaLowOutOfRange"],
    ...["ActivityCutoffTooLow", "RevealPeriodTooLarge", "RevealPeriodTooSmall", "InvalidValue", "ValueNotInBounds"],
    ...["InvalidNumRootClaim", "InvalidRootClaimThreshold", "InvalidSubnetNumber", "TooManyUIDsPerMechanism"],
    ...["InvalidVotingPowerEmaAlpha", "TempoOutOfBounds", "ActivityCutoffFactorMilliOutOfBounds", "FeeRateTooHigh"],
    ...["TrimmingWouldExceedMaxImmunePercentage", "BondsMovingAverageMaxReached", "NegativeSigmoidSteepness"],
    ...["MaxValidatorsLargerThanMaxUIds", "MaxAllowedUIdsLessThanCurrentUIds", "InvalidIdentity", "SameNetuid"],
    ...["MinAllowedUidsGreaterThanCurrentUids", "MinAllowedUidsGreaterThanMaxAllowedUids", "InvalidTickRange"],
    ...["MaxAllowedUidsLessThanMinAllowedUids", "MaxAllowedUidsGreaterThanDefaultMaxAllowedUids"],
    ...["InvalidLiquidityValue", "MaxPositionsExceeded", "InvalidLeaseBeneficiary", "LeaseCannotEndInThePast"],
    ...["SymbolDoesNotExist", "SymbolAlreadyInUse", "InvalidWorkBlock", "InvalidDifficulty", "InvalidSeal"],
  ],
  [
    "switch on first what it belongs to",
    ...["LiquidAlphaDisabled", "VotingPowerTrackingNotEnabled", "UserLiquidityDisabled"],
  ],
  [
    "do without: this runtime has it switched off",
    ...["CallDisabled", "CallFiltered", "FaucetDisabled", "Deprecated", "DisabledTemporarily", "TransferDisallowed"],
    ...["POWRegistrationDisabled", "MechanismDoesNotExist", "CallUnknown", "NotSenateMember", "CouldNotJoinSenate"],
  ],
  [
    "wait for the epoch that is due",
    ...["EpochTriggerAlreadyPending", "AutoEpochAlreadyImminent", "DynamicTempoBlockedByCommitReveal"],
  ],
  [
    "check the lease's number and its end",
    ...["LeaseNetuidNotFound", "LeaseDoesNotExist", "LeaseHasNoEndBlock", "LeaseHasNotEnded"],
  ],
  ["check the key of the other chain", "UnableToRecoverPublicKey", "InvalidRecoveredPublicKey"],
  ["encrypt it to the key that the chain announces now", "FailedShieldedTxParsing", "InvalidShieldedTxPubKeyHash"],
  ["tell who runs the chain: the runtime itself failed", "Overflow", "UidMapCouldNotBeCleared", "StorageOverflow"],
  ["tell who runs the chain: the runtime itself failed", "UnexpectedUnreserveLeftover", "NoneValue"],
  ["tell who runs the chain: no pulse of its beacon gets in", "DrandConnectionFailure", "UnverifiedPulse"],
  ["tell who runs the chain: no pulse of its beacon gets in", "InvalidRoundNumber", "PulseVerificationError"],
  ["nothing to do: another extrinsic of this key took its nonce", "Stale"],
  ["wait until the key's extrinsics before it are included", "Future"],
  ["wait for the next blocks: the node's pool is full", "PoolFull", "TooManyPending"],
  ["send less at once: the message names the limit", "ExtrinsicTooLarge"],
  ["choose a value as the message says", "InvalidHyperParameter"],
  ["wait for the end of the subnet's first epoch", "NoEpochs"],
  ["choose another netuid", "SubnetAlreadyExists"],
] as const satisfies readonly (readonly [hint: string, ...names: readonly string[]])[];

type NamesOf<Row> = Row extends readonly [hint: string, ...names: infer Names extends readonly string[]]
  ? Names[number]
  : never;

/** The name of a rule that has a hint. */
export type RejectionReason = NamesOf<(typeof HINTS)[number]>;

const byName: ReadonlyMap<string, string> = new Map(
  HINTS.flatMap(([hint, ...names]) => names.map((name) => [name, hint] as const)),
);

/** Undefined for a rule without a hint. */
export const rejectionHint = (name: string): string | undefined => byName.get(name);
