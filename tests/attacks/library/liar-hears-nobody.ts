import type { Attack } from "../attack.js";
import { oneStep } from "./accomplice.js";
import { liarUnheardWhileAway } from "./liar-unreachable-while-away.js";

/** Without a report that counts nobody is judged, and whoever votes has measured nothing. */
export const liarHearsNobody: Attack = {
  name: "liar-hears-nobody-while-away",
  description:
    "takes one step; from the third cycle on one honest validator with 15 % of the stake is away, and one with 40 % says that it holds no report and votes for the base in every group",
  network: liarUnheardWhileAway.network!,
  stakes: liarUnheardWhileAway.stakes!,
  away: liarUnheardWhileAway.away!,
  submit: oneStep,
  lie: { held: () => [], votes: (measured) => measured.map(() => ({ better: [], best: 0 })) },
  known: {
    abstained: "no report counts, so that nobody is judged",
    model: "no step is taken from the third cycle on",
  },
};
