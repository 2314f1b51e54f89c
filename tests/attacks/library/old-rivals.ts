import type { Parameters } from "#shared/model/parameters.js";
import { lengthOf, plus, scaled } from "../arena/change.js";
import type { Attack, Den } from "../attack.js";
import { lastStep } from "./last-step.js";

/** More than there are places, so that most of a cycle's trainings are not merged. */
const HONEST = 8;

const dot = (a: Parameters, b: Parameters): number => (lengthOf(plus(a, b)) ** 2 - lengthOf(plus(a, b, -1)) ** 2) / 4;

/** The mean of what was revealed in the last cycle and not merged, less what of it lies along the group's last step; null where there is nothing. */
const oldMean = ({ base, past }: Pick<Den, "base" | "past">): Parameters | null => {
  const left = past[0]?.unmerged ?? [];
  if (left.length === 0) return null;
  const mean = scaled(
    left.reduce((sum, update) => plus(sum, update)),
    1 / left.length,
  );
  const step = lastStep(base, past);
  return step ? plus(mean, step, -dot(mean, step) / dot(step, step)) : mean;
};

const oldRivals: Attack = {
  name: "old-rivals",
  description:
    "trains nothing: the mean of the last cycle's updates that were not merged, less what lies along the group's last step, as long as an honest update",
  honest: HONEST,
  submit: async ({ base, past, honest, forge }) => {
    const mean = oldMean({ base, past });
    if (!mean) return [];
    return [{ forged: forge({ miner: "eve1", tensors: scaled(mean, lengthOf(honest[0]!.update) / lengthOf(mean)) }) }];
  },
};

const plusOldRivals = (name: string, factor: number): Attack => ({
  name,
  description: `trains honestly, and adds ${factor} times the mean of the last cycle's updates that were not merged, less what lies along the group's last step`,
  honest: HONEST,
  submit: async ({ base, past, train, forge }) => {
    const update = await train();
    const mean = oldMean({ base, past });
    return [{ forged: forge({ miner: "eve1", tensors: mean ? plus(update, mean, factor) : update }) }];
  },
});

const unmergedAgain: Attack = {
  name: "unmerged-again",
  description: "submits, byte for byte, an update of the last cycle that was not merged",
  honest: HONEST,
  submit: async ({ past, forge }) => {
    const [left] = past[0]?.left ?? [];
    return left ? [{ forged: forge({ miner: "eve1", tensors: left.tensors.bytes }) }] : [];
  },
};

export const oldRivalsAll: readonly Attack[] = [
  oldRivals,
  plusOldRivals("plus-old-rivals", 1),
  plusOldRivals("plus-half-old-rivals", 0.5),
  unmergedAgain,
];
