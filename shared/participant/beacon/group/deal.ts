import { firstSigned, type GroupCycle, groupCycle } from "#shared/beacon/group/schedule.js";
import { scheduleOf } from "#shared/beacon/group/source.js";
import { beaconWindows } from "#shared/beacon/windows.js";
import { sha256 } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { middleOf } from "#shared/protocol/phases.js";
import type { Participant } from "../../participant.js";
import { commitRecord } from "../../writes/commit-record.js";
import { chainOf, membersOf } from "./forming.js";
import { formingOf, type GroupJournal } from "./group-journal.js";
import { makeDocument } from "./make-document.js";
import { stateGroup } from "./state-group.js";

/**
 * A validator's part in the first half of the train phase: its document of the step while a group is being formed, and otherwise which group
 * signs.
 */
export const dealOrState = async (participant: Participant, journal: GroupJournal, cycle: number): Promise<void> => {
  const { clock, network, signal } = participant;
  await clock.reach(beaconWindows(cycle, network.phases).sealing.start - 1, signal);
  const { start, step } = groupCycle(cycle, scheduleOf(chainOf(participant)));
  if (step === null) await stateGroup(participant, journal, { cycle, start });
  else await dealStep(participant, journal, cycle, { start, step });
};

/**
 * Makes this member's document of a step, serves it, and puts its hash on chain. After a restart the one on chain is still the first one, which
 * the store has.
 */
const dealStep = async (
  participant: Participant,
  journal: GroupJournal,
  cycle: number,
  { start, step }: GroupCycle & { readonly step: NonNullable<GroupCycle["step"]> },
): Promise<void> => {
  const { blobs, location, log, network, networkHash, signer } = participant;
  const { sealing } = beaconWindows(cycle, network.phases);
  const formation = { participant, journal, start, deadline: middleOf(sealing) };
  formingOf(journal, networkHash, start);
  const slots = (await membersOf(formation)).get(signer.address);
  if (slots === undefined) return log.debug("no member of the threshold group", { cycle, start });
  const document = await makeDocument(formation, step);
  if (document === null) return log.debug("nothing to say in the threshold group", { cycle, step });
  const bytes = canonicalBytes(document);
  await blobs.put(bytes);
  const block = await commitRecord(participant, { type: "deal", cycle, document: sha256(bytes), location }, sealing);
  log.info("took part in forming a threshold group", {
    cycle,
    step,
    slots: slots.length,
    signs: firstSigned(start),
    block,
  });
};
