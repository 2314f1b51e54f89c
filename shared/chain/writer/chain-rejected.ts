import { BlockZeroError } from "#shared/errors/error.js";
import { type RejectionReason, rejectionHint } from "./rejection-hints.js";

/** The chain refused a write. `reason` is the chain's own name of the rule, which also starts the message. */
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

/** Whether the chain refused a write by this rule. */
export const isRejected = (thrown: unknown, reason: RejectionReason): thrown is ChainRejected =>
  thrown instanceof ChainRejected && thrown.reason === reason;
