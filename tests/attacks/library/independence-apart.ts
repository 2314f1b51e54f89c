import type { ReportEntry } from "#shared/protocol/report.js";
import type { Attack, Lie } from "../attack.js";
import { honestWeights } from "./honest-weights.js";
import { liarUnheardWhileAway, liarUnreachableWhileAway } from "./liar-unreachable-while-away.js";

/** What it says of independence, relative to what it measured: of its own miner, and of everybody else. */
interface Apart {
  readonly own: number;
  readonly others: number;
}

const lieApart = ({ own, others }: Apart): Lie => {
  /** What the validator of the running campaign measured in this cycle. */
  let latest: readonly ReportEntry[] = [];
  return {
    entries(measured, { attackers }) {
      latest = measured;
      return measured.map((entry) =>
        entry.independence === null
          ? entry
          : { ...entry, independence: entry.independence * (attackers.has(entry.uid) ? own : others) },
      );
    },
    // By what was measured, so that what the reports alone do is seen.
    weights: (_, pools) => honestWeights(latest, pools),
  };
};

const trains: Attack["submit"] = async ({ train, forge }) => [
  { forged: forge({ miner: "eve1", tensors: await train() }) },
];

/** No lie that nobody else comes near: one by as much as is still agreed on. */
export const independenceApart: readonly Attack[] = [
  {
    name: "independence-apart",
    description:
      "trains honestly; a validator with 49 % of the stake reports twice the independence of its own miner, and half of all others'",
    submit: trains,
    lie: lieApart({ own: 2, others: 0.5 }),
  },
  {
    ...liarUnreachableWhileAway,
    name: "independence-apart-while-away",
    description:
      "the same of one with 40 %, where from the third cycle on one of two honest validators, with 15 %, is away",
    lie: lieApart({ own: 2, others: 0.5 }),
  },
  {
    ...liarUnheardWhileAway,
    name: "independence-apart-unheard-while-away",
    description:
      "the same where 45 % are two honest validators, of whom the larger one is not heard; it reports three quarters of all others' independence, as much less as is agreed on then",
    lie: { ...liarUnheardWhileAway.lie, ...lieApart({ own: 1, others: 0.76 }) },
    known: {
      ...liarUnheardWhileAway.known,
      pay: "who keeps honest reports from being heard takes up to a quarter off the independence of others' miners",
    },
  },
];
