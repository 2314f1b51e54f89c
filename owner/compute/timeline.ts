import { confirmationsIn } from "#shared/continuous/trigger.js";
import { sha256 } from "#shared/protocol/hash.js";
import { MILLION } from "#shared/util/fraction.js";
import type { ComputeRules } from "./rule-sets.js";
import type { ComputeScenario } from "./scenario.js";

/** A window in which hosts prove. */
export interface ProofWindow {
  /** Whether its time is known in advance. */
  readonly isAnnounced: boolean;
  /** Seconds from its beginning to where it counts, and to its end. */
  readonly counted: number;
  readonly end: number;
}

/** Something that nobody knew before, of one run: 64 hex digits. */
export const entropyOf = (seed: number, ...parts: readonly (string | number)[]): string =>
  sha256(Buffer.from(["blockzero/compute-simulation", seed, ...parts].join(" ")));

/** The windows of an epoch in order: the announced one, then the confirmations that blocks trigger. */
export const windowsOf = (
  rules: ComputeRules,
  { epoch, block }: ComputeScenario,
  { seed, at }: { readonly seed: number; readonly at: number },
): readonly ProofWindow[] => {
  const counted = Math.max(rules.grace, rules.secondSeed);
  const end = rules.grace + rules.window;
  const blocks = Math.floor(epoch / block);
  const triggers =
    rules.confirmations === 0
      ? []
      : confirmationsIn({ first: at * blocks, end: (at + 1) * blocks }, (height) => entropyOf(seed, "block", height), {
          perCycle: Math.round(rules.confirmations * MILLION),
          blocks,
          window: Math.ceil(end / block),
        });
  return [{ isAnnounced: true, counted, end }, ...triggers.map(() => ({ isAnnounced: false, counted, end }))];
};
