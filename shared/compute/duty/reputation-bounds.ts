import type { Reputations } from "#shared/reputation/agreed-reputations.js";
import type { ReputationRules } from "#shared/reputation/reputation.js";
import { memberAssessor } from "#shared/settlement/assess-members.js";
import type { DutyResult } from "./read-duty.js";
import { type DutyPart, dutyStandings } from "./standing.js";

type LateClosing = Pick<DutyResult, "cycle" | "inputs" | "parts" | "committed" | "accusedByValidators">;

/** What validators step from and by. */
export interface Stepping {
  /** What validators agreed on before. */
  readonly agreed: Reputations;
  /** Ascending. */
  readonly closed: readonly LateClosing[];
  /** Those of cycles above this are not in `agreed`. */
  readonly after: number;
  readonly rules: ReputationRules;
}

/**
 * The least and the greatest reputation that a host may have with whoever did not have documents in time that are here now. Its own may have been
 * missing, which is missed duty, or unknown, which is none; and a fraud that members' documents alone prove may not have been proven.
 */
export const reputationBounds = async (
  hotkey: string,
  { agreed, closed, after, rules }: Stepping,
): Promise<{ readonly least: number; readonly greatest: number }> => {
  const steppedBy = async (change: (part: DutyPart, closing: LateClosing) => DutyPart | Promise<DutyPart>) => {
    const changed = closed.map(async (closing) => {
      const part = closing.parts.find((one) => one.hotkey === hotkey);
      return { cycle: closing.cycle, parts: part ? [await change(part, closing)] : [] };
    });
    const standings = dutyStandings({ agreed, closed: await Promise.all(changed), after, rules });
    return standings.get(hotkey)?.reputation.value ?? 0;
  };
  return { least: await steppedBy(withoutDocuments), greatest: await steppedBy(withUnknownDocuments) };
};

/** What a closing shows of a host whose own documents are missing. */
const withoutDocuments = async (part: DutyPart, { inputs, committed }: LateClosing): Promise<DutyPart> => {
  const member = inputs.members.find(({ hotkey }) => hotkey === part.hotkey);
  if (!member || !committed.has(part.hotkey)) return part;
  const silent = { ...inputs, duties: new Map(), answers: new Map() };
  const { duties, missed, missRate } = await memberAssessor(silent, () => false)(member);
  return { ...part, duties, missed, missRate };
};

/** The same where they are unknown, and nobody else's prove a fraud. */
const withUnknownDocuments = (part: DutyPart, { committed, accusedByValidators }: LateClosing): DutyPart => ({
  ...part,
  isFraud: part.isFraud && accusedByValidators.has(part.hotkey),
  ...(committed.has(part.hotkey) && { duties: part.duties - part.missed, missed: 0, missRate: 0 }),
});
