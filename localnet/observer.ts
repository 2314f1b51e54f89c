import type { Chain } from "#shared/chain/chain.js";
import { meanWeights } from "#shared/chain/mean-weights.js";
import { readVoters } from "#shared/chain/voters.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { createLossMeter, type LossMeter } from "#shared/evaluation/loss-meter.js";
import { heldOutLosses } from "#shared/evaluation/reference-text.js";
import { type AgreedModels, followModels } from "#shared/participant/agreement/agreed-model.js";
import { awaitBaseModel } from "#shared/participant/agreement/await-base-model.js";
import { loadModel, wholeModel } from "#shared/participant/agreement/base-model.js";
import type { BlockClock } from "#shared/participant/block-clock.js";
import type { Blobs } from "#shared/participant/files/blobs.js";
import { collectReports } from "#shared/participant/reports.js";
import type { Network } from "#shared/protocol/network.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { parseRecord } from "#shared/protocol/records.js";
import { placeIn } from "#shared/protocol/voting/place.js";
import { type AgreedOutcome, tally } from "#shared/protocol/voting/tally.js";
import { chosenSteps, groupProgress, readBallots } from "#shared/replay/ballots.js";
import { readSubmissions } from "#shared/replay/submissions.js";
import type { Log } from "#shared/telemetry/log.js";
import { mapValues } from "#shared/training/objective.js";
import { keepNewest } from "#shared/util/keep-newest.js";
import { inTokens } from "#shared/util/tokens.js";
import { patiently } from "./patiently.js";
import type { CycleResult, MinerResult, ModelLosses } from "./result.js";

/** Cycles for which a file is asked for that nobody gives: its servers may be busy, or starting again. */
const FETCH_CYCLES = 3;

/** Models whose losses are remembered: the one before a cycle and the one after it. */
const MEASURED = 2;

export interface ObserverContext {
  readonly chain: Chain;
  readonly clock: BlockClock;
  readonly network: Network;
  readonly networkHash: string;
  readonly blobs: Blobs;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Reads the subnet as anybody can: chain state and files named by hash. */
export interface Observer {
  readonly models: AgreedModels;
  losses(model: string): Promise<ModelLosses>;
  /** The result of a cycle, as soon as its model is settled: at the latest at the end of the next cycle's distribute phase. */
  cycle(cycle: number): Promise<CycleResult>;
}

export const createObserver = async (context: ObserverContext): Promise<Observer> => {
  const models = followModels(context);
  const meter = await openMeter(context, models);
  const measured = new Map<string, ModelLosses>();

  const losses = async (hash: string): Promise<ModelLosses> => {
    const known = measured.get(hash);
    if (known) return known;
    const parameters = wholeModel(await loadModel({ ...context, models }, hash));
    const found = await heldOutLosses(meter, context.network, parameters, context.signal);
    const result = {
      valLoss: mapValues(found, ({ loss }) => loss),
      valBpb: mapValues(found, ({ bitsPerByte }) => bitsPerByte),
    };
    measured.set(hash, result);
    keepNewest(measured, MEASURED);
    return result;
  };

  const resultOf = async (cycle: number): Promise<CycleResult> => {
    const before = await models.baseOf(cycle);
    const after = await awaitBaseModel({ ...context, models }, cycle + 1);
    const { merged } = await models.manifest(after, context.signal);
    const agree = await everybodyPublished(context, cycle, after);
    const from = await losses(before);
    const to = await losses(after);
    const ballots = await readBallots(context, cycle);
    const tallied = await talliedIn(context, models, cycle, before);
    return {
      cycle,
      modelHash: after,
      validatorsAgree: agree,
      valLossBefore: from.valLoss,
      valLossAfter: to.valLoss,
      valBpbBefore: from.valBpb,
      valBpbAfter: to.valBpb,
      steps: Object.fromEntries(chosenSteps(context.network, ballots)),
      undecided: groupProgress(context.network, ballots, tallied).undecided,
      miners: await minerResults(context, cycle, tallied.outcomes),
      merged: after === before ? [] : merged.map(({ uid }) => uid),
    };
  };

  return {
    models,
    losses,
    async cycle(cycle) {
      await context.blobs.turn(cycle);
      return patiently(context, fetchedBy(context, cycle), () => resultOf(cycle));
    },
  };
};

/** The block until which a cycle's files are asked for. */
const fetchedBy = ({ network }: Pick<ObserverContext, "network">, cycle: number): number =>
  phaseWindow(cycle + FETCH_CYCLES, "distribute", network.phases).end;

const openMeter = async (context: ObserverContext, models: AgreedModels): Promise<LossMeter> => {
  const { network } = context;
  const parameters = wholeModel(await loadModel({ ...context, models }, network.genesis));
  return createLossMeter(onnxCpu({ threads: 2 }), network, {
    batchSize: network.scoring.eval_batch_size,
    parameters,
  });
};

/** Waits until every validator has published, at the latest until the deadline for model records. */
const everybodyPublished = async (context: ObserverContext, cycle: number, model: string): Promise<boolean> => {
  const { clock, network, signal } = context;
  const deadline = phaseWindow(cycle + 1, "distribute", network.phases).end - 1;
  for (;;) {
    const agree = await validatorsAgree(context, cycle, model);
    if (agree || clock.head.number >= deadline) return agree;
    await clock.reach(clock.head.number + 1, signal);
  }
};

/** Whether every validator that votes committed this model for the cycle. */
const validatorsAgree = async (context: ObserverContext, cycle: number, model: string) => {
  const { clock, network } = context;
  const at = Math.min(clock.head.number, phaseWindow(cycle + 1, "distribute", network.phases).end - 1);
  const { stakes, commitments } = await readVoters(context, cycle, at);
  return [...stakes.keys()].every((hotkey) => {
    const record = parseRecord(commitments.find((commitment) => commitment.hotkey === hotkey)?.data ?? "");
    return record.ok && record.value.type === "model" && record.value.cycle === cycle && record.value.model === model;
  });
};

const talliedIn = async (context: ObserverContext, models: AgreedModels, cycle: number, base: string) => {
  const { networkHash } = context;
  // A table made of some of the reports would say of who was judged that nobody judged it.
  const said = await collectReports({ ...context, models }, cycle, fetchedBy(context, cycle));
  const { reports, stakes, unheard, isWhole } = said;
  const miners = await readSubmissions(context, cycle);
  return { outcomes: tally({ reports, stakes, unheard, miners, network: networkHash, cycle, base }), isWhole };
};

const minerResults = async (
  { chain, network }: ObserverContext,
  cycle: number,
  outcomes: readonly AgreedOutcome[],
): Promise<MinerResult[]> => {
  const at = phaseWindow(cycle, "merge", network.phases).end - 1;
  const [metagraph, rows] = await Promise.all([chain.metagraph(network.netuid, at), chain.weights(network.netuid, at)]);
  const weights = meanWeights(rows, metagraph.neurons);
  return outcomes.map(({ uid, hotkey, group, verdict, reason, lossReduction, score }) => ({
    uid,
    hotkey,
    group,
    verdict,
    ...(reason !== null && { reason }),
    lossReduction,
    score,
    rank: placeIn(outcomes, { group, score }),
    weight: weights.get(uid) ?? 0,
    emission: inTokens(metagraph.neurons[uid]?.emission ?? 0n),
  }));
};
