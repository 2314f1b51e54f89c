import { findRepeats } from "#shared/independence/repeats.js";
import type { Model } from "#shared/merge/merge-model.js";
import type { GateResult } from "#shared/replay/gate-submission.js";
import { ANCESTRY_DEPTH, lineage } from "#shared/replay/lineage.js";
import type { Submission } from "#shared/replay/submissions.js";
import type { Findings } from "./findings.js";
import type { ManifestReader } from "./manifest-reader.js";
import { isMissing } from "./missing.js";

/** A submission and the result of its gates here. Null if its files are not available. */
export interface Regated {
  readonly submission: Submission;
  readonly result: GateResult | null;
  /** True if its tensors have the same bytes as those of an earlier update. */
  readonly isRepeated: boolean;
}

/** Marks the submissions whose tensors were already merged, byte for byte, in as many past cycles as validators check. */
export const withRepeats = async (
  regated: readonly Regated[],
  base: Model,
  manifestOf: ManifestReader,
  findings: Findings,
): Promise<readonly Regated[]> => {
  const merged: { cycle: number; hotkey: string; artifact: string; tensors: string; group: string }[] = [];
  let depth = 0;
  try {
    for await (const { manifest } of lineage(base.hash, manifestOf)) {
      merged.push(...manifest.merged.map((update) => ({ ...update, cycle: manifest.cycle })));
      depth += 1;
      if (depth === ANCESTRY_DEPTH) break;
    }
  } catch (thrown) {
    if (!isMissing(thrown)) throw thrown;
    findings.note("ancestors of the base cannot be had: copies of what they merged are not looked for");
  }
  return regated.map((one) => {
    if (!one.result?.ok) return one;
    const { group, tensorsHash: tensors } = one.result.update;
    const { hotkey } = one.submission;
    const inGroup = merged.filter((update) => update.group === group);
    return { ...one, isRepeated: findRepeats({ submissions: [{ hotkey, tensors }], lineage: inGroup }).has(hotkey) };
  });
};
