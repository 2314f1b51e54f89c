import type { Batch } from "#shared/data/loader.js";
import type { OpenChange } from "./change.js";
import type { GroupMeter } from "./loss-meter.js";

/** Losses of a model with some changes, all measured in one pass, and given out until the same batches are asked for again. */
export interface OnePass<T> {
  /** Measures what is not known of the model itself, which is `null`, and of these on the batches `from ≤ b < to`. */
  ahead(those: readonly (T | null)[], from: number, to: number): Promise<void>;
  /** The losses, which are measured unless they are known. Null if the change cannot be read. */
  losses(of: T | null, from: number, to: number): Promise<readonly number[] | null>;
}

/** @param open reads a change; null if it cannot be read */
export const onePass = <T>(
  lossesTogether: NonNullable<GroupMeter["lossesTogether"]>,
  batches: readonly Batch[],
  open: (of: T) => Promise<OpenChange | null>,
): OnePass<T> => {
  const known = new Map<T | null, (number | undefined)[]>();
  const unreadable = new Set<T | null>();
  const knownOf = (of: T | null, from: number, to: number): readonly number[] | undefined => {
    const losses = Array.from({ length: to - from }, (_, i) => known.get(of)?.[from + i]);
    return losses.every((loss) => loss !== undefined) ? losses : undefined;
  };
  const ahead: OnePass<T>["ahead"] = async (those, from, to) => {
    const lacking = those.filter((of) => !unreadable.has(of) && !knownOf(of, from, to));
    const opened: { readonly of: T | null; readonly change: OpenChange | null }[] = [];
    try {
      for (const of of lacking) {
        const change = of === null ? null : await open(of);
        if (of !== null && change === null) unreadable.add(of);
        else opened.push({ of, change });
      }
      if (opened.length === 0) return;
      const measured = await lossesTogether(
        opened.map(({ change }) => change),
        batches.slice(from, to),
      );
      for (const [i, { of }] of opened.entries()) {
        const losses = known.get(of) ?? [];
        known.set(of, losses);
        for (const [at, loss] of measured[i]!.entries()) losses[from + at] = loss;
      }
    } finally {
      for (const { change } of opened) await change?.close();
    }
  };
  return {
    ahead,
    async losses(of, from, to) {
      await ahead([of], from, to);
      return knownOf(of, from, to) ?? null;
    },
  };
};
