import { createJudge, type SprintJudge } from "#shared/compute/judge.js";
import { readUntilWhole } from "#shared/participant/at-every-block.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import { untilBlock } from "#shared/participant/until-block.js";
import { whileWaiting } from "#shared/participant/while-waiting.js";
import type { Sprint } from "#shared/protocol/sprint.js";
import type { CycleSource } from "#shared/replay/source.js";
import type { Checker } from "./context.js";

/** What a reading of a Sprint is made with. */
interface Reading {
  readonly source: CycleSource;
  /** Of the Sprint, for as long as it is read. */
  readonly judge: SprintJudge;
  /** Whether the time to fetch is over. */
  readonly isOver: () => boolean;
}

/** Reads what follows from a Sprint's documents. What is not available is asked for again at every block, until `deadline`. */
export const readWithJudge = async <T extends { readonly isWhole: boolean }>(
  { participant, arithmetic }: Pick<Checker, "participant" | "arithmetic">,
  { cycle, sprint, deadline }: { readonly cycle: number; readonly sprint: Sprint; readonly deadline: number },
  read: (reading: Reading) => Promise<T>,
): Promise<T> => {
  const { clock, signal } = participant;
  const judge = createJudge(cycleSource(participant, { isHeld: true }), {
    sprint,
    cycle,
    arithmetic: async () => arithmetic,
    signal,
  });
  try {
    return await untilBlock(clock, Math.max(deadline, clock.head.number + 1), signal, (until) => {
      const source = whileWaiting(cycleSource(participant, { until, isHeld: true }), until);
      const isOver = () => until.aborted;
      return readUntilWhole(participant, { until, deadline }, () => read({ source, judge, isOver }));
    });
  } finally {
    await judge.dispose();
  }
};
