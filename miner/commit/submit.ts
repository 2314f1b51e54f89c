import { attempt } from "#shared/participant/attempt.js";
import { commitRecord } from "#shared/participant/writes/commit-record.js";
import { note } from "#shared/participant/writes/journal.js";
import { commitmentOf } from "#shared/protocol/commitment.js";
import { phaseAt, phaseWindow } from "#shared/protocol/phases.js";
import type { Miner } from "../context.js";

type Submitting = Pick<Miner, "participant" | "journal" | "config">;

/** Puts the artifact's commitment on chain, unless it is there. @throws WINDOW_MISSED */
export const commitArtifact = async (miner: Submitting, cycle: number, artifact: string): Promise<void> => {
  const { participant, journal } = miner;
  const { network, signer, log } = participant;
  if (journal.value.cycles[cycle]?.committed) return;
  const commitment = commitmentOf(artifact, signer.publicKey, cycle);
  const block = await commitRecord(
    participant,
    { type: "commit", cycle, commitment },
    phaseWindow(cycle, "commit", network.phases),
  );
  note(miner, cycle, { committed: block });
  log.info("committed", { cycle, artifact, block });
};

/** Puts its reveal record on chain, unless it is there. @throws WINDOW_MISSED */
export const revealArtifact = async (miner: Submitting, cycle: number, artifact: string): Promise<void> => {
  const { participant, journal, config } = miner;
  const { network, location, log } = participant;
  const { revealed, settings } = journal.value.cycles[cycle] ?? {};
  if (revealed) return;
  // That of the update: the operator may have chosen another one since.
  const group = settings?.expert_group ?? config.expert_group;
  const block = await commitRecord(
    participant,
    { type: "reveal", cycle, group, artifact, location },
    phaseWindow(cycle, "reveal", network.phases),
  );
  note(miner, cycle, { revealed: block });
  log.info("revealed", { cycle, artifact, block });
};

/**
 * Submits what an earlier run of the program made for the cycle under way. That needs no training: it is begun before the trainer is opened, which
 * takes a while. A fault of it is logged as `failure`, and may be tried again by the cycle.
 *
 * @returns `due` resolves once nothing is left to do in the phase under way, `ended` once the artifact is revealed or cannot be. Both reject only
 * when the participant's signal aborts.
 */
export const submitMade = (
  miner: Submitting,
  failure: string,
): { readonly due: Promise<void>; readonly ended: Promise<void> } => {
  const { participant, journal } = miner;
  const { clock, network } = participant;
  const { cycle, phase } = phaseAt(clock.head.number + 1, network.phases);
  const entry = () => journal.value.cycles[cycle];
  const artifact = entry()?.artifact;
  const isOver = clock.head.number + 1 >= phaseWindow(cycle, "reveal", network.phases).end;
  if (artifact === undefined || entry()?.revealed !== undefined || isOver)
    return { due: Promise.resolve(), ended: Promise.resolve() };
  const committed = attempt(participant, { failure, cycle }, () => commitArtifact(miner, cycle, artifact));
  const ended = committed.then(async () => {
    if (entry()?.committed === undefined) return;
    await attempt(participant, { failure, cycle }, () => revealArtifact(miner, cycle, artifact));
  });
  // Who waits for neither ends by the same abort.
  ended.catch(() => {});
  const due = phase === "reveal" ? ended : phase === "commit" ? committed : Promise.resolve();
  return { due, ended };
};
