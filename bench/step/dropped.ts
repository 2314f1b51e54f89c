import { BlockZeroError, hasCode } from "#shared/errors/error.js";

/** One that failed at what it was asked, and is left out. */
export interface Dropped {
  readonly name: string;
  readonly reason: string;
}

export const isDropped = <T extends object>(outcome: T | Dropped): outcome is Dropped => "reason" in outcome;

const CODE = "BENCH_PEER";

/** A peer's fault: nothing of ours is wrong, and all else can go on without it. */
export const peerFault = (reason: string): BlockZeroError =>
  new BlockZeroError(CODE, reason, "try it with another PyTorch; bench/README.md says how to install one");

/** What a peer's work gives, or how it failed. Any other fault is thrown. */
export const orDropped = async <T extends object>(name: string, work: () => Promise<T>): Promise<T | Dropped> => {
  try {
    return await work();
  } catch (thrown) {
    if (!hasCode(thrown, CODE)) throw thrown;
    return { name, reason: thrown.message };
  }
};
