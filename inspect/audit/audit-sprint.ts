import { readDraw, sprintIn } from "#shared/compute/confirmation.js";
import { entryOn, type SprintOutcome, whyInvalid } from "#shared/compute/outcome.js";
import { processor } from "#shared/compute/processor.js";
import { profileOf } from "#shared/compute/profile/profile-of.js";
import { hasProof, readProof } from "#shared/compute/read-proof.js";
import { readSprint, type SprintResult } from "#shared/compute/read-sprint.js";
import { type Recomputer, withRecomputer } from "#shared/compute/recomputer.js";
import { hasCode, reasonOf } from "#shared/errors/error.js";
import type { CheckEntry } from "#shared/protocol/checks.js";
import { type PlayedSprint, sprintOf } from "#shared/protocol/sprint.js";
import { readSprintSeed } from "#shared/replay/evaluation-seeds.js";
import { lastBlockFor } from "#shared/replay/phase-records.js";
import type { CycleSource } from "#shared/replay/source.js";
import { sampleWins } from "#shared/sprint/proof/sample.js";
import type { Findings } from "./findings.js";
import { orNull } from "./missing.js";

/** The cycle that is audited. */
export interface AuditedCycle {
  readonly cycle: number;
  /** The newest block. */
  readonly head: number;
  /** Ends what is recomputed, with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Settles a cycle's Sprint again, and draws and recomputes the sample of every validator: one that calls a proof valid though a win of its sample
 * is none, or invalid though it is not, diverges. With the float profile the sample is recomputed within the tolerance of the network file.
 */
export const auditSprint = async (
  source: CycleSource,
  { cycle, head, signal }: AuditedCycle,
  findings: Findings,
): Promise<void> => {
  if (head < lastBlockFor("checksheld", cycle, source)) {
    if (sprintOf(source.network, cycle)) findings.note("the cycle's Sprint is not settled yet");
    return;
  }
  const sprint = await sprintIn(source, cycle, readDraw);
  if (!sprint) return;
  await withRecomputer(source, { sprint, cycle, arithmetic: () => processor(), signal }, async (recomputer) => {
    const result = await readSprint(source, { cycle, sprint, recomputer });
    if (!result.isWhole)
      findings.note("not all checks and proofs of the Sprint can be had: others may have settled it otherwise");
    const { confirms } = result;
    if (confirms !== null)
      findings.note(
        sprint.isIdle
          ? `its idle time is to uphold weights of the Sprint of cycle ${confirms}`
          : `a confirmation of the Sprint of cycle ${confirms} was drawn`,
      );
    for (const outcome of result.outcomes) findings.note(outcomeText(outcome));
    await checkOpinions(source, { cycle, sprint, result, recomputer }, findings).catch((thrown: unknown) => {
      if (!hasCode(thrown, "SPRINT_NETWORK_REFUSED")) throw thrown;
      findings.note(`what validators said of the Sprint's proofs was not repeated: ${reasonOf(thrown)}`);
    });
  });
};

const outcomeText = (settled: SprintOutcome): string => {
  const { uid, outcome, wins, measured, low, high } = settled;
  const why = outcome === "invalid" ? `: ${whyInvalid(settled)}` : "";
  return `Sprint: uid ${uid} is ${outcome}${why}${outcome === "absent" ? "" : `, ${wins} wins for ${measured} nonces (${low} to ${high})`}`;
};

interface Auditing {
  readonly cycle: number;
  readonly sprint: PlayedSprint;
  readonly result: SprintResult;
  readonly recomputer: Recomputer;
}

/** Compares what validators said of each proof with what the proof's bytes and nonces show here. */
const checkOpinions = async (
  source: CycleSource,
  { cycle, sprint, result, recomputer }: Auditing,
  findings: Findings,
): Promise<void> => {
  const seed = await readSprintSeed(source, { cycle, purpose: "sprint-sample" });
  const { size } = profileOf(sprint).test(sprint);
  for (const proof of result.proofs.filter(hasProof)) {
    const opinions = result.validators.flatMap(({ hotkey, checks }) => {
      const entry = checks && entryOn(checks, proof);
      return entry && entry.verdict !== "abstain" ? [{ hotkey, entry }] : [];
    });
    if (opinions.length === 0) continue;
    const read = await readProof(source, { cycle, sprint }, proof).catch(orNull);
    if (read === null) {
      findings.note(`the proof of uid ${proof.uid} cannot be had: what validators said of it was not repeated`);
      continue;
    }
    for (const { hotkey, entry } of opinions) {
      const differs = (problem: string) => findings.diverges(`checks of ${hotkey} on uid ${proof.uid}: ${problem}`);
      if (!read.ok) {
        if (entry.reason !== "malformed") differs(`it is ${entry.verdict}, but its bytes are no proof: ${read.detail}`);
        continue;
      }
      if (entry.reason === "malformed") {
        differs("it is called malformed, but it is a proof");
        continue;
      }
      const { wins, items, claimed } = read.value;
      const of = { seed, verifier: hotkey, proofHash: proof.record.proof, wins: items, size };
      const { nonces, digests } = claimed(sampleWins(of));
      const repeated =
        sprint.profile === "float"
          ? repeatWithin(entry, await recomputer.losers(proof, nonces, digests), { sprint, checked: nonces.length })
          : repeat(entry, { sample: nonces, wins }, (some) => recomputer.losers(proof, some));
      const problem = await repeated;
      if (problem !== null) differs(problem);
    }
  }
};

/** Why a verdict is not what recomputing gives. Null if it is. */
const repeat = async (
  { verdict, nonce }: CheckEntry,
  { sample, wins }: { readonly sample: readonly number[]; readonly wins: readonly number[] },
  losersOf: (nonces: readonly number[]) => Promise<readonly number[]>,
): Promise<string | null> => {
  if (verdict === "valid") {
    const [loser] = await losersOf(sample);
    return loser === undefined ? null : `it is called valid, but nonce ${loser} of the sample does not win`;
  }
  if (nonce === null || !wins.includes(nonce)) return `it is called invalid by nonce ${nonce}, which it does not claim`;
  const [loser] = await losersOf([nonce]);
  return loser === undefined ? `it is called invalid by nonce ${nonce}, which wins` : null;
};

/** The same where devices differ: the verdict must be that of the test on the sample that is recomputed here, within the tolerance. */
const repeatWithin = (
  { verdict }: CheckEntry,
  failed: readonly number[],
  { sprint, checked }: { readonly sprint: PlayedSprint; readonly checked: number },
): string | null => {
  const { test, failure } = profileOf(sprint);
  const isRejected = failed.length >= test(sprint).reject;
  if (isRejected === (verdict === "invalid")) return null;
  const found = failed.length === 0 ? "every nonce of its sample agrees here" : failure.text(failed, checked);
  return `it is called ${verdict}, but ${found}`;
};
