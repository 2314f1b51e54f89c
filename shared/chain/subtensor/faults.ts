import { z } from "zod";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { RpcError } from "../connection/rpc-socket.js";
import { ChainRejected } from "../writer/chain-rejected.js";
import type { Reception } from "../writer/extrinsic.js";

/**
 * Names of `InvalidTransaction::Custom(n)`: `CustomTransactionError` of subtensor, in spec 293 up to 14 (`pallets/subtensor/src/lib.rs`),
 * in spec 425 up to 27 (`common/src/transaction_error.rs`). 255 stands for every rule of the call that has no number of its own.
 */
export const CUSTOM_ERRORS: Readonly<Record<number, string>> = {
  0: "ColdkeyInSwapSchedule",
  1: "StakeAmountTooLow",
  2: "BalanceTooLow",
  3: "SubnetNotExists",
  4: "HotkeyAccountDoesntExist",
  5: "NotEnoughStakeToWithdraw",
  6: "RateLimitExceeded",
  7: "InsufficientLiquidity",
  8: "SlippageTooHigh",
  9: "TransferDisallowed",
  10: "HotKeyNotRegisteredInNetwork",
  11: "InvalidIpAddress",
  12: "ServingRateLimitExceeded",
  13: "InvalidPort",
  14: "ZeroMaxAmount",
  15: "InvalidRevealRound",
  16: "CommitNotFound",
  17: "CommitBlockNotInRevealRange",
  18: "InputLengthsUnequal",
  19: "UidNotFound",
  20: "EvmKeyAssociateRateLimitExceeded",
  21: "ColdkeySwapDisputed",
  22: "InvalidRealAccount",
  23: "FailedShieldedTxParsing",
  24: "InvalidShieldedTxPubKeyHash",
  25: "NonAssociatedColdKey",
  26: "DelegateTakeTooLow",
  27: "DelegateTakeTooHigh",
  255: "BadRequest",
};

/** Substrate's codes of `author_submitExtrinsic`. */
const INVALID = 1010;
const BANNED = 1012;
const KNOWN = 1013;
const TOO_LOW_PRIORITY = 1014;
const DROPPED = 1016;
/** The node's words for reasons that have no number. */
const STALE = /outdated/i;
const TOO_OLD = /ancient birth block/i;
const FUTURE = /valid in the future/i;
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/bad signature/i, "BadProof"],
  [/inability to pay/i, "BalanceTooLow"],
  [/call is not expected/i, "CallFiltered"],
  [/exhaust the block/i, "ExhaustsResources"],
];

/** What a node's refusal of an extrinsic means. Rethrows an error that says nothing about the extrinsic. */
export const receptionOf = (error: unknown): Reception => {
  if (!(error instanceof RpcError)) throw error;
  const { code, message, detail = "" } = error;
  if (code === KNOWN) return { status: "pool" };
  if (code === DROPPED || FUTURE.test(detail)) return { status: "later" };
  // A nonce that waits in the pool makes the priority too low.
  if (code === TOO_LOW_PRIORITY || STALE.test(detail)) return { status: "dead", isTaken: true };
  // Banned: it left the pool a while ago, into a block or for good.
  if (code === BANNED || TOO_OLD.test(detail)) return { status: "dead", isTaken: false };
  const custom = /custom error: (\d+)/i.exec(detail)?.[1];
  const named = custom === undefined ? undefined : (CUSTOM_ERRORS[Number(custom)] ?? `Custom(${custom})`);
  const reason =
    named ?? WORDS.find(([words]) => words.test(detail))?.[1] ?? (code === INVALID ? "Invalid" : `code ${code}`);
  return { status: "refused", error: new ChainRejected(reason, detail === "" ? message : `${message}: ${detail}`) };
};

/** A failed read as a coded error. */
export const readFault = (thrown: unknown, endpoint: string): unknown => {
  if (thrown instanceof BlockZeroError) return thrown;
  const reason = (thrown instanceof z.ZodError ? z.prettifyError(thrown) : reasonOf(thrown)).slice(0, 300);
  if (/State already discarded|Api called for an unknown Block/i.test(reason))
    return new BlockZeroError("STATE_DISCARDED", reason, "ask for a later block, or use a node that keeps more", {
      cause: thrown,
    });
  return new BlockZeroError(
    "CHAIN_UNREACHABLE",
    `${endpoint} answered what cannot be used: ${reason}`,
    "check that the endpoint serves subtensor, and that this build knows its version",
    { cause: thrown },
  );
};

export const blockUnknown = (block: number): BlockZeroError =>
  new BlockZeroError("BLOCK_UNKNOWN", `there is no block ${block} yet`, "wait until it is built");

export const noSubnet = (netuid: number): ChainRejected =>
  new ChainRejected("SubNetworkDoesNotExist", `there is no subnet ${netuid}`);
