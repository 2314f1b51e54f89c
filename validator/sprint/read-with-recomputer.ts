import { type Recomputer, withRecomputer } from "#shared/compute/recomputer.js";
import { readUntilWhole } from "#shared/participant/at-every-block.js";
import { waitForFiles } from "#shared/participant/waiting.js";
import type { Sprint } from "#shared/protocol/sprint.js";
import type { CycleSource } from "#shared/replay/source.js";
import type { Checker } from "./context.js";

/** What a reading of a Sprint is made with. */
interface Reading {
  readonly source: CycleSource;
  /** Of the Sprint, for as long as it is read. */
  readonly recomputer: Recomputer;
  /** Whether the time to fetch is over. */
  readonly isOver: () => boolean;
}

/**
 * Reads what follows from a Sprint's documents. What is not available is asked for again at every block, until
 * `deadline`: a file that the seeds need too, without which nothing is recomputed.
 */
export const readWithRecomputer = <T extends { readonly isWhole: boolean }>(
  { participant, arithmetic }: Pick<Checker, "participant" | "arithmetic">,
  { cycle, sprint, deadline }: { readonly cycle: number; readonly sprint: Sprint; readonly deadline: number },
  read: (reading: Reading) => Promise<T>,
): Promise<T> => {
  const options = { sprint, cycle, arithmetic: async () => arithmetic, signal: participant.signal };
  return waitForFiles(participant, { deadline, isHeld: true }, (wait) => {
    const { source } = wait;
    const isOver = () => wait.until.aborted;
    // What the seeds need is asked for last.
    return withRecomputer(wait.eachWaited, options, (recomputer) =>
      readUntilWhole(participant, wait, () => read({ source, recomputer, isOver })),
    );
  });
};
