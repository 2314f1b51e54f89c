import { after, before, describe, it } from "node:test";
import { TRAINING } from "#localnet/training.js";
import { lateLines } from "../support/lateness.js";
import type { LocalnetRun } from "./localnet-run.js";

/** Milliseconds between blocks: the localnet's own, then slower ones for a machine on which its programs came late. */
const PACES = [800, 3200, 9600];

/** What is expected of a localnet that has lived, by name. */
export type Expectations<Lived> = Readonly<Record<string, (lived: Lived) => void>>;

/**
 * Tests of a localnet that has lived. Its blocks come by the clock, so what it does depends on the machine: where something is not as
 * expected and its logs tell of lateness, it lives again with slower blocks.
 *
 * @param live starts it with these arguments, and waits for its end
 */
export const describeLived = <Lived extends { readonly run: LocalnetRun }>(
  name: string,
  live: (pace: readonly string[]) => Promise<Lived>,
  expectations: Expectations<Lived>,
): void =>
  void describe(name, () => {
    let run: LocalnetRun | undefined;
    let faults: ReadonlyMap<string, unknown>;

    before(async () => {
      for (const pace of PACES) {
        run?.cleanUp();
        const lived = await live(["--block-time", String(pace)]);
        run = lived.run;
        faults = faultsOf(lived, expectations);
        if (faults.size === 0 || !isLate(run)) return;
        console.error(`late at ${pace} ms a block: ${[...faults.keys()].join("; ")}`);
      }
    });
    after(() => run?.cleanUp());

    for (const expectation of Object.keys(expectations))
      it(expectation, () => {
        if (faults.has(expectation)) throw faults.get(expectation);
      });
  });

/** What was thrown, by the expectation's name. */
const faultsOf = <Lived>(lived: Lived, expectations: Expectations<Lived>): ReadonlyMap<string, unknown> =>
  new Map(
    Object.entries(expectations).flatMap(([name, check]): [string, unknown][] => {
      try {
        check(lived);
        return [];
      } catch (thrown) {
        return [[name, thrown]];
      }
    }),
  );

/** Whether a program came late, or a miner had no time for all of its steps. */
const isLate = ({ logs }: LocalnetRun): boolean =>
  Object.entries(logs()).some(
    ([name, log]) =>
      lateLines(log).length > 0 ||
      (/-\d+$/.test(name) &&
        [...log.matchAll(/"steps":(\d+).*"msg":"trained"/g)].some(([, steps]) => Number(steps) < TRAINING.max_steps)),
  );
