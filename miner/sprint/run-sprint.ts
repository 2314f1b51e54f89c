import { dutyThroughFaults } from "#shared/participant/duty-through-faults.js";
import { throughFaults } from "#shared/participant/through-faults.js";
import { commitRecord } from "#shared/participant/writes/commit-record.js";
import { sha256 } from "#shared/protocol/hash.js";
import { isBlockLeft } from "#shared/protocol/phases.js";
import {
  confirmedCycle,
  MAX_DIFFICULTY,
  MIN_DIFFICULTY,
  type PlayedSprint,
  type Sprint,
} from "#shared/protocol/sprint.js";
import { recordWindow } from "#shared/replay/phase-records.js";
import { nextDifficulty } from "#shared/sprint/proof/difficulty.js";
import { askedIn, isOver, UNPROVEN, WINDOW_OVER } from "./between-sprints.js";
import type { Sprinter } from "./context.js";
import { find, proofWindow } from "./find.js";
import { limitOf } from "./limits.js";
import { markSprint, noteSprint } from "./mark-sprint.js";
import { showSprint } from "./observe-sprint.js";

/**
 * One Sprint of a miner: enter, load the network once its seed is known, search while the validators evaluate, commit to the proof, and serve it. In
 * a cycle between two Sprints it waits until it is known whether there is a confirmation, which whoever proved in the last one has entered already;
 * else it proves its idle time, where the network file asks for that: searching on threads of little priority, and only while nothing else wants the
 * device. What was done before a crash, or before a disk took nothing for a moment, is in the journal and on chain, and is taken up where it stopped.
 */
export const runSprint = (sprinter: Sprinter, cycle: number, sprint: Sprint): Promise<void> => {
  const { participant } = sprinter;
  const { end } = recordWindow("sprint", cycle, participant.network);
  return dutyThroughFaults(
    participant,
    { duty: "sprint", name: `the Sprint of cycle ${cycle}`, deadline: end + 1 },
    (bounded) => proveIn({ ...sprinter, participant: bounded }, cycle, sprint),
  );
};

const proveIn = async (sprinter: Sprinter, cycle: number, sprint: Sprint): Promise<void> => {
  const { participant, journal } = sprinter;
  const { network, location, log } = participant;
  const entryOf = () => journal.value.cycles[cycle]?.sprint;
  const head = { cycle, location };
  const instruments = showSprint(participant.telemetry.instruments);

  const confirms = confirmedCycle(network, cycle);
  let played: PlayedSprint = sprint;
  if (confirms !== null) {
    const asked = await askedIn(sprinter, cycle, { sprint, confirms });
    if (!asked) return;
    played = asked;
  } else if (entryOf()?.entered === undefined) {
    const obstacle = entryOf() === undefined ? obstacleOf(sprinter, cycle, sprint) : null;
    if (obstacle !== null) return log.info("no Sprint", { cycle, reason: obstacle });
    const difficulty = entryOf()?.difficulty ?? difficultyOf(sprinter, sprint);
    markSprint(sprinter, cycle, { difficulty });
    const entered = await commitRecord(
      participant,
      { type: "enter", ...head, difficulty },
      recordWindow("enter", cycle, network),
    );
    noteSprint(sprinter, cycle, { entered });
    log.info("entered the Sprint", { cycle, difficulty, block: entered });
  }
  instruments.state("entered");
  const { difficulty } = entryOf()!;
  if (entryOf()?.proof === undefined) {
    await find(sprinter, cycle, { sprint: played, difficulty }, async (found, { finish }) => {
      if (played.isIdle && isOver(participant, cycle)) return log.info(UNPROVEN, { cycle, reason: WINDOW_OVER });
      const { bytes, claimed } = await finish(found);
      const stored = { proof: sha256(bytes), wins: claimed.wins.length, nonces: claimed.nonces };
      // What was found is not searched for again because a disk is full for a moment.
      const limit = { name: `storing the proof of cycle ${cycle}`, deadline: proofWindow(cycle, played, network).end };
      await throughFaults(participant, limit, async () => {
        await participant.blobs.put(bytes);
        // In one write, before the record is sent: whatever happens to the wait for it, it may be on chain.
        markSprint(sprinter, cycle, stored, confirms === null ? { proven: { cycle, difficulty } } : {});
      });
    });
  }
  const { proof, wins, nonces, committed } = entryOf()!;
  if (committed !== undefined || proof === undefined || wins === undefined || nonces === undefined) return;
  const block = await commitRecord(
    participant,
    { type: "sprint", ...head, proof, wins, nonces },
    proofWindow(cycle, played, network),
  );
  noteSprint(sprinter, cycle, { committed: block });
  instruments.state("proven");
  log.info("committed to a proof", { cycle, idle: played.isIdle === true, proof, wins, nonces, difficulty, block });
};

/** Why the miner does not enter a Sprint. Null if it does. */
const obstacleOf = (sprinter: Sprinter, cycle: number, sprint: Sprint): string | null => {
  const { clock, network } = sprinter.participant;
  const isLate = !isBlockLeft(recordWindow("enter", cycle, network), clock.head.number);
  return limitOf(sprinter, sprint) ?? (isLate ? "the distribute phase is over" : null);
};

/** By the count of the last Sprint with the same network, else by what the operator expects. */
const difficultyOf = ({ journal, config }: Sprinter, { profile, dials }: Sprint): number => {
  const last = journal.value.sprinted;
  const expected =
    last?.dials === dials && last.profile === profile ? last.nonces : (config.compute.expected_nonces ?? 0);
  return Math.min(MAX_DIFFICULTY, Math.max(MIN_DIFFICULTY, nextDifficulty(expected)));
};
