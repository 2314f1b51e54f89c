import { describeRepeat, findRepeats } from "#shared/independence/repeats.js";
import type { MergedUpdate, ModelManifest } from "#shared/protocol/model-manifest.js";
import { isGone } from "#shared/replay/is-gone.js";
import { ancestry } from "#shared/replay/lineage.js";
import type { CycleSource } from "#shared/replay/source.js";
import { readModelManifest } from "#shared/replay/whole-model.js";
import type { Gate } from "./report.js";

export interface Compared {
  readonly group: string;
  readonly base: string;
  readonly tensorsHash: string;
}

const UNSEEN =
  "what others submit in this cycle, and with how many one's work would be shared, cannot be seen before they reveal it";

/** What the update is known by here, whoever submits it. */
const OWN = "own";

/** Whether the update is one of those that its base and the base's ancestors were merged from, as far as their manifests are at hand. */
export const duplicateGate = async (source: CycleSource, update: Compared, signal: AbortSignal): Promise<Gate> => {
  const merged = (await ancestorsOf(source, update.base, signal)).filter(({ group }) => group === update.group);
  const submissions = [{ hotkey: OWN, tensors: update.tensorsHash }];
  const found = findRepeats({ submissions, lineage: merged }).get(OWN);
  if (found) return { gate: "duplicate", status: "failed", reason: "duplicate", detail: describeRepeat(found) };
  return {
    gate: "duplicate",
    status: "passed",
    reason: null,
    detail: `none of the ${merged.length} merged before; ${UNSEEN}`,
  };
};

/** As far back as manifests are at hand. */
const ancestorsOf = async (
  source: CycleSource,
  base: string,
  signal: AbortSignal,
): Promise<readonly (MergedUpdate & { readonly cycle: number })[]> => {
  const end: ModelManifest = { ...(await readModelManifest(source, base)), parent: null, merged: [] };
  const manifest = async (hash: string): Promise<ModelManifest> => {
    try {
      return await readModelManifest(source, hash);
    } catch (thrown) {
      if (!isGone(thrown)) throw thrown;
      return end;
    }
  };
  return ancestry({ manifest }, base, signal);
};
