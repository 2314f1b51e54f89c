import { measure } from "#owner/compute/measures.js";
import { rulesOf } from "#owner/compute/rule-sets.js";
import { TYPICAL_SCENARIO } from "#owner/compute/scenario.js";
import { simulateRules } from "#owner/compute/simulate.js";
import { windowsOf } from "#owner/compute/timeline.js";
import type { ComputeAttack } from "../compute-attack.js";

/** Blocks of a minute, so that a run takes no time. */
const scenario = { ...TYPICAL_SCENARIO, block: 60 };
const EPOCHS = 6;

/** Who comes for windows only, under the last of the simulated rules. */
const renting = (name: string, kind: string, description: string): ComputeAttack => ({
  name,
  description,
  play: ({ random }) => {
    const rules = rulesOf(scenario).find(({ id }) => id === "delivery")!;
    const seed = random.uint32();
    const { kinds } = measure(simulateRules(rules, scenario, { epochs: EPOCHS, seed }), scenario);
    const own = kinds.find((one) => one.kind === kind)!;
    const days = 60;
    const quiet = Array.from({ length: days }, (_, at) => windowsOf(rules, scenario, { seed, at })).filter(
      (windows) => windows.length === 1,
    ).length;
    const blocks = scenario.epoch / scenario.block;
    return {
      payoff: own.perUnitHour,
      alpha: null,
      beta: {
        of: "a day has no confirmation",
        events: quiet,
        trials: days,
        computed: (1 - rules.confirmations / blocks) ** blocks,
      },
      stoppedBy: ["random confirmations", "early share", "missed requests"],
    };
  },
});

export const rentedWindow = renting(
  "rented-window",
  "renter",
  "rents hardware for the windows alone: it is there in time for announced ones, and five minutes late to the others",
);

export const fastLoader = renting(
  "fast-loader",
  "fast loader",
  "uses its hardware elsewhere, and loads a small network within twenty seconds when a window begins",
);
