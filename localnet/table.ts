import { columns } from "#shared/cli/table.js";
import { paintAnswer as paint } from "./paint.js";
import type { CycleResult, LocalnetResult, ModelLosses } from "./result.js";
import type { LocalnetParticipant } from "./roles.js";

/** What the live lines and the tables show. */
export const LEGEND: readonly string[] = [
  "live: a miner's step, its training loss and the loss of the cycle's last steps; the loss on held-out text is in nats, val_bpb in bits per byte",
  "tables: score and rank are of the cycle; weight and emission follow the mean of the scores over the window of cycles, so rank 1 may be paid less than rank 2",
];

/** The table of a finished cycle for the terminal. */
export const cycleTable = (
  result: CycleResult,
  nameOf: (uid: number) => Pick<LocalnetParticipant, "name" | "behaviour"> | undefined,
): readonly string[] => {
  const heading = ["uid", "miner", "group", "verdict", "loss reduction", "score", "rank", "weight", "emission"];
  const rows = result.miners.map((miner) => {
    const participant = nameOf(miner.uid);
    const name = participant?.name ?? miner.hotkey.slice(0, 8);
    return [
      String(miner.uid),
      participant && participant.behaviour !== "honest" ? `${name} (${participant.behaviour})` : name,
      miner.group ?? "–",
      miner.reason ? `${miner.verdict}: ${miner.reason}` : miner.verdict,
      miner.lossReduction === null ? "–" : miner.lossReduction.toFixed(4),
      miner.score.toFixed(4),
      miner.rank === null ? "–" : String(miner.rank),
      `${(100 * miner.weight).toFixed(1)} %`,
      miner.emission.toFixed(3),
    ];
  });
  const groups = Object.keys(result.valLossAfter).map((group) => lossLine(group, result));
  const agree = result.validatorsAgree ? paint("green", "validators agree") : paint("red", "VALIDATORS DISAGREE");
  return [
    `${paint("bold", `Cycle ${result.cycle}`)} · model ${result.modelHash.slice(0, 12)} · ${agree} · merged ${result.merged.join(", ") || "nobody"}`,
    ...groups.map((line) => `  ${line}`),
    ...columns([heading, ...rows]).map((line) => `  ${line}`),
    "",
  ];
};

/** Group, held-out loss before → after in nats, after in bits per byte, and the number of the chosen step. */
const lossLine = (group: string, result: CycleResult): string => {
  const { valLossBefore, valLossAfter, valBpbAfter } = result;
  const before = valLossBefore[group]!;
  const after = valLossAfter[group]!;
  const arrow = after < before ? "↓" : after > before ? "↑" : "=";
  return `${group}: held-out loss ${before.toFixed(4)} → ${after.toFixed(4)} ${arrow}  val_bpb ${valBpbAfter[group]!.toFixed(4)}  ${stepOf(group, result)}`;
};

const stepOf = (group: string, { steps, undecided }: CycleResult): string => {
  if (steps[group]) return `step ${steps[group]}`;
  const why = undecided.includes(group)
    ? "stood still for want of votes or reports: its pay leaves this cycle out"
    : "stood still: its pool is not paid for this cycle";
  return paint("yellow", why);
};

/**
 * The summary of a run: one line per cycle, with the losses, the merged miners, and the groups that took no step and so were not paid, or whose pay
 * leaves the cycle out.
 */
export const summaryTable = ({ genesis, cycles }: LocalnetResult): readonly string[] => {
  const groups = Object.keys(genesis.valLoss);
  const losses = ({ valLoss, valBpb }: ModelLosses) =>
    groups.flatMap((group) => [valLoss[group]!.toFixed(4), valBpb[group]!.toFixed(4)]);
  return columns([
    ["model", ...groups.flatMap((group) => [`${group} loss`, "val_bpb"]), "merged", "stood still, unpaid"],
    ["genesis", ...losses(genesis), "", ""],
    ...cycles.map(({ cycle, valLossAfter, valBpbAfter, merged, steps, undecided }) => [
      `cycle ${cycle}`,
      ...losses({ valLoss: valLossAfter, valBpb: valBpbAfter }),
      merged.join(" "),
      groups
        .flatMap((group) => (steps[group] ? [] : undecided.includes(group) ? `${group} (left out)` : group))
        .join(" "),
    ]),
  ]);
};
