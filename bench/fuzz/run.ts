import { createRandom } from "#shared/data/random.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { mutate } from "./mutate.js";
import type { FuzzTarget } from "./targets.js";

/** What became of one target's inputs. */
export interface FuzzOutcome {
  readonly target: string;
  readonly inputs: number;
  /** Of all inputs together. */
  readonly bytes: number;
  readonly seconds: number;
  /** Of the slowest input, which is the `slowest`-th. */
  readonly worstMs: number;
  readonly slowest: number;
  /** Outcome → inputs. */
  readonly outcomes: Readonly<Record<string, number>>;
}

/** No input of these sizes may take longer, garbage collection included. */
export const MOST_MS = 1_000;

/**
 * Reads mutated inputs: the n-th depends on seed, target and n alone.
 *
 * @throws BlockZeroError FUZZ_DEFECT naming the input where a reader throws or takes too long
 */
export const fuzz = async (
  target: FuzzTarget,
  { seed, inputs }: { seed: string; inputs: number },
): Promise<FuzzOutcome> => {
  const outcomes = new Map<string, number>();
  let [bytes, spent, worstMs, slowest] = [0, 0, 0, 0];
  for (let n = 0; n < inputs; n++) {
    const random = createRandom(`fuzz/${seed}/${target.name}/${n}`);
    const input = mutate(random.pick(target.seeds), target.kinds, random);
    const begin = performance.now();
    const outcome = await outcomeOf(target, input, `${target.name} ${n} of seed ${seed}`);
    const ms = performance.now() - begin;
    spent += ms;
    bytes += input.length;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    if (ms > worstMs) [worstMs, slowest] = [ms, n];
    if (ms > MOST_MS) throw defect(`${target.name} ${n} of seed ${seed} took ${ms.toFixed(0)} ms`, input);
  }
  const sorted = [...outcomes].sort(([, a], [, b]) => b - a);
  const { name } = target;
  return { target: name, inputs, bytes, seconds: spent / 1000, worstMs, slowest, outcomes: Object.fromEntries(sorted) };
};

const outcomeOf = async ({ read }: FuzzTarget, input: Uint8Array, which: string): Promise<string> => {
  try {
    return await read(input);
  } catch (thrown) {
    throw defect(`${which}: ${reasonOf(thrown)}`, input, thrown);
  }
};

const defect = (problem: string, input: Uint8Array, cause?: unknown): BlockZeroError =>
  new BlockZeroError("FUZZ_DEFECT", problem, `the input in hex: ${Buffer.from(input).toString("hex")}`, { cause });
