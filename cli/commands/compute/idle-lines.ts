import { columns } from "#shared/cli/table.js";
import type { SprintOutcome } from "#shared/compute/outcome.js";
import type { PayWindow } from "#shared/compute/read-pay-window.js";
import { idleRules, neededToUphold, utilisationOf } from "#shared/compute/upheld.js";
import type { PlayedSprint, Sprint } from "#shared/protocol/sprint.js";
import { percent } from "#shared/util/percent.js";
import { settledAs } from "./settled-as.js";

/** A miner's nonces of idle time beside the weight that they are to uphold. */
export const idleHosts = (
  { confirmed }: Pick<PayWindow, "confirmed">,
  played: PlayedSprint,
  outcomes: readonly SprintOutcome[],
) => {
  const rules = idleRules(played)!;
  return outcomes.map((outcome) => {
    const weight = confirmed?.get(outcome.hotkey)?.idle?.of ?? 0;
    return {
      ...outcome,
      needed: neededToUphold(weight, rules),
      utilisation: outcome.outcome === "valid" ? utilisationOf(weight, outcome, rules) : null,
    };
  });
};

/** What was proven of idle time since the newest Sprint. */
export const idleLines = (
  sprint: Sprint | undefined,
  window: Pick<PayWindow, "idle" | "confirmed">,
): readonly string[] => {
  if (!sprint?.idle) return [];
  const { window: part, least, keep } = sprint.idle;
  const rule = `idle time: ${percent(part)} of the evaluate phase of each other cycle; ${percent(least)} of what a weight would give upholds it, else ${percent(keep)} of it is left`;
  if (window.idle.length === 0) return ["", `${rule}; none was settled since`];
  return [
    "",
    rule,
    ...columns([
      ["IDLE TIME OF", "UID", "WINS", "NONCES", "95 %", "UPHOLDS", "NOT PROVEN", "SETTLED", "HOTKEY"],
      ...window.idle.flatMap(({ cycle, sprint: played, outcomes }) =>
        idleHosts(window, played, outcomes).map((host) => [
          `cycle ${cycle}`,
          String(host.uid),
          String(host.wins),
          String(host.measured),
          `${host.low}–${host.high}`,
          `${host.outcome === "valid" && host.measured >= host.needed ? "yes" : "no"}, from ${host.needed}`,
          host.utilisation
            ? `${percent(host.utilisation.share)} (${percent(host.utilisation.low)}–${percent(host.utilisation.high)})`
            : "–",
          settledAs(host),
          host.hotkey,
        ]),
      ),
    ]),
  ];
};
