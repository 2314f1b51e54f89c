import { valueText } from "#shared/beacon/value-text.js";
import { columns } from "#shared/cli/table.js";
import { whyInvalid } from "#shared/compute/outcome.js";
import { formatMillionths } from "#shared/util/fraction.js";
import { percent } from "#shared/util/percent.js";
import { paintAnswer as paint } from "./paint.js";
import type { SprintCycle, SprintMiner } from "./result.js";
import type { LocalnetParticipant } from "./roles.js";

const HEADING = [
  "uid",
  "miner",
  "wins",
  "1 in",
  "weight",
  "settled",
  "confirmed",
  "duty",
  "missed",
  "reputation",
  "of its pay",
];

/** The table of a settled Sprint for the terminal. */
export const sprintTable = (
  { cycle, confirms, idle, miners, beacon, seconds, minerSeconds, validatorSeconds }: SprintCycle,
  nameOf: (uid: number) => Pick<LocalnetParticipant, "name" | "behaviour"> | undefined,
  nameOfHotkey: (hotkey: string) => string,
): readonly string[] => [
  `${paint("bold", titleOf({ cycle, confirms, idle }))} · a miner computed ${costOf(minerSeconds, seconds)}, a validator ${costOf(validatorSeconds, seconds)}`,
  ...columns([
    HEADING,
    ...miners.map((miner) => [
      String(miner.uid),
      nameOf(miner.uid)?.name ?? miner.hotkey.slice(0, 8),
      String(miner.wins),
      String(miner.difficulty),
      `${miner.measured} (${miner.low}–${miner.high})`,
      settledAs(miner),
      String(miner.confirmed),
      ...dutyCells(miner.duty),
      percent(miner.paid),
    ]),
  ]).map((line) => `  ${line}`),
  ...(beacon === null ? [] : [`  beacon ${valueText(beacon, nameOfHotkey)}`]),
  "",
];

const titleOf = ({ cycle, confirms, idle }: Pick<SprintCycle, "cycle" | "confirms" | "idle">): string =>
  confirms === null
    ? `Sprint of cycle ${cycle}`
    : `${idle ? "Idle time" : "Confirmation"} in cycle ${cycle} of the Sprint of cycle ${confirms}`;

/** Of the Sprint before. */
const dutyCells = (duty: SprintMiner["duty"]): readonly string[] => {
  if (!duty) return ["–", "–", "–"];
  const { duties, missed, isFraud, reputation } = duty;
  const failed = `${missed}${isFraud ? ", fraud" : ""}`;
  return [
    `${duties - missed} of ${duties}`,
    missed > 0 || isFraud ? paint("red", failed) : failed,
    formatMillionths(reputation),
  ];
};

const costOf = (seconds: number, of: number): string =>
  `${seconds.toFixed(1)} s, ${of > 0 ? ((100 * seconds) / of).toFixed(1) : "–"} % of the cycle`;

const settledAs = (miner: SprintMiner): string =>
  miner.outcome === "invalid" ? paint("red", `invalid: ${whyInvalid(miner)}`) : miner.outcome;
