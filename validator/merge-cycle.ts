import { BlockZeroError } from "#shared/errors.js";
import { encodeParameters } from "#shared/model/parts.js";
import { type BaseModel, loadModel } from "#shared/participant/base-model.js";
import type { Participant } from "#shared/participant/join.js";
import { withPatience } from "#shared/participant/patience.js";
import { collectReports } from "#shared/participant/reports.js";
import { settledBase } from "#shared/participant/settled-base.js";
import { type BlobRef, type ModelManifest, modelHash } from "#shared/protocol/model-manifest.js";
import { canonicalBytes } from "#shared/protocol/network.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { type AgreedOutcome, tally } from "#shared/protocol/tally.js";
import { type Selected, selectForMerge } from "#shared/scoring/selection.js";
import { outerStep } from "#shared/training/outer-step.js";
import { gateSubmission } from "./gated-updates.js";
import { readSubmissions, type Submission } from "./submissions.js";

/** What the validators' reports together say of a cycle that started from the model `base`. */
export interface Agreement {
  readonly base: string;
  readonly outcomes: readonly AgreedOutcome[];
}

export interface CycleMerge {
  readonly hash: string;
  readonly manifest: ModelManifest;
}

type Candidate = AgreedOutcome & {
  readonly group: string;
  readonly artifact: string;
  readonly commitBlock: number;
  readonly submission: Submission;
};

/** Tallies the cycle's reports, as chain state had them when the evaluate phase ended. */
export const agreeOn = async (participant: Participant, cycle: number): Promise<Agreement> => {
  const base = await settledBase(participant, cycle);
  const { reports, stakes } = await collectReports(participant, cycle);
  return { base, outcomes: tally({ reports, stakes, network: participant.networkHash, cycle, base }) };
};

/**
 * The cycle's merge: a pure function of chain state when the evaluate phase ended and of files named by hash, so every honest
 * validator makes the same model. A group that nobody improved stays as it is. @throws MERGE_ABSTAINED
 */
export const mergeCycle = async (participant: Participant, cycle: number, agreed: Agreement): Promise<CycleMerge> => {
  const { blobs, network, networkHash } = participant;
  const base = await loadModel(participant, agreed.base);
  const selected = selectForMerge(
    candidates(agreed.outcomes, await readSubmissions(participant, cycle)),
    network.scoring.top_n,
  );

  const store = async ({ bytes, hash }: { bytes: Uint8Array; hash: string }): Promise<BlobRef> => {
    await blobs.put(bytes);
    return { hash, bytes: bytes.length };
  };
  const groups: ModelManifest["parts"]["groups"] = { ...base.manifest.parts.groups };
  const merged: ModelManifest["merged"] = [];
  for (const [group, contributions] of selected) {
    const updates = await Promise.all(
      contributions.map((candidate) => selectedUpdate(participant, candidate, base, cycle)),
    );
    const next = outerStep(
      base.groups.get(group)!,
      updates.map(({ tensors }, i) => ({ tensors, share: contributions[i]!.share })),
      network.training,
    );
    groups[group] = {
      weights: await store(encodeParameters(next.weights)),
      momentum: await store(encodeParameters(next.momentum)),
    };
    for (const [i, { uid, hotkey, artifact, share }] of contributions.entries())
      merged.push({ uid, hotkey, group, artifact, tensors: updates[i]!.tensorsHash, share });
  }
  const manifest: ModelManifest = {
    version: 1,
    kind: "model",
    network: networkHash,
    cycle,
    parent: base.hash,
    parts: { hub: base.manifest.parts.hub, groups },
    config: network.model,
    merged,
  };
  await blobs.put(canonicalBytes(manifest));
  return { hash: modelHash(manifest), manifest };
};

const candidates = (outcomes: readonly AgreedOutcome[], submissions: readonly Submission[]): Candidate[] =>
  outcomes.flatMap((outcome) => {
    const { group, artifact, verdict } = outcome;
    const submission = submissions.find(
      ({ hotkey, reveal }) => hotkey === outcome.hotkey && reveal?.artifact === artifact,
    );
    if (verdict !== "scored" || group === null || artifact === null || !submission?.commitment) return [];
    return [{ ...outcome, group, artifact, commitBlock: submission.commitment.block, submission }];
  });

/** Blocks kept free at the end of the next distribute phase to put the model on chain. */
const BLOCKS_TO_PUBLISH = 2;

/** An update that the majority scored; one that we cannot have or accept keeps us out of this merge, and we resync to the majority. */
const selectedUpdate = async (
  participant: Participant,
  { submission, uid }: Selected<Candidate>,
  base: BaseModel,
  cycle: number,
) => {
  const { clock, network, signal } = participant;
  const published = phaseWindow(cycle + 1, "distribute", network.phases).end - BLOCKS_TO_PUBLISH;
  const result = await withPatience(clock, published, signal, (until) =>
    gateSubmission(participant, submission, { base, cycle, until }),
  );
  if (result.ok) return result.update;
  throw new BlockZeroError(
    "MERGE_ABSTAINED",
    `the update of uid ${uid} that the majority scored is ${result.reason} here: ${result.detail}`,
    "nothing to do: this validator takes the model that the others agree on",
  );
};
