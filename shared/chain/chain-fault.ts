import { type BlockZeroError, hasCode } from "#shared/errors/error.js";

/** Whether the chain could not be read or written for a moment: the same question may be answered at the next block. */
export const isChainFault = (thrown: unknown): thrown is BlockZeroError =>
  hasCode(thrown, "CHAIN_TIMEOUT", "CHAIN_UNREACHABLE", "CHAIN_DISCONNECTED", "BLOCK_UNKNOWN");
