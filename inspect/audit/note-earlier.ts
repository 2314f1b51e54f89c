import { findRepeats } from "#shared/independence/repeats.js";
import type { Report } from "#shared/protocol/report.js";
import { type EarlierUpdate, updatesBefore } from "#shared/replay/earlier-updates.js";
import type { CycleSource } from "#shared/replay/source.js";
import type { Findings } from "./findings.js";
import type { ManifestReader } from "./manifest-reader.js";
import { isMissing } from "./missing.js";
import type { Regated } from "./repeats.js";

interface Auditing {
  readonly source: CycleSource;
  readonly cycle: number;
  readonly manifestOf: ManifestReader;
}

/**
 * Notes what was scored though it has the tensors of an update that was revealed before, lately or for the same weights. It is no divergence: a
 * validator that was not there then may not have been able to know.
 *
 * @param base hash of the model that the cycle started from
 */
export const noteEarlier = async (
  auditing: Auditing,
  base: string,
  { regated, reports }: { readonly regated: readonly Regated[]; readonly reports: readonly Report[] },
  findings: Findings,
): Promise<void> => {
  const groups = new Set(regated.flatMap(({ result }) => (result?.ok ? [result.update.group] : [])));
  const revealed = await revealedBefore(auditing, { base, groups: [...groups] }, findings);
  for (const { submission, result } of regated) {
    if (!result?.ok) continue;
    const { group, tensorsHash: tensors } = result.update;
    const { uid, hotkey } = submission;
    const lineage = revealed.filter((update) => update.group === group);
    const original = findRepeats({ submissions: [{ hotkey, tensors }], lineage }).get(hotkey);
    if (!original) continue;
    for (const { validator, entries } of reports)
      if (entries.some((entry) => entry.uid === uid && entry.hotkey === hotkey && entry.verdict === "scored"))
        findings.note(
          `report of ${validator} scored uid ${uid}, whose tensors ${original.hotkey} had revealed in cycle ${original.cycle}`,
        );
  }
};

/** The updates of earlier cycles that nobody may submit again in these groups, as far as chain and files still have them. */
const revealedBefore = async (
  { source, cycle, manifestOf }: Auditing,
  { base, groups }: { readonly base: string; readonly groups: readonly string[] },
  findings: Findings,
): Promise<readonly EarlierUpdate[]> => {
  const revealed: EarlierUpdate[] = [];
  if (groups.length === 0) return revealed;
  let isWhole = true;
  const onMissing = () => {
    isWhole = false;
  };
  try {
    const asked = { cycle, base, groups, manifestOf, onMissing };
    for await (const update of updatesBefore(source, asked)) revealed.push(update);
  } catch (thrown) {
    if (!isMissing(thrown)) throw thrown;
    onMissing();
  }
  if (!isWhole) findings.note("updates of some earlier cycles cannot be had: copies of them are not looked for");
  return revealed;
};
