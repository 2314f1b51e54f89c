import type { GateResult } from "#shared/replay/gate-update.js";
import { ANCESTRY_DEPTH, lineage } from "#shared/replay/lineage.js";
import type { Model } from "#shared/replay/merge-model.js";
import type { Submission } from "#shared/replay/submissions.js";
import { findDuplicates } from "#shared/scoring/duplicates.js";
import type { Findings } from "./findings.js";
import type { ManifestReader } from "./manifest-reader.js";
import { isMissing } from "./missing.js";

/** A submission and what its gates say here; null where its files cannot be had. */
export interface Regated {
  readonly submission: Submission;
  readonly result: GateResult | null;
  /** Its tensors' bytes are those of an update that came before. */
  readonly isRepeated: boolean;
}

/** Marks the submissions whose bytes were merged before, as far back as validators look, or committed before by somebody else. */
export const withRepeats = async (
  regated: readonly Regated[],
  base: Model,
  manifestOf: ManifestReader,
  findings: Findings,
): Promise<readonly Regated[]> => {
  const merged: { cycle: number; hotkey: string; artifact: string; tensors: string; sketch: null }[] = [];
  let depth = 0;
  try {
    for await (const { manifest } of lineage(base.hash, manifestOf)) {
      merged.push(...manifest.merged.map((update) => ({ ...update, cycle: manifest.cycle, sketch: null })));
      depth += 1;
      if (depth === ANCESTRY_DEPTH) break;
    }
  } catch (thrown) {
    if (!isMissing(thrown)) throw thrown;
    findings.note("ancestors of the base cannot be had: copies of what they merged are not looked for");
  }
  const submissions = regated.flatMap(({ submission, result }) => {
    if (!result?.ok || !submission.commitment) return [];
    const { artifact, tensorsHash: tensors } = result.update;
    return [{ hotkey: submission.hotkey, artifact, tensors, sketch: null, commitBlock: submission.commitment.block }];
  });
  const repeated = findDuplicates({ cycle: base.manifest.cycle + 1, submissions, lineage: merged });
  return regated.map((one) => ({ ...one, isRepeated: repeated.has(one.submission.hotkey) }));
};
