import { createRandom } from "#shared/data/random.js";

export const FAULTS = ["kill", "stall", "full disk", "lost endpoint", "slow endpoint", "clock"] as const;
export type FaultKind = (typeof FAULTS)[number];

/** A fault that befalls one process at a block, and what it is healed after. */
export interface PlannedFault {
  /** Counted from the first cycle's first block. */
  readonly block: number;
  readonly kind: FaultKind;
  readonly process: string;
  /** Block times until it is healed; a kill is healed by the restart. */
  readonly blocks: number;
  /** Milliseconds: of a slow endpoint, the delay; of a clock, how far it is moved. */
  readonly milliseconds: number;
}

export interface FaultOptions {
  readonly seed: number;
  readonly cycles: number;
  /** Blocks of a cycle. */
  readonly length: number;
  /** Which processes each kind may befall. */
  readonly targets: Readonly<Record<FaultKind, readonly string[]>>;
  /** Cycles at the beginning and at the end without a fault. */
  readonly quiet: number;
  /** Share of the other cycles in which a fault begins. */
  readonly share: number;
}

/** Least and greatest duration in block times. */
const DURATIONS: Readonly<Record<FaultKind, readonly [number, number]>> = {
  kill: [0, 0],
  stall: [3, 60],
  "full disk": [5, 90],
  "lost endpoint": [3, 90],
  "slow endpoint": [10, 140],
  clock: [20, 280],
};

/** A second to some hours, either way. */
const CLOCK_JUMP_MS = [1_000, 3 * 3_600_000] as const;
const DELAY_MS = [20, 1_500] as const;

/** Faults at random blocks, kinds and processes: the same for the same seed. */
export const planFaults = ({ seed, cycles, length, targets, quiet, share }: FaultOptions): readonly PlannedFault[] => {
  const random = createRandom(`faults ${seed}`);
  const pick = <T>(from: readonly T[]): T => from[random.below(from.length)]!;
  const between = ([least, most]: readonly [number, number]) => least + random.below(most - least + 1);
  /** As likely to be between 1 s and 2 s as between 1 h and 2 h. */
  const scaled = ([least, most]: readonly [number, number]) =>
    Math.round(least * Math.exp(random.next() * Math.log(most / least)));
  const kinds = FAULTS.filter((kind) => targets[kind].length > 0);
  const planned: PlannedFault[] = [];
  for (let cycle = quiet; cycle < cycles - quiet; cycle++) {
    if (random.next() >= share) continue;
    const kind = pick(kinds);
    planned.push({
      block: cycle * length + random.below(length),
      kind,
      process: pick(targets[kind]),
      blocks: between(DURATIONS[kind]),
      milliseconds:
        kind === "clock"
          ? scaled(CLOCK_JUMP_MS) * (random.below(2) === 0 ? 1 : -1)
          : kind === "slow endpoint"
            ? scaled(DELAY_MS)
            : 0,
    });
  }
  return planned;
};
