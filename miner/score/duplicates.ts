import { describeRepeat, findRepeats } from "#shared/independence/repeats.js";
import { type EarlierUpdate, updatesBefore } from "#shared/replay/earlier-updates.js";
import { isGone } from "#shared/replay/is-gone.js";
import { ancestry, lineageAtHand } from "#shared/replay/lineage.js";
import type { CycleSource } from "#shared/replay/source.js";
import { readModelManifest } from "#shared/replay/whole-model.js";
import type { Gate } from "./report.js";

export interface Compared {
  /** In which it would be submitted. */
  readonly cycle: number;
  readonly group: string;
  readonly base: string;
  readonly tensorsHash: string;
}

const UNSEEN =
  "what others submit in this cycle, and with how many one's work would be shared, cannot be seen before they reveal it";

/** What the update is known by here, whoever submits it. */
const OWN = "own";

/**
 * Whether the update is one of those that its base and the base's ancestors were merged from, or one that was revealed and that nobody may submit
 * again, as far as manifests and states are at hand.
 */
export const duplicateGate = async (source: CycleSource, update: Compared, signal: AbortSignal): Promise<Gate> => {
  const models = lineageAtHand(update.base, (hash) => readModelManifest(source, hash));
  const merged = (await ancestry(models)).filter(({ group }) => group === update.group);
  const { revealed, isWhole } = await revealedBefore(source, update, signal);
  const submissions = [{ hotkey: OWN, tensors: update.tensorsHash }];
  const found = findRepeats({ submissions, lineage: [...merged, ...revealed] }).get(OWN);
  if (found) return { gate: "duplicate", status: "failed", reason: "duplicate", detail: describeRepeat(found) };
  const none = `none of ${merged.length} merged and ${revealed.length} revealed before`;
  if (!isWhole)
    return {
      gate: "duplicate",
      status: "unchecked",
      reason: null,
      detail: `${none}; some of earlier cycles cannot be had any more; ${UNSEEN}`,
    };
  return { gate: "duplicate", status: "passed", reason: null, detail: `${none}; ${UNSEEN}` };
};

const revealedBefore = async (source: CycleSource, { cycle, group, base }: Compared, signal: AbortSignal) => {
  const revealed: EarlierUpdate[] = [];
  let isWhole = true;
  const onMissing = () => {
    signal.throwIfAborted();
    isWhole = false;
  };
  try {
    const manifestOf = (hash: string) => readModelManifest(source, hash);
    const asked = { cycle, base, groups: [group], manifestOf, onMissing };
    for await (const update of updatesBefore(source, asked)) revealed.push(update);
    return { revealed, isWhole };
  } catch (thrown) {
    if (!isGone(thrown)) throw thrown;
    return { revealed, isWhole: false };
  }
};
