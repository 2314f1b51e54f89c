import { withRecomputer } from "#shared/compute/recomputer.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import { lastingDocument, type MadeBySeed } from "#shared/participant/lasting-document.js";
import { keepSecret } from "#shared/participant/secret-document.js";
import { commitRecord } from "#shared/participant/writes/commit-record.js";
import { mark, note } from "#shared/participant/writes/journal.js";
import { checksHash, signChecks } from "#shared/protocol/checks.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { BLOCKS_TO_RECORD } from "#shared/protocol/phases.js";
import { type PlayedSprint, sprintOf } from "#shared/protocol/sprint.js";
import { recordWindow } from "#shared/replay/phase-records.js";
import { reputationsToState } from "../duty/known-standings.js";
import { checkProofs } from "./check-proofs.js";
import type { Checker } from "./context.js";

/**
 * Checks the proofs of a Sprint, and commits to the signed verdicts, once: on samples by a seed that the chain still has then.
 *
 * @throws BlockZeroError SPRINT_SEED_REPLACED where a fork replaced it, and no time is left to check again
 */
export const publishChecks = async (checker: Checker, cycle: number, sprint: PlayedSprint): Promise<void> => {
  const { participant, journal } = checker;
  const { network, location, log } = participant;
  if (journal.value.cycles[cycle]?.checked !== undefined) return;
  const window = recordWindow("checks", cycle, network);
  const hash = await lastingDocument(participant, {
    cycle,
    purpose: "sprint-sample",
    start: window.start,
    last: window.end - BLOCKS_TO_RECORD,
    again: "proofs are checked again",
    kept: keptChecks(checker, cycle),
    make: () => makeChecks(checker, cycle, sprint),
  });
  if (hash === null) return;
  const block = await commitRecord(participant, { type: "checks", cycle, checks: hash, location }, window);
  note(checker, cycle, { checked: block });
  log.info("published checks", { cycle, checks: hash, block });
};

/** What was signed before a restart, or before a fault after which this is begun again. Null if nothing was. */
const keptChecks = ({ journal }: Checker, cycle: number): MadeBySeed | null => {
  const { checks, checksSeed = null } = journal.value.cycles[cycle] ?? {};
  return checks === undefined ? null : { hash: checks, seed: checksSeed };
};

/** A document's hash, and the seed of its samples. Null if nobody committed to a proof, and no reputation is to be stated. */
const makeChecks = async (checker: Checker, cycle: number, sprint: PlayedSprint): Promise<MadeBySeed | null> => {
  const { participant, arithmetic, metrics } = checker;
  const { network, networkHash, signal, signer, log, telemetry } = participant;
  const { instruments } = telemetry;
  const source = cycleSource(participant, { isHeld: true });
  const options = { sprint, cycle, arithmetic: async () => arithmetic, signal };
  let computing = 0;
  const { entries, seed } = await withRecomputer(source, options, ({ portion, losers }) => {
    const timed: typeof losers = async (...of) => {
      const begun = performance.now();
      const found = await losers(...of);
      computing += (performance.now() - begun) / 1000;
      instruments.add("blockzero_sprint_checked_wins_total", of[1].length);
      return found;
    };
    return checkProofs({ participant, cycle, sprint, recomputer: { portion, losers: timed } });
  });
  const stated = sprintOf(participant.network, cycle) && (await reputationsToState(checker, cycle));
  if (entries.length === 0 && !stated?.length) return null;
  const reputations = stated && { reputations: [...stated] };
  const checks = await signChecks({ network: networkHash, cycle, entries: [...entries], ...reputations }, signer);
  const hash = checksHash(checks);
  // Who checked nothing could commit a copy of it, while its record still counts.
  const { end } = recordWindow("checks", cycle, network);
  await keepSecret(participant, { hash, bytes: canonicalBytes(checks), from: end - 1 });
  mark(checker, cycle, { checks: hash, checksSeed: seed });
  instruments.set("blockzero_sprint_duration_seconds", computing, { part: "check" });
  metrics.write({ cycle, "sprint/check_seconds": computing });
  for (const { uid, verdict, reason, detail } of entries) {
    instruments.add("blockzero_sprint_checks_total", 1, { verdict, reason: reason ?? "none" });
    if (verdict !== "valid") log.warn("a proof is not valid here", { cycle, uid, verdict, reason, detail });
  }
  log.info("checked proofs", { cycle, proofs: entries.length, seconds: Number(computing.toFixed(2)) });
  return { hash, seed };
};
