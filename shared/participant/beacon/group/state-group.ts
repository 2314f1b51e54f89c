import { formGroup, memberShares } from "#shared/beacon/group/form-group.js";
import { groupFile, groupFileBytes } from "#shared/beacon/group/group-file.js";
import { fetchGroupFile, readStatedGroup } from "#shared/beacon/group/stated.js";
import { beaconWindows } from "#shared/beacon/windows.js";
import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { reasonOf } from "#shared/errors/error.js";
import { sha256 } from "#shared/protocol/hash.js";
import { middleOf } from "#shared/protocol/phases.js";
import { groupSource } from "#shared/replay/beacon-value.js";
import { againAtBlocks, isTimeLeft } from "../../at-every-block.js";
import type { Participant } from "../../participant.js";
import { throughFaults } from "../../through-faults.js";
import { waitForFiles } from "../../waiting.js";
import { commitRecord } from "../../writes/commit-record.js";
import { chainOf, type Formation, fetchCounted, fetchMembership } from "./forming.js";
import { endForming, formingOf, type GroupJournal } from "./group-journal.js";

interface Stating {
  readonly cycle: number;
  /** The first cycle of the newest key generation. */
  readonly start: number;
}

/**
 * Puts on chain which group signs: the one that the newest key generation gave, and if it failed, or a document of it cannot be had, the one that
 * signed before.
 */
export const stateGroup = async (
  participant: Participant,
  journal: GroupJournal,
  { cycle, start }: Stating,
): Promise<void> => {
  const { location, log, network, signal } = participant;
  const { sealing } = beaconWindows(cycle, network.phases);
  const formation = { participant, journal, start, deadline: middleOf(sealing) };
  const limit = { name: `the threshold group of cycle ${start}`, deadline: formation.deadline };
  const formed = await throughFaults(participant, limit, () => formedGroup(formation)).catch((thrown) => {
    signal.throwIfAborted();
    log.warn("cannot form the threshold group", { cycle, start, reason: reasonOf(thrown) });
    return null;
  });
  const group = formed ?? (await groupBefore(participant, cycle, formation.deadline));
  if (group === null) return log.warn("there is no threshold group to sign this cycle", { cycle, start });
  const block = await commitRecord(participant, { type: "group", cycle, group, location }, sealing);
  log.info("stated the threshold group that signs", { cycle, group, block });
};

/** The group of the newest key generation, whose file this store has. Null if it failed, or cannot be formed here yet. */
const formedGroup = async (formation: Formation): Promise<string | null> => {
  const { participant, journal, start } = formation;
  const { blobs, log, networkHash: network, signer } = participant;
  const { formed } = journal.value;
  if (formed?.network === network && formed.start === start) return formed.group;
  const { secret } = formingOf(journal, network, start);
  const membership = await fetchMembership(formation);
  if (membership === null) return null;
  const [dealings, complaints, answers] = [
    await fetchCounted(formation, "dealing"),
    await fetchCounted(formation, "complaint"),
    await fetchCounted(formation, "answer"),
  ];
  // Without one of them it would be another group than the others'.
  if ([dealings, complaints, answers].some(({ missing }) => missing.length > 0)) return null;
  const result = await formGroup(membership, {
    dealings: dealings.documents,
    complaints: complaints.documents,
    answers: answers.documents,
  });
  for (const { hotkey, why } of result.dropped)
    log.warn("is not in the threshold group's secret", { start, hotkey, why });
  if (result.group === null) {
    log.warn("no threshold group came of the key generation", { start, qualified: result.qualified.length });
    endForming(journal, { network, start, group: null, shares: new Map() });
    return null;
  }
  const bytes = groupFileBytes(groupFile({ ...result, group: result.group }));
  const group = sha256(bytes);
  await blobs.put(bytes);
  const shares = memberShares(result.group, signer.address, BigInt(`0x${secret}`));
  endForming(journal, { network, start, group, shares });
  log.info("formed a threshold group", { start, group, dealers: result.qualified.length, shares: shares.size });
  return group;
};

/** The group that signed the cycle before, whose file is fetched so that this validator serves it too. Null without one. */
const groupBefore = async (participant: Participant, cycle: number, deadline: number): Promise<string | null> => {
  const stated = await readStatedGroup(chainOf(participant), cycle - 1);
  if (stated === null) return null;
  const file = await waitForFiles(participant, { deadline, isHeld: true }, (wait) => {
    const source = groupSource(wait.source)!;
    const mayPass = (thrown: unknown, tried: number) => isFetchFault(thrown) && isTimeLeft(wait, tried);
    return againAtBlocks(participant, mayPass, () => fetchGroupFile(source, cycle, stated));
  });
  return file && stated.hash;
};
