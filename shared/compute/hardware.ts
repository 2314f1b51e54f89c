import { type ClassedHost, classOf, type HardwareClass } from "#shared/continuous/hardware-class.js";
import { BLOCKS_TO_RECORD, phaseWindow } from "#shared/protocol/phases.js";
import type { Sprint } from "#shared/protocol/sprint.js";
import { isGone } from "#shared/replay/is-gone.js";
import type { CycleSource } from "#shared/replay/source.js";
import type { Hardware } from "#shared/sprint/proof/hardware.js";
import { profileOf } from "./profile/profile-of.js";

/**
 * Classes by the operations of exact nonces that a machine computes in a second. A Sprint tells no finer: limits, other work and kernels move it as
 * much.
 */
export const HARDWARE_CLASSES: readonly HardwareClass[] = [
  { name: "small processor", from: 0 },
  { name: "processor", from: 1e11 },
  { name: "large processor", from: 1e12 },
  { name: "card", from: 1e13 },
  { name: "server card", from: 1e14 },
];

/** What our kernels compute on a processor thread in a second, about. */
const FLOPS_A_THREAD = 5e10;

/** More classes apart than this, a report says something else than the Sprint. */
const CLOSE = 1;

/** A host's class, what class it says it is, and whether the two are far from one another. */
export interface SeenHardware extends ClassedHost {
  /** Operations a second. */
  readonly speed: number;
  readonly isFar: boolean;
}

/** The class of a machine of which nothing is known but what its host says. */
const reportedClass = ({ threads }: Hardware): string =>
  threads === 0 ? "card" : classOf({ speed: threads * FLOPS_A_THREAD, reported: null }, HARDWARE_CLASSES).measured;

/**
 * The class that a Sprint's count shows. It decides nothing.
 *
 * @param measured nonces that a valid proof speaks for
 * @param seconds  of the search
 * @param hardware what the host says of itself. Null if nothing
 */
export const seenHardware = (
  { measured, seconds }: { readonly measured: number; readonly seconds: number },
  sprint: Pick<Sprint, "dials" | "profile">,
  hardware: Hardware | null,
): SeenHardware => {
  const speed = (measured * profileOf(sprint).size(sprint.dials).flops) / seconds;
  const seen = classOf({ speed, reported: hardware && reportedClass(hardware) }, HARDWARE_CLASSES);
  return { ...seen, speed, isFar: seen.apart > CLOSE };
};

/** Seconds that a search lasts in a cycle's Sprint, by the chain's clock. Null where the chain no longer has it. */
export const readSearchSeconds = async (
  { chain, network }: Pick<CycleSource, "chain" | "network">,
  cycle: number,
): Promise<number | null> => {
  const { start, end } = phaseWindow(cycle, "evaluate", network.phases);
  const last = end - BLOCKS_TO_RECORD;
  if (last <= start) return null;
  try {
    const [begun, ended] = await Promise.all([start, last].map((block) => chain.timestamp(block)));
    return Math.max(1, ended! - begun!) / 1000;
  } catch (thrown) {
    if (!isGone(thrown)) throw thrown;
    return null;
  }
};
