import type { RejectionReason } from "#shared/chain/writer/rejection-hints.js";
import type { ErrorCode } from "#shared/errors/error.js";

/** A rule's name, subtensor's if it has one, or the code of a failed read. */
export type FaultReason = RejectionReason | Extract<ErrorCode, "STATE_DISCARDED" | "BLOCK_UNKNOWN">;

/** A rule of the chain forbids the request. */
export class Fault extends Error {
  override readonly name = "Fault";

  constructor(
    readonly reason: FaultReason,
    message: string,
  ) {
    super(message);
  }
}

/** Throws `Fault` unless the condition holds. */
export function ensure(condition: boolean, reason: FaultReason, message: string): asserts condition {
  if (!condition) throw new Fault(reason, message);
}
