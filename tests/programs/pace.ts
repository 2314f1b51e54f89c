import type { TestContext } from "node:test";
import { connectDevchain } from "#shared/chain/devchain/client.js";
import type { PhaseLengths } from "#shared/protocol/network-file/phase-lengths.js";
import { phaseAt } from "#shared/protocol/phases.js";
import { onAbort } from "#shared/util/on-abort.js";
import type { Running } from "./process.js";

/** What a program says in a cycle: the message of a log line, and a pattern for what follows the line's cycle, if that matters. */
export type Saying = readonly [program: Running, message: string, rest?: string];

export interface PaceOptions {
  readonly endpoint: string;
  readonly phases: PhaseLengths;
  /** Milliseconds between blocks at first. */
  readonly blockMs: number;
}

/** A devchain's pace, which follows the machine's: where a window is missed, the next blocks come more slowly. */
export interface Pace {
  /**
   * The first cycle after `after` in which the programs said all of these. Each whole cycle in which they did not makes the blocks come half as
   * fast, so a slow machine needs more cycles, and passes.
   */
  cycleOf(sayings: readonly Saying[], after?: number): Promise<number>;
}

/** Whole cycles that may pass in vain. Blocks then come 128 times more slowly than at first, which is no matter of speed any more. */
const MOST_IN_VAIN = 7;

export const openPace = async (t: TestContext, { endpoint, phases, blockMs }: PaceOptions): Promise<Pace> => {
  const chain = await connectDevchain({ endpoint });
  t.after(() => chain.close());
  let pace = blockMs;
  const slowDown = () => {
    pace *= 2;
    t.diagnostic(`a window was missed: from now on a block every ${pace} ms`);
    return chain.setBlockTime(pace);
  };
  return {
    cycleOf: (sayings, after = -1) =>
      new Promise((resolve, reject) => {
        const over = new AbortController();
        let deafen = () => {};
        const settle = (done: () => void) => {
          if (over.signal.aborted) return;
          over.abort();
          deafen();
          done();
        };
        const fail = (why: string) => settle(() => reject(new Error(`${why}\n${logsOf(sayings)}`)));
        deafen = onAbort(t.signal, () => fail("the test is over"));
        const programs = new Set(sayings.map(([program]) => program));
        for (const program of programs) void program.ended.then(() => fail("a program ended"));
        /** The first cycle that all have lived through from its first block. */
        let whole: number | undefined;
        let inVain = 0;
        chain.onHead(({ number }) => {
          const cycle = cycleSaid(sayings, after);
          if (cycle !== undefined) return settle(() => resolve(cycle));
          const at = phaseAt(number, phases);
          if ([...programs].every((program) => / joined {2}/.test(program.log()))) whole ??= at.cycle + 1;
          // What belongs to a cycle is said at the latest while the next one's training begins.
          if (whole === undefined || at.cycle <= whole || at.phase === "distribute") return;
          whole = at.cycle;
          inVain += 1;
          if (inVain > MOST_IN_VAIN) return fail(`not in one of ${inVain} cycles: ${textOf(sayings)}`);
          slowDown().catch((thrown: unknown) => fail(String(thrown)));
        }, over.signal);
      }),
  };
};

const cyclesSaid = ([program, message, rest = ""]: Saying): readonly number[] =>
  [...program.log().matchAll(new RegExp(` ${message} {2}cycle=(\\d+)\\b${rest}`, "g"))].map(([, cycle]) =>
    Number(cycle),
  );

const cycleSaid = (sayings: readonly Saying[], after: number): number | undefined => {
  const [first = [], ...others] = sayings.map(cyclesSaid);
  return first.find((cycle) => cycle > after && others.every((said) => said.includes(cycle)));
};

const textOf = (sayings: readonly Saying[]): string => sayings.map(([, message]) => message).join(", ");

const logsOf = (sayings: readonly Saying[]): string =>
  [...new Set(sayings.map(([program]) => program))].map((program) => program.log()).join("\n");
