import { countedDocuments, fetchDocument, type MemberDocument } from "#shared/beacon/group/agreed.js";
import { documentsIn, membershipOf, type StepDocuments } from "#shared/beacon/group/formation.js";
import { readMembers } from "#shared/beacon/group/members.js";
import type { Membership } from "#shared/beacon/group/membership.js";
import { FORMING_STEPS, type FormingStep } from "#shared/beacon/group/schedule.js";
import type { Slots } from "#shared/beacon/group/slots.js";
import type { GroupSource } from "#shared/beacon/group/source.js";
import { groupSource } from "#shared/replay/beacon-value.js";
import { askAtEveryBlock } from "../../at-every-block.js";
import { cycleSource } from "../../cycle-source.js";
import type { Participant } from "../../participant.js";
import { waitForFiles } from "../../waiting.js";
import { type GroupJournal, noteForming } from "./group-journal.js";

/** A key generation as a participant follows it. */
export interface Formation {
  readonly participant: Participant;
  readonly journal: GroupJournal;
  /** Its first cycle. */
  readonly start: number;
  /** Block at which nothing is waited for any longer. */
  readonly deadline: number;
}

/** What forming reads of the chain alone. */
export const chainOf = (participant: Participant): GroupSource => groupSource(cycleSource(participant))!;

/** The members and their slots, from the journal or the state at the begin. @throws what reading the chain throws */
export const membersOf = async ({ participant, journal, start }: Omit<Formation, "deadline">): Promise<Slots> => {
  const known = journal.value.forming?.slots;
  if (known) return new Map(known);
  const slots = await readMembers(chainOf(participant), start);
  noteForming(journal, (forming) => ({
    ...forming,
    slots: [...slots].map(([hotkey, own]): [string, number[]] => [hotkey, [...own]]),
  }));
  return slots;
};

/** The documents of a step that count, from the journal or the states of its cycle. @throws what reading the chain throws */
export const countedOf = async (
  formation: Omit<Formation, "deadline">,
  step: FormingStep,
): Promise<readonly MemberDocument[]> => {
  const { participant, journal, start } = formation;
  const cycle = start + FORMING_STEPS.indexOf(step);
  const known = journal.value.forming?.counted[cycle];
  if (known) return known;
  const counted = await countedDocuments(chainOf(participant), cycle, await membersOf(formation));
  noteForming(journal, (forming) => ({ ...forming, counted: { ...forming.counted, [cycle]: [...counted] } }));
  return counted;
};

export interface FetchedDocuments<K extends FormingStep> {
  readonly documents: StepDocuments<K>;
  /** Who has a document that counts and cannot be had. */
  readonly missing: readonly string[];
}

/** Fetches the documents of a step that count, at every block until the deadline. @throws what reading the chain throws */
export const fetchCounted = async <K extends FormingStep>(
  formation: Formation,
  step: K,
): Promise<FetchedDocuments<K>> => {
  const { participant, start, deadline } = formation;
  const { log } = participant;
  const counted = await countedOf(formation, step);
  return waitForFiles(participant, { deadline, isHeld: true }, async (wait) => {
    const source = groupSource(wait.source)!;
    const answers = await Promise.all(
      counted.map(async (document) => {
        const ask = () => fetchDocument(source, step, start, document);
        return [document.hotkey, await askAtEveryBlock(participant, wait, ask)] as const;
      }),
    );
    const missing = answers.flatMap(([hotkey, answer]) => ("reason" in answer ? [hotkey] : []));
    if (missing.length > 0) log.warn("documents of the threshold group cannot be had", { start, step, missing });
    const read = answers.flatMap(([hotkey, answer]) => ("value" in answer ? [[hotkey, answer.value] as const] : []));
    return { documents: documentsIn(read), missing };
  });
};

/** Who may deal and sign. Null if a key that counts cannot be had: others would encrypt to more members than this one knows of. */
export const fetchMembership = async (formation: Formation): Promise<Membership | null> => {
  const { documents, missing } = await fetchCounted(formation, "group-key");
  if (missing.length > 0) return null;
  return membershipOf(chainOf(formation.participant), formation.start, await membersOf(formation), documents);
};
