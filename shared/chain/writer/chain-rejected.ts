import { BlockZeroError } from "#shared/errors/error.js";
import { type RejectionReason, rejectionHint } from "./rejection-hints.js";

/** The chain refused a write. `reason` is the chain's own name for the rule. The message starts with it. */
export class ChainRejected extends BlockZeroError {
  constructor(
    readonly reason: string,
    message: string,
  ) {
    super(
      "CHAIN_REJECTED",
      `${reason}: ${message}`,
      rejectionHint(reason) ?? "see the chain's documentation of this error",
    );
  }
}

/** Whether the chain refused a write because of this rule. */
export const isRejected = (thrown: unknown, reason: RejectionReason): thrown is ChainRejected =>
  thrown instanceof ChainRejected && thrown.reason === reason;
