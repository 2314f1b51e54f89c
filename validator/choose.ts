import { type ByteSource, withSource } from "#shared/artifact/byte-source.js";
import { byName } from "#shared/artifact/safetensors.js";
import { createScratch } from "#shared/artifact/scratch.js";
import type { FloatTensors } from "#shared/artifact/update.js";
import { BlockZeroError, reasonOf } from "#shared/errors.js";
import { groupShapes } from "#shared/model/groups.js";
import { type BaseModel, loadModel, wholeModel } from "#shared/participant/base-model.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import type { Participant } from "#shared/participant/join.js";
import { withPatience } from "#shared/participant/patience.js";
import type { OuterStep } from "#shared/protocol/outer.js";
import { accepted } from "#shared/protocol/parsed.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import type { StepVote } from "#shared/protocol/step-vote.js";
import { groupsInOrder } from "#shared/replay/ballots.js";
import { mergedUpdate } from "#shared/replay/merge-group.js";
import { type Candidate, type MergePlan, updatesAlong } from "#shared/replay/merge-plan.js";
import { openPart } from "#shared/replay/part.js";
import type { Selected } from "#shared/scoring/selection.js";
import { evaluationBatches, type LossMeter } from "#shared/training/loss-meter.js";
import { type Directions, measureCandidates } from "#shared/training/measure-candidates.js";
import { awaitSeeds } from "./await-seeds.js";
import { evaluationTexts } from "./evaluation-text.js";
import { openSubmission } from "./gated-updates.js";
import { type Agreement, planFrom } from "./merge-cycle.js";

/** Blocks kept free at the end of the choose phase to put the ballot on chain. */
const BLOCKS_TO_VOTE = 2;
/** Share of the choose phase in which an update that was lost is fetched again. */
const PATIENCE = 1 / 2;

/**
 * Measures each group's candidate steps on text that nobody knew when the updates were committed, nor when they were scored. A group that cannot
 * be measured gets no vote, the others theirs. Time is shared among the groups, so that none has none of it.
 *
 * @returns a vote for each group, in ascending order of the groups' names
 */
export const chooseSteps = (
  participant: Participant,
  meter: LossMeter,
  cycle: number,
  agreed: Agreement,
): Promise<readonly StepVote[]> => {
  const { clock, network, signal } = participant;
  const { start, end } = phaseWindow(cycle, "choose", network.phases);
  const deadline = start + Math.max(1, Math.floor((end - start) * PATIENCE));
  return withPatience(clock, deadline, signal, (until) => choose({ participant, meter, cycle, until }, agreed));
};

interface Choosing {
  readonly participant: Participant;
  readonly meter: LossMeter;
  readonly cycle: number;
  /** Aborts when there is no more time to fetch what was lost. */
  readonly until: AbortSignal;
}

const choose = async (choosing: Choosing, agreed: Agreement): Promise<readonly StepVote[]> => {
  const { participant, meter, cycle } = choosing;
  const { clock, network, signal, log } = participant;
  const { end } = phaseWindow(cycle, "choose", network.phases);
  const plan = await planFrom(participant, cycle, agreed);
  const names = groupsInOrder(network);
  const nothing: StepVote = { better: [], best: 0 };
  if (plan.all.size === 0) return names.map(() => nothing);
  const base = await loadModel(participant, agreed.base);
  const model = wholeModel(base);
  const texts = await evaluationTexts(participant, cycle);
  const seeds = await awaitSeeds(participant, { cycle, purpose: "choose" });
  const votes: StepVote[] = [];
  for (const [i, group] of names.entries()) {
    if (!plan.all.has(group)) {
      votes.push(nothing);
      continue;
    }
    const left = Math.max(1, end - BLOCKS_TO_VOTE - clock.head.number);
    const deadline = clock.head.number + Math.ceil(left / (names.length - i));
    try {
      const text = texts.get(group) ?? accepted(null);
      if (!text.ok) throw new BlockZeroError("NO_TEXT", text.problem, "see what the log says of the text");
      const { vote, reductions, passes } = await measureCandidates(meter, {
        model,
        group: network.groups[group]!,
        directions: await directionsOf(choosing, { base, plan, group }),
        outer: network.training.outer,
        batches: evaluationBatches(network, group, seeds[group]!, text.value),
        isTimeUp: () => clock.head.number >= deadline,
      });
      log.info("measured steps", {
        cycle,
        group,
        best: vote?.best ?? "not measured",
        reductions: [...reductions].map(([step, { mean }]) => `${step}:${mean.toFixed(4)}`).join(" "),
        passes,
      });
      votes.push(vote);
    } catch (thrown) {
      signal.throwIfAborted();
      log.error("steps not measured", { cycle, group, reason: reasonOf(thrown) });
      votes.push(null);
    }
  }
  return votes;
};

interface Planned {
  readonly base: BaseModel;
  readonly plan: MergePlan;
  readonly group: string;
}

/** What a group's candidates are made of, from the files that a merge goes through. */
const directionsOf = async (
  { participant, cycle, until }: Choosing,
  { base, plan, group }: Planned,
): Promise<Directions> => {
  const { network } = participant;
  const shapes = new Map(byName(new Map(Object.entries(groupShapes(network.model, network.groups[group]!)))));
  const opened = new Map<string, { readonly file: ByteSource; readonly norm: number }>();
  const open = async ({ submission, uid, artifact }: Selected<Candidate>) => {
    const known = opened.get(artifact);
    if (known) return known;
    const result = await openSubmission(participant, submission, { base, cycle, until, isHeld: true });
    if (!result.ok)
      throw new BlockZeroError(
        "UPDATE_MISSING",
        `the update of uid ${uid} that the majority scored is ${result.reason} here: ${result.detail}`,
        "nothing to do: the other validators' ballots decide",
      );
    opened.set(artifact, result);
    return result;
  };
  const merged = async (along: OuterStep["along"]): Promise<FloatTensors | null> => {
    const updates = updatesAlong(plan, group, along);
    if (updates === null || !network.training.outer.steps.some((step) => step.along === along)) return null;
    const files = [];
    for (const update of updates) {
      const { file, norm } = await open(update);
      files.push({ file, norm, share: update.share });
    }
    return mergedUpdate(files, { shapes, network });
  };
  try {
    return {
      merged: await merged("merged"),
      all: await merged("all"),
      best: await merged("best"),
      momentum: await momentumOf(participant, base, group, shapes),
    };
  } finally {
    for (const { file } of opened.values()) await file.close();
  }
};

const momentumOf = async (
  participant: Participant,
  { manifest, hash }: BaseModel,
  group: string,
  shapes: ReadonlyMap<string, readonly number[]>,
): Promise<FloatTensors | null> => {
  const reference = manifest.parts.groups[group]?.momentum;
  if (!reference) return null;
  const file = await cycleSource(participant).open({ hash: reference.hash, maxBytes: reference.bytes });
  return withSource(file, async () => {
    const part = await openPart(file, shapes, `momentum of ${group} of model ${hash}`);
    const tensors = new Map<string, { shape: readonly number[]; data: Float32Array }>();
    for (const [name, shape] of shapes) tensors.set(name, { shape, data: await part.read(name, createScratch()) });
    return tensors;
  });
};
