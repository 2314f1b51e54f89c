import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import type { DutyBasis } from "#shared/compute/duty/duty-inputs.js";
import { proofDeadlines } from "#shared/compute/proof-deadlines.js";
import { type Recomputer, withRecomputer } from "#shared/compute/recomputer.js";
import type { Checkers } from "#shared/duty/check-task.js";
import { dutyDocumentHash } from "#shared/duty/duty-document.js";
import { sprintWinChecker } from "#shared/duty/sprint-tasks.js";
import type { TaskOf } from "#shared/duty/task.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import { dutyThroughFaults } from "#shared/participant/duty-through-faults.js";
import { lastingDocument, type MadeBySeed } from "#shared/participant/lasting-document.js";
import { commitRecord } from "#shared/participant/writes/commit-record.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { BLOCKS_TO_RECORD } from "#shared/protocol/phases.js";
import type { SprintWithDuty } from "#shared/protocol/sprint.js";
import { recordWindow } from "#shared/replay/phase-records.js";
import { type Drawn, doDuty } from "#shared/settlement/do-duty.js";
import { readBasis } from "./basis.js";
import type { DutyMember } from "./context.js";
import { markDuty, noteDuty } from "./mark.js";

/** Longest check of one win in milliseconds, the loading of its network included. Blocks end it earlier. */
const LONGEST_CHECK = 600_000;

/**
 * Draws a member's duty of a Sprint, checks what it is on duty for, and commits to the signed document, once: by a seed that the chain still has
 * then.
 */
export const publishDuty = (member: DutyMember, cycle: number, sprint: SprintWithDuty): Promise<void> => {
  const { end } = recordWindow("duty", cycle, member.participant.network);
  const limit = { duty: "duty", name: `the duty of the Sprint of cycle ${cycle}`, deadline: end + 1 } as const;
  const work = (participant: DutyMember["participant"]) => publish({ ...member, participant }, cycle, sprint);
  return dutyThroughFaults(member.participant, limit, work, isFetchFault);
};

const publish = async (member: DutyMember, cycle: number, sprint: SprintWithDuty): Promise<void> => {
  const { participant, journal } = member;
  const { network, location, log } = participant;
  if (journal.value.cycles[cycle]?.duty?.committed !== undefined) return;
  const window = recordWindow("duty", cycle, network);
  const duty = await lastingDocument(participant, {
    cycle,
    purpose: "sprint-duty",
    start: window.start,
    again: "duty is done again",
    kept: keptDocument(member, cycle),
    make: () => makeDocument(member, cycle, sprint),
  });
  if (duty === null) return log.info("no duty: no weight is confirmed", { cycle });
  const block = await commitRecord(participant, { type: "duty", cycle, duty, location }, window);
  noteDuty(member, cycle, { committed: block });
  log.info("published duty", { cycle, duty, block });
};

/** What was signed before a restart, or before a fault after which this is begun again. Null if nothing was. */
const keptDocument = ({ journal }: DutyMember, cycle: number): MadeBySeed | null => {
  const { document, seed = null } = journal.value.cycles[cycle]?.duty ?? {};
  return document === undefined ? null : { hash: document, seed };
};

/** A document's hash, and the seed of duty by which it was made. Null if the miner is no member. */
const makeDocument = async (member: DutyMember, cycle: number, sprint: SprintWithDuty): Promise<MadeBySeed | null> => {
  const { participant, arithmetic, gate } = member;
  const { blobs, network, signer, signal, log, telemetry } = participant;
  const { members: deadline } = proofDeadlines(cycle, network, sprint);
  const basis = await readBasis(member, { cycle, sprint, deadline, isSettled: false });
  if (basis === null) return null;
  const source = cycleSource(participant, { isHeld: true });
  const { document } = await withRecomputer(source, { sprint, cycle, arithmetic, signal }, (recomputer) => {
    const checkers = member.checkers ?? inTime(member, cycle, checkersBy(basis, recomputer));
    const drawn: Drawn = member.drawn?.get(cycle) ?? new Map();
    member.drawn?.set(cycle, drawn);
    const work = { signer, checkers, drawn, milliseconds: LONGEST_CHECK };
    return gate.work(() => doDuty(basis.inputs, work));
  });
  await blobs.put(canonicalBytes(document));
  const hash = dutyDocumentHash(document);
  markDuty(member, cycle, { document: hash, seed: basis.inputs.beacon });
  for (const { verdict } of document.duties) telemetry.instruments.add("blockzero_duty_verdicts_total", 1, { verdict });
  const count = (verdict: string) => document.duties.filter((duty) => duty.verdict === verdict).length;
  telemetry.instruments.set("blockzero_sprint_duties", count("valid") + count("invalid"), { outcome: "done" });
  telemetry.instruments.set("blockzero_sprint_duties", count("abstain"), { outcome: "abstained" });
  log.info("did duty", {
    cycle,
    tasks: basis.inputs.tasks.length,
    valid: count("valid"),
    invalid: count("invalid"),
    abstain: count("abstain"),
  });
  return { hash, seed: basis.inputs.beacon };
};

/** Checks a win by recomputing it with the Sprint's network, which is loaded once for all. */
const checkersBy = ({ proofs }: Pick<DutyBasis, "proofs">, { recompute }: Pick<Recomputer, "recompute">): Checkers => ({
  "sprint-win": sprintWinChecker(async ({ executor, subject }) => {
    const [recomputed] = await recompute(proofs.get(executor)!, [subject.nonce]);
    return recomputed!;
  }),
});

/** Abstains once the record must go out: what was checked by then counts. */
const inTime = ({ participant }: DutyMember, cycle: number, checkers: Checkers): Checkers => ({
  "sprint-win": async (task: TaskOf<"sprint-win">, signal) =>
    participant.clock.head.number < recordWindow("duty", cycle, participant.network).end - BLOCKS_TO_RECORD
      ? checkers["sprint-win"]!(task, signal)
      : { verdict: "abstain", reason: "no time was left" },
});
