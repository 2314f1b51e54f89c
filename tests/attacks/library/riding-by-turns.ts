import { heldOutLosses } from "#shared/evaluation/reference-text.js";
import type { Parameters } from "#shared/model/parameters.js";
import { lengthOf, plus, scaled } from "../arena/change.js";
import type { Attack, Den } from "../attack.js";
import { lastStep } from "./last-step.js";

/** Lengths that it tries on public text, relative to an honest update's. */
const LENGTHS = [0.25, 0.5, 1, 1.5, 2.5];

/** The group's last step once more, as far as lowers the loss most; null where there is none. */
const ride = async ({
  base,
  past,
  honest,
  meter,
  group,
  subnet: { network },
}: Pick<Den, "base" | "past" | "honest" | "meter" | "group" | "subnet">): Promise<Parameters | null> => {
  const step = lastStep(base, past);
  if (!step) return null;
  const unit = scaled(step, lengthOf(honest[0]!.update) / lengthOf(step));
  let [best, least] = [unit, Number.POSITIVE_INFINITY];
  for (const length of LENGTHS) {
    const along = scaled(unit, length);
    const losses = await heldOutLosses(meter, network, { ...base.whole, ...plus(base.own, along) });
    const { loss } = losses[group]!;
    if (loss < least) [best, least] = [along, loss];
  }
  return best;
};

/**
 * Pay is by the power of a window's mean score, times its independence. What everybody knows scores without being anybody's: a hotkey that trains
 * in one cycle and rides in the others has the score of all, and would gain by it if its independence were the mean of theirs.
 */
const ridingByTurns = (hotkeys: number): Attack => ({
  name: `riding-by-turns-${hotkeys}`,
  description: `one machine and ${hotkeys} hotkeys, of which one submits its training and the others the group's last step once more, by turns`,
  identities: hotkeys,
  submit: async (den) => {
    const { cycle, identities, train, forge } = den;
    const update = await train();
    const free = await ride(den);
    return identities.map((miner, i) => ({
      forged: forge({ miner, tensors: i === cycle % hotkeys ? update : (free ?? update) }),
    }));
  },
});

export const ridingByTurnsBy: readonly Attack[] = [ridingByTurns(2), ridingByTurns(4)];
