import type { Attack } from "../attack.js";
import { lieOfOthers } from "./lie-in-reports.js";
import { unscored } from "./unscored.js";

/** Needs no stake of its own to be half: who is away is in the voting stake for some cycles more, and who fails itself is. */
const unreachable: Omit<Attack, "name" | "description" | "stakes"> & Pick<Required<Attack>, "lie"> = {
  // A window that is full of good cycles before.
  network: (network) => ({ ...network, scoring: { ...network.scoring, window: 2 } }),
  known: {
    abstained:
      "more than half of the stake is away, fails itself or lies, so the others' cycle does not count for them",
  },
  submit: async ({ train, forge }) => [{ forged: forge({ miner: "eve1", tensors: await train() }) }],
  lie: lieOfOthers((entry) => unscored(entry, "unreachable")),
};

const whileAway = { ...unreachable, away: { vito: 3 } };

/** As the only honest validator that is there has 45 %, more than the liar. */
export const liarUnreachableWhileAway: Attack = {
  ...whileAway,
  name: "liar-unreachable-while-away",
  description:
    "trains honestly; from the third cycle on one honest validator with 15 % of the stake is away, and one with 40 % says that it could reach nobody but its own miner",
  stakes: { vera: 4500, vito: 1500, mallory: 4000 },
};

/** Number of vera's report: hers is the lowest uid. */
const VERAS = 0;

/** As two of them have, of whom the liar lets one be heard alone, which is with its own more than half. */
export const liarUnheardWhileAway: Attack = {
  ...whileAway,
  name: "liar-unheard-while-away",
  description:
    "the same where 45 % are two honest validators, and the one that lies does not say that it holds the larger one's report, so that it does not count",
  stakes: { vera: 2500, vela: 2000, vito: 1500, mallory: 4000 },
  lie: { ...whileAway.lie, held: (held) => held.filter((number) => number !== VERAS) },
};

/** As nobody is away, and an honest validator that judges nobody is all that its word takes to be half. */
export const liarUnreachableWhileFailing: Attack = {
  ...unreachable,
  name: "liar-unreachable-while-failing",
  description:
    "the same where nobody is away: from the third cycle on an honest validator with 12 % of the stake reports that it failed itself on everybody, beside one with 48 % and the liar's 40",
  stakes: { vera: 4800, vito: 1200, mallory: 4000 },
  failing: { vito: 3 },
};
