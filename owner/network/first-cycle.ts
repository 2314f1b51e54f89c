import { beaconWindows } from "#shared/beacon/windows.js";
import { lastingAfter } from "#shared/participant/deciding-block.js";
import type { Network } from "#shared/protocol/network.js";
import { hasCycleValue } from "#shared/protocol/network-file/drand-beacon.js";
import { FORMING_CYCLES } from "#shared/protocol/network-file/group-rules.js";
import { type BlockRange, phaseWindow } from "#shared/protocol/phases.js";
import { recordWindow } from "#shared/replay/phase-records.js";
import { plural } from "#shared/util/plural.js";

type File = Pick<Network, "phases" | "beacon" | "sprint">;

/**
 * What the first cycle under a file that succeeds another lacks, for people. Validators have records of both files to write in it, and the chain
 * keeps one a hotkey: those of the new file wait until the former has decided on its last model, and checks of the former's last Sprint may share
 * blocks with them.
 */
export const lacksInFirstCycle = (former: File, next: File, cycle: number): readonly string[] => {
  const decided = phaseWindow(cycle, "distribute", former.phases).end;
  const own = ownRecords(next, cycle);
  const checks = former.sprint
    ? (["checks", "checksheld"] as const).map((type) => ({ type, window: recordWindow(type, cycle - 1, former) }))
    : [];
  return own.flatMap(({ type, window: { start, end } }) => {
    const group = type === "deal" ? next.beacon?.group : undefined;
    if (end <= decided)
      return [
        `in cycle ${cycle} validators write no ${type} record: its blocks are over before the former file decides on its last model`,
        ...(group
          ? [
              `no threshold group signs before cycle ${cycle + group.every + FORMING_CYCLES}, and the beacon's value falls back until then: the first key generation has no keys. Choose a distribute phase that ends less than half of the train phase (rounded down) before the former's`,
            ]
          : []),
      ];
    const later = start < decided ? lastingAfter({ start, end }, decided - 1) : { start, end };
    return [
      ...(later.start > start
        ? [
            `in cycle ${cycle} validators write their ${type} record ${plural(later.start - start, "block")} later: the former file decides on its last model first`,
          ]
        : []),
      ...checks
        .filter(({ window }) => window.start < later.end && later.start < window.end)
        .map(
          (one) =>
            `in cycle ${cycle} a validator's ${type} record and its ${one.type} record of cycle ${cycle - 1} share blocks, and one takes the other's place: a Sprint of that cycle may stay undecided`,
        ),
    ];
  });
};

/** The records that validators write under a file in a cycle about that cycle, and their blocks. */
const ownRecords = (
  { phases, beacon }: File,
  cycle: number,
): readonly { readonly type: string; readonly window: BlockRange }[] => {
  const { sealing, holding, signing } = beaconWindows(cycle, phases);
  const { contributions, group } = beacon ?? {};
  return [
    ...(hasCycleValue(beacon)
      ? [
          { type: contributions ? "seal" : "deal", window: sealing },
          { type: contributions ? "sealheld" : "partial", window: holding },
        ]
      : []),
    ...(group ? [{ type: "pulse", window: signing }] : []),
    { type: "report", window: phaseWindow(cycle, "evaluate", phases) },
    { type: "held", window: phaseWindow(cycle, "exchange", phases) },
    { type: "ballot", window: phaseWindow(cycle, "choose", phases) },
  ].filter(({ window }) => window.start < window.end);
};
