import type { ReportEntry } from "#shared/protocol/report.js";
import type { Attack } from "../attack.js";
import { honestWeights } from "./honest-weights.js";
import { unscored } from "./unscored.js";

/** What the validator of the running campaign measured in this cycle. */
let latest: readonly ReportEntry[] = [];

/** Needs no stake of its own to be half: who is away is in the voting stake for some cycles more. */
const whileAway: Omit<Attack, "name" | "description" | "stakes"> & Pick<Required<Attack>, "lie"> = {
  // A window that is full of good cycles before.
  network: (network) => ({ ...network, scoring: { ...network.scoring, window: 2 } }),
  away: { vito: 3 },
  known: { abstained: "more than half of the stake is away or lies, so the others' cycle does not count for them" },
  submit: async ({ train, forge }) => [{ forged: forge({ miner: "eve1", tensors: await train() }) }],
  lie: {
    entries(measured, { attackers }) {
      latest = measured;
      return measured.map((entry) =>
        entry.verdict === "scored" && !attackers.has(entry.uid) ? unscored(entry, "unreachable") : entry,
      );
    },
    // By what was measured, so that what the reports alone do is seen.
    weights: () => honestWeights(latest),
  },
};

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
