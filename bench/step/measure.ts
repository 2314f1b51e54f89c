import type { Device } from "#shared/engine/device.js";
import type { StepCase } from "./cases.js";
import { matmulFlops } from "./cost.js";
import { materialOf } from "./material.js";
import { type Growth, growth } from "./memory.js";
import { ourStep } from "./ours.js";
import type { Peer } from "./peer.js";
import { type ProfileLine, profile } from "./profile.js";
import { curveDifference, type Result, race } from "./race.js";

export interface Comparison extends Result {
  /** How many times as fast we are, by the medians. */
  readonly ratio: number;
  /** What that should be, where there is a target. */
  readonly target: number | undefined;
  /** Largest relative difference of the loss curves' first steps. */
  readonly lossDifference: number;
}

export interface Measurement {
  readonly name: string;
  readonly what: string;
  readonly ours: Result;
  readonly peers: readonly Comparison[];
  /** Floating-point operations of a step's matrix products. */
  readonly flops: number;
  readonly profile: readonly ProfileLine[];
  readonly growth: Growth | undefined;
}

export interface MeasureOptions {
  readonly device: Device;
  readonly threads: number;
  readonly peers: readonly Peer[];
  readonly folder: string;
  readonly steps: number;
  readonly leakSteps: number;
  /** Profile even if every target is met. */
  readonly profile: boolean;
}

/** Steps over which the curves are compared: later on rounding alone drives them apart. */
const COMPARED = 20;
const BATCHES = 10;

export const measure = async (stepCase: StepCase, options: MeasureOptions): Promise<Measurement> => {
  const { device, peers, folder, steps, leakSteps, threads } = options;
  const material = materialOf(stepCase, BATCHES);
  const { config, held, batchSize, sequenceLength } = stepCase;
  const choices = Math.min(config.num_experts_per_tok, held[0]!.length);
  const rowsOfAnExpert = (batchSize * sequenceLength * choices) / held[0]!.length;
  let flops = 0;
  const counting: Device = {
    ...device,
    compile: (graph, outputs) => {
      flops = matmulFlops(graph, rowsOfAnExpert);
      return device.compile(graph, outputs);
    },
  };

  const us = await ourStep(counting, stepCase, material);
  try {
    const others = [];
    for (const peer of peers) others.push(await peer.prepare(stepCase, material, folder));
    const [ours, ...theirs] = await race([us, ...others], steps);
    const comparisons = theirs.map((result, i): Comparison => {
      const { mode, version } = peers[i]!;
      const { targets } = stepCase;
      const target = version.startsWith("1.") ? targets.version1 : targets[mode];
      const lossDifference = curveDifference(ours!.losses.slice(0, COMPARED), result.losses.slice(0, COMPARED));
      return { ...result, ratio: result.median / ours!.median, target, lossDifference };
    });
    const missed = comparisons.some(({ ratio, target }) => target !== undefined && ratio < target);
    const growing = leakSteps > 0 && stepCase.trainable.length > 0;
    return {
      name: stepCase.name,
      what: stepCase.what,
      ours: ours!,
      peers: comparisons,
      flops,
      profile: missed || options.profile ? await profile(stepCase, material, threads, folder) : [],
      growth: growing ? await growth(us, leakSteps) : undefined,
    };
  } finally {
    await us.dispose();
  }
};
