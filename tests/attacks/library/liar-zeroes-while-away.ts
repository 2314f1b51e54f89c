import type { Attack } from "../attack.js";
import {
  liarUnheardWhileAway,
  liarUnreachableWhileAway,
  liarUnreachableWhileFailing,
} from "./liar-unreachable-while-away.js";
import { lieOfOthers } from "./lie-in-reports.js";

const worthless = lieOfOthers((entry) => ({ ...entry, lossReduction: -1, standardError: 0.001, score: 0 }));
const nobodysOwn = lieOfOthers((entry) => ({ ...entry, independence: 0 }));

/** Whose figure is a majority's smallest: everybody scored the others' work, and it gives it nothing. */
export const liarZeroesWhileAway: readonly Attack[] = [
  {
    ...liarUnreachableWhileAway,
    name: "liar-zeroes-while-away",
    description:
      "trains honestly; from the third cycle on one honest validator with 15 % of the stake is away, and one with 40 % reports everybody else's work as worthless",
    lie: worthless,
  },
  {
    ...liarUnheardWhileAway,
    name: "liar-zeroes-unheard-while-away",
    description:
      "the same where 45 % are two honest validators, and the one that lies does not say that it holds the larger one's report, so that it does not count",
    lie: { ...liarUnheardWhileAway.lie, ...worthless },
  },
  {
    ...liarUnreachableWhileFailing,
    name: "liar-zeroes-while-failing",
    description:
      "the same where nobody is away: from the third cycle on an honest validator with 12 % of the stake reports that it failed itself on everybody, beside one with 48 % and the liar's 40",
    lie: worthless,
  },
  {
    ...liarUnreachableWhileAway,
    name: "liar-kin-while-away",
    description:
      "trains honestly; from the third cycle on one honest validator with 15 % of the stake is away, and one with 40 % reports that nobody else's work is any of its own",
    lie: nobodysOwn,
  },
];
