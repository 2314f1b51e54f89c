import { gradients } from "#shared/engine/autodiff.js";
import type { Device } from "#shared/engine/device.js";
import type { Graph } from "#shared/engine/graph.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { buildObjective } from "#shared/training/objective.js";
import { type Growth, growthOf } from "../memory/growth.js";
import { watchMemory } from "../memory/sample.js";
import type { StepCase } from "./cases.js";
import type { Contestant } from "./contestant.js";
import { matmulFlops } from "./cost.js";
import { type Dropped, isDropped, orDropped } from "./dropped.js";
import { type Material, materialOf } from "./material.js";
import { ourStep } from "./ours.js";
import { fasterOf, measurePeak, type Peak } from "./peak.js";
import { ourPeakMemory, type PeakMemory, peersPeakMemory } from "./peak-memory.js";
import type { Peer } from "./peer.js";
import { type ProfileLine, profile } from "./profile.js";
import { curveDifference, type Result, race } from "./race.js";
import { agrees, isMet, OPTIMISER_LIMIT, type PeerMode, targetOf } from "./targets.js";

export interface Comparison extends Omit<Result, "outside"> {
  readonly version: string;
  readonly mode: PeerMode;
  /** How many times as fast we are, by the medians. */
  readonly ratio: number;
  /** What that should be, where there is a target, and whether it is. */
  readonly target: number | undefined;
  readonly met: boolean | undefined;
  /** Largest relative difference of the loss curves' first steps, and whether rounding explains it. */
  readonly lossDifference: number;
  readonly lossesAgree: boolean;
}

/** What a step does beside forward and backward pass. */
export interface Optimiser {
  /** Milliseconds, and as a share of the step. */
  readonly median: number;
  readonly share: number;
  readonly limit: number;
  readonly met: boolean;
}

export interface Measurement {
  readonly name: string;
  readonly what: string;
  readonly ours: Omit<Result, "outside">;
  readonly peers: readonly Comparison[];
  /** Peers that could not begin, or did not get to the end. */
  readonly dropped: readonly Dropped[];
  /** Undefined where nothing is trained, and where the device's program moves the parameters itself. */
  readonly optimiser: Optimiser | undefined;
  /** Floating-point operations of a step's matrix products, and a second. */
  readonly flops: number;
  readonly flopsPerSecond: number;
  /** The machine's fastest matrix products, measured before and after, and how much of them the step reaches. */
  readonly peak: Peak;
  readonly shareOfPeak: number;
  /** Share of the processor that went to other programs meanwhile. */
  readonly otherWork: number;
  readonly profile: readonly ProfileLine[];
  readonly growth: Growth | undefined;
  /** Ours, then the peers': of cases that are large, on Linux. */
  readonly memory: readonly PeakMemory[];
}

export interface MeasureOptions {
  readonly device: Device;
  readonly threads: number;
  readonly peers: readonly Peer[];
  readonly folder: string;
  readonly steps: number;
  readonly leakSteps: number;
  /** When to profile; where the device is not the CPU there is nothing to see. */
  readonly profile: "always" | "on a miss" | "never";
}

/** Steps over which the curves are compared: later on rounding alone drives them apart. */
export const COMPARED = 20;
const BATCHES = 10;
const SAMPLES = 50;

/** Times a case on this engine and on all peers; a peer that fails is left out, with its reason. */
export const measure = async (stepCase: StepCase, options: MeasureOptions): Promise<Measurement> => {
  const { device, peers, folder, steps, leakSteps, threads } = options;
  const { name, what, targets, trainable } = stepCase;
  const material = materialOf(stepCase, BATCHES);
  const { counting, flops } = await flopCounter(device, stepCase, material);
  const us = await ourStep(counting, stepCase, material);
  try {
    const others: (Contestant | Dropped)[] = [];
    for (const peer of peers) others.push(await orDropped(peer.name, () => peer.prepare(stepCase, material, folder)));
    const before = await measurePeak(device, remaining(peers, others));
    const { results, otherWork } = await race([us, ...others], steps);
    const [first, ...theirs] = results;
    const peak = fasterOf(before, await measurePeak(device, remaining(peers, theirs)));
    if (first === undefined || isDropped(first)) throw new TypeError("our own step cannot be left out");
    const { outside = 0, ...ours } = first;

    const comparisons = theirs.flatMap((result, i) => (isDropped(result) ? [] : [compare(ours, result, peers[i]!)]));
    function compare(mine: typeof ours, { outside: _, ...their }: Result, peer: Peer): Comparison {
      const { version, mode } = peer;
      const ratio = their.median / mine.median;
      const target = targetOf(targets, peer);
      const lossDifference = curveDifference(mine.losses.slice(0, COMPARED), their.losses.slice(0, COMPARED));
      const lossesAgree = agrees(lossDifference);
      return { ...their, version, mode, ratio, target, met: isMet(ratio, target), lossDifference, lossesAgree };
    }
    const peakMemories = async (outcomes: readonly (object | Dropped)[]): Promise<readonly PeakMemory[]> => {
      const memories = [await ourPeakMemory(name, threads)];
      for (const peer of remaining(peers, outcomes)) {
        memories.push(await peersPeakMemory(peer, stepCase, { material, threads, folder }));
      }
      return memories;
    };
    const share = outside / ours.median;
    const isBeside = trainable.length > 0 && device.hostMemory;
    const optimiser = isBeside
      ? { median: outside, share, limit: OPTIMISER_LIMIT, met: share <= OPTIMISER_LIMIT }
      : undefined;
    const missed = comparisons.some(({ met }) => met === false) || optimiser?.met === false;
    const profiled = options.profile === "always" || (options.profile === "on a miss" && missed);
    const watch = { warmUp: Math.ceil(leakSteps / 2), steps: leakSteps, every: Math.ceil(leakSteps / SAMPLES) };
    const flopsPerSecond = flops() / (ours.median / 1000);
    return {
      name,
      what,
      ours,
      peers: comparisons,
      dropped: theirs.filter(isDropped),
      optimiser,
      flops: flops(),
      flopsPerSecond,
      peak,
      shareOfPeak: flopsPerSecond / peak.flops,
      otherWork,
      profile: profiled ? await profile(stepCase, material, threads, folder) : [],
      growth: leakSteps > 0 ? growthOf(await watchMemory(() => us.run(1), watch)) : undefined,
      memory: stepCase.checkpointed && process.platform === "linux" ? await peakMemories(theirs) : [],
    };
  } finally {
    await us.dispose();
  }
};

/** Those peers that have not failed so far. @param outcomes one for each */
const remaining = (peers: readonly Peer[], outcomes: readonly (object | Dropped)[]): readonly Peer[] =>
  peers.filter((_, i) => !isDropped(outcomes[i]!));

/** The device, and what the last graph compiled for it costs a run. Layer by layer a step counts as much as the whole graph's. */
const flopCounter = async (device: Device, stepCase: StepCase, { weights }: Material) => {
  const { config, held, batchSize, sequenceLength, program, trainable } = stepCase;
  const choices = Math.min(config.num_experts_per_tok, held[0]!.length);
  const rowsOfAnExpert = (batchSize * sequenceLength * choices) / held[0]!.length;
  let flops = 0;
  const count = (graph: Graph) => {
    flops = matmulFlops(graph, rowsOfAnExpert);
  };
  if (program === "layers") {
    const { graph, params, loss } = buildObjective({
      loss: languageModelLoss(stepCase),
      inputs: batchInputs(stepCase),
      params: weights,
    });
    gradients(
      loss,
      trainable.map((name) => params[name]!),
    );
    count(graph);
    return { counting: device, flops: () => flops };
  }
  const counting: Device = {
    ...device,
    compile: (graph, outputs) => {
      count(graph);
      return device.compile(graph, outputs);
    },
  };
  return { counting, flops: () => flops };
};
