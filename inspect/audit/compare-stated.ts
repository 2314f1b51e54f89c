import { reputationBounds, type Stepping } from "#shared/compute/duty/reputation-bounds.js";
import type { SprintResult } from "#shared/compute/read-sprint.js";
import { hashJson } from "#shared/protocol/hash-json.js";
import { type Reputations, statedReputations } from "#shared/reputation/agreed-reputations.js";
import { formatMillionths } from "#shared/util/fraction.js";
import type { Findings } from "./findings.js";

/** What validators step from and by, and what it gives. */
export interface Expected extends Stepping {
  readonly expected: Reputations;
}

/**
 * Compares the reputations that validators stated in their checks of a Sprint with what the duty of earlier Sprints gives. A validator that could not
 * have a document closes duty otherwise: that is a note. So is what most of the stake agrees on where validators without documents that are here now
 * may give it; else the audit diverges. A reputation on which they do not agree is a note too: honest validators that differ give the same.
 */
export const compareStated = async (
  { validators, reputations }: Pick<SprintResult, "validators" | "reputations">,
  { expected, ...stepping }: Expected,
  findings: Findings,
): Promise<void> => {
  const hash = hashJson(statedReputations(expected));
  const stated = validators.flatMap(({ hotkey, checks }) => (checks?.reputations ? [{ hotkey, ...checks }] : []));
  for (const { hotkey, reputations: own } of stated)
    if (hashJson(own) !== hash)
      findings.note(`checks of ${hotkey} state other reputations than the duty of earlier Sprints gives`);
  if (reputations === null)
    return findings.note(
      "validators agreed on no reputations: no more than half of the stake says what it holds; what was agreed on before goes on",
    );
  for (const [hotkey, { value }] of reputations) {
    const { value: given = 0 } = expected.get(hotkey) ?? {};
    if (value === given) continue;
    const { least, greatest } = await reputationBounds(hotkey, stepping);
    const differs = `validators agreed on a reputation of ${formatMillionths(value)} for ${hotkey}, and the duty of earlier Sprints gives ${formatMillionths(given)}`;
    if (value < least || value > greatest) findings.diverges(differs);
    else findings.note(`${differs} with documents that validators may not have had in time`);
  }
  for (const { hotkey, value } of statedReputations(expected))
    if (value > 0 && !reputations.has(hotkey))
      findings.note(
        `validators agreed on no reputation of ${hotkey}, which is a newcomer: the duty of earlier Sprints gives ${formatMillionths(value)}`,
      );
};
