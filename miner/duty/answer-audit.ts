import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { committedDuties } from "#shared/compute/duty/committed-documents.js";
import { MAX_DUTY_BYTES, parseDutyDocument } from "#shared/duty/duty-document.js";
import { awaitSprintSeed } from "#shared/participant/await-seeds.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import { lastingAtBlock } from "#shared/participant/deciding-block.js";
import { dutyThroughFaults } from "#shared/participant/duty-through-faults.js";
import { commitRecord } from "#shared/participant/writes/commit-record.js";
import { canonicalBytes, hashJson } from "#shared/protocol/hash-json.js";
import { BLOCKS_TO_RECORD, middleOf } from "#shared/protocol/phases.js";
import type { SprintWithDuty } from "#shared/protocol/sprint.js";
import { lastBlockFor, recordWindow } from "#shared/replay/phase-records.js";
import { answerAudit } from "#shared/settlement/do-duty.js";
import { readBasis } from "./basis.js";
import type { DutyMember } from "./context.js";
import { markDuty, noteDuty } from "./mark.js";

/** Shows a member's draws of the sampled tasks of a Sprint that its duty document does not claim, and commits to them, once. */
export const publishAnswers = (member: DutyMember, cycle: number, sprint: SprintWithDuty): Promise<void> => {
  const { end } = recordWindow("answers", cycle, member.participant.network);
  const limit = { duty: "answers", name: `the answers about the Sprint of cycle ${cycle}`, deadline: end + 1 } as const;
  const work = (participant: DutyMember["participant"]) => publish({ ...member, participant }, cycle, sprint);
  return dutyThroughFaults(member.participant, limit, work, isFetchFault);
};

const publish = async (member: DutyMember, cycle: number, sprint: SprintWithDuty): Promise<void> => {
  const { participant, journal } = member;
  const { network, location, log } = participant;
  const entry = journal.value.cycles[cycle]?.duty;
  if (entry?.answered !== undefined) return;
  const answers = entry?.answers ?? (await makeAnswers(member, cycle, sprint));
  if (answers === null) return;
  const block = await commitRecord(
    participant,
    { type: "answers", cycle, answers, location },
    recordWindow("answers", cycle, network),
  );
  noteDuty(member, cycle, { answered: block });
  log.info("answered the audit of duty", { cycle, answers, block });
};

/** Null if the miner is no member, or nothing is asked of it. */
const makeAnswers = async (member: DutyMember, cycle: number, sprint: SprintWithDuty): Promise<string | null> => {
  const { participant } = member;
  const { blobs, log, network, signer } = participant;
  const auditSeed = await awaitSprintSeed(participant, { cycle, purpose: "sprint-audit" });
  const { start, end } = recordWindow("answers", cycle, network);
  // The rest of the window is for the draws and the record.
  const deadline = middleOf({ start, end: end - BLOCKS_TO_RECORD });
  // What counts of the Sprint is read while the block that decides it is the newest. Until the window the machine searches for the Sprint of the
  // cycle under way.
  const lasting = {
    what: `the answers about the Sprint of cycle ${cycle}`,
    block: lastBlockFor("checksheld", cycle, participant),
    checkAt: start - 1,
  };
  const basis = await lastingAtBlock(participant, lasting, () =>
    readBasis(member, { cycle, sprint, deadline, isSettled: true }),
  );
  if (basis === null) return null;
  // The sample may then be another one than is asked for.
  if (!basis.isWhole) log.warn("answers are drawn over a part of the Sprint", { cycle });
  // By the chain, not by the journal: who was killed after the record went out may not have written it down.
  const committed = (await committedDuties(participant, cycle)).get(signer.address);
  // Where it is gone here, whoever closes duty may have it.
  const { fetch } = cycleSource(participant, { isHeld: true });
  const own = committed ? await fetch({ ...committed, maxBytes: MAX_DUTY_BYTES, what: "its own duty document" }) : null;
  const parsed = own && parseDutyDocument(own);
  const document = parsed?.ok ? parsed.value : null;
  const asked = { document, auditSeed, votes: [], drawn: member.drawn?.get(cycle) };
  const answers = await answerAudit(basis.inputs, asked, signer);
  if (answers.answers.length === 0) return null;
  await blobs.put(canonicalBytes(answers));
  const answersHash = hashJson(answers);
  markDuty(member, cycle, { answers: answersHash });
  return answersHash;
};
