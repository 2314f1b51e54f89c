import type { Metagraph, WeightRow } from "#shared/chain/chain.js";
import type { PayWindow } from "#shared/compute/read-pay-window.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { MAX_MANIFEST_BYTES, parseUpdateManifest } from "#shared/protocol/manifest.js";
import type { ModelManifest } from "#shared/protocol/model-manifest.js";
import type { Network } from "#shared/protocol/network.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { lastModelBlock, modelOutcome } from "#shared/replay/agreed-outcome.js";
import { type CycleOutcomes, readOutcomes, readWindow, type WindowOutcomes } from "#shared/replay/cycle-outcomes.js";
import { isGone } from "#shared/replay/is-gone.js";
import type { CycleSource } from "#shared/replay/source.js";
import { readSubmissions, type Submission } from "#shared/replay/submissions.js";
import { contextOf } from "#shared/replay/succession.js";
import { readModelManifest } from "#shared/replay/whole-model.js";
import type { OpenedSubnet } from "#shared/subnet/open-subnet.js";
import type { UpdateFacts } from "./explanation.js";
import { type ReadBefore, readSprints } from "./read-sprints.js";
import { readSeedSource, type SeedSource } from "./seed-source.js";

type Subnet = Pick<OpenedSubnet, "source" | "head">;
export type Holders = Metagraph;

/** All that is read to explain a cycle, whoever's. */
export interface CycleFacts {
  readonly cycle: number;
  /** The newest block. */
  readonly head: number;
  /** The network file that was in force. */
  readonly network: Network;
  /** State at the end of the evaluate phase. */
  readonly holders: Holders;
  readonly submissions: readonly Submission[];
  readonly seed: SeedSource;
  readonly said: CycleOutcomes;
  readonly window: WindowOutcomes;
  /** The settled Sprints, and the duty, that the cycle's pay depends on. Null where the network file has none. */
  readonly sprints: PayWindow | null;
  readonly made: ModelMade;
  readonly after: AfterMerge;
}

/** What of a cycle's facts is about one miner. */
export interface MinersCycle extends CycleFacts {
  readonly uid: number;
  readonly hotkey: string;
  readonly submission: Submission | undefined;
  /** The content of its signed manifest. Null if the manifest is not available. */
  readonly update: UpdateFacts | null;
}

/** The model that the cycle's merge made. */
export interface ModelMade {
  /** Null if no majority agrees on one, or not yet. */
  readonly model: string | null;
  readonly isSettled: boolean;
  /** Null if its manifest is not available any more. */
  readonly merged: ModelManifest["merged"] | null;
  /** Group → the step that it took. Null as `merged` is; empty if there is no model. */
  readonly steps: ModelManifest["steps"] | null;
}

/** Chain state in which the cycle's weights are set: that of its last block, or of the newest block if the cycle still runs. */
export interface AfterMerge {
  readonly block: number;
  readonly holders: Holders;
  readonly weights: readonly WeightRow[];
}

/**
 * @param known outcomes of cycles that were read before
 * @param settled Sprints and duty that were read before
 * @throws BlockZeroError STATE_DISCARDED if the chain no longer has the cycle's state
 */
export const readCycleFacts = async (
  opened: Subnet,
  cycle: number,
  known: readonly CycleOutcomes[] = [],
  settled?: ReadBefore,
): Promise<CycleFacts> => {
  // A cycle uses the network file that was in force in it.
  const subnet = { ...opened, source: await contextOf(opened.source, cycle) };
  const { source, head } = subnet;
  const { chain, network } = source;
  const said = known.find((one) => one.cycle === cycle) ?? (await readOutcomes(source, cycle, head));
  return {
    cycle,
    head,
    network,
    holders: await chain.metagraph(network.netuid, phaseWindow(cycle, "evaluate", network.phases).end - 1),
    submissions: await readSubmissions(source, cycle),
    seed: await readSeedSource(source, cycle),
    said,
    window: await readWindow(source, cycle, head, [...known, said]),
    sprints: await readSprints(source, cycle, settled),
    made: await modelMade(subnet, cycle),
    after: await afterMerge(subnet, cycle),
  };
};

/** @throws BlockZeroError UID_UNKNOWN; STATE_DISCARDED if the chain no longer has the cycle's state */
export const readMinersCycle = async (subnet: Subnet, cycle: number, uid: number): Promise<MinersCycle> => {
  const facts = await readCycleFacts(subnet, cycle);
  const submission = facts.submissions.find((one) => one.uid === uid);
  return minersCycle(facts, uid, await readUpdate(subnet.source, submission));
};

/** @throws BlockZeroError UID_UNKNOWN */
export const minersCycle = (facts: CycleFacts, uid: number, update: UpdateFacts | null): MinersCycle => {
  const { cycle, holders, submissions } = facts;
  const neuron = holders.neurons.find((one) => one.uid === uid);
  if (!neuron)
    throw new BlockZeroError(
      "UID_UNKNOWN",
      `nobody had uid ${uid} in cycle ${cycle}`,
      `name one of ${holders.neurons.map((one) => one.uid).join(", ")}`,
    );
  const { hotkey } = neuron;
  const submission = submissions.find((one) => one.uid === uid && one.hotkey === hotkey);
  return { ...facts, uid, hotkey, submission, update: submission ? update : null };
};

/** What the manifest of a submission says. Null if nothing was revealed, or if the manifest is not available. */
export const readUpdate = async (
  source: Pick<CycleSource, "fetch">,
  submission: Submission | undefined,
): Promise<UpdateFacts | null> => {
  if (!submission?.reveal) return null;
  const { artifact: hash, location } = submission.reveal;
  try {
    const parsed = parseUpdateManifest(await source.fetch({ hash, maxBytes: MAX_MANIFEST_BYTES, location }));
    if (!parsed.ok) return null;
    const { group, base, steps, tokens, bytes } = parsed.value;
    return { group, base, steps, tokens, bytes };
  } catch (thrown) {
    if (!isGone(thrown)) throw thrown;
    return null;
  }
};

const modelMade = async ({ source, head }: Subnet, cycle: number): Promise<ModelMade> => {
  const last = lastModelBlock(cycle, source.network);
  const { agreed: model } = await modelOutcome(source, cycle, Math.min(head, last));
  const made = { model, isSettled: head >= last || model !== null };
  if (model === null) return { ...made, merged: [], steps: {} };
  try {
    const { merged, steps } = await readModelManifest(source, model);
    return { ...made, merged, steps };
  } catch (thrown) {
    if (!isGone(thrown)) throw thrown;
    return { ...made, merged: null, steps: null };
  }
};

const afterMerge = async ({ source: { chain, network }, head }: Subnet, cycle: number): Promise<AfterMerge> => {
  const block = Math.min(head, phaseWindow(cycle, "merge", network.phases).end - 1);
  const [holders, weights] = await Promise.all([
    chain.metagraph(network.netuid, block),
    chain.weights(network.netuid, block),
  ]);
  return { block, holders, weights };
};
