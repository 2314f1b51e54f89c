import type { z } from "zod";
import { createRandom, type Random } from "#shared/data/random.js";
import { groupShapes } from "#shared/model/groups.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { codecName } from "#shared/protocol/codec-name.js";
import type { Living } from "../../support/subnet.js";
import { lengthOf, noiseLike, plus, scaled } from "../arena/change.js";
import { type HonestWork, sumOfWork } from "../arena/honest-work.js";
import { micro } from "../arena/models/micro.js";
import { type HonestUpdate, openPanel } from "./panel.js";
import { type Landscape, simulatedMeter } from "./simulated-meter.js";

export interface SimulatedOptions {
  readonly codec: z.infer<typeof codecName>;
  /** At least so many. */
  readonly submissions: number;
  readonly seed: string;
}

/** Miners of a group at most. */
const MINERS = 20;

/**
 * Judges made-up updates of honest miners. In each cycle and group a signal is drawn, which all would find with endless text: its norm, as a share of
 * the base's, 0.005 to 0.25; what of an update it is, so that cosines of pairs are 0.05 to 0.95; how much batches differ. Miners are 1 to 20, the
 * largest update 7 times the smallest.
 */
export const judgeSimulated = async (
  t: Living,
  { codec, submissions, seed }: SimulatedOptions,
): Promise<HonestWork> => {
  const network = { ...micro.network, artifact: { codec } };
  const groups = Object.keys(network.groups);
  const genesis = await micro.genesis(seed);
  const panel = await openPanel(t, { network, genesis, miners: groups.length * MINERS });
  const random = createRandom(`${seed}/${codec}`);
  let work = sumOfWork([]);
  for (let cycle = 1; work.submissions < submissions; cycle++) {
    const landscapes: Record<string, Landscape> = {};
    const updates: HonestUpdate[] = [];
    for (const group of groups) {
      const names = Object.keys(groupShapes(network.model, network.groups[group]!));
      const base = Object.fromEntries(names.map((name) => [name, genesis[name]!]));
      const place = `${seed}/${codec}/${cycle}/${group}`;
      const norm = lengthOf(base) * logarithmic(random, 0.005, 0.25);
      const signal = noiseLike(base, place, norm);
      landscapes[group] = { signal, noise: between(random, 0.1, 1), gain: logarithmic(random, 0.02, 0.5) };
      const share = Math.sqrt(between(random, 0.05, 0.95));
      for (let miner = 1 + random.below(MINERS); miner > 0; miner--)
        updates.push({ group, update: updateOf(signal, share, random, `${place}/${miner}`) });
    }
    work = sumOfWork([work, await panel.judge(updates, simulatedMeter(landscapes, network))]);
  }
  return work;
};

/** Of the signal and as much noise as its share leaves room for; as long as it may be, by a factor that each miner has of its own. */
const updateOf = (signal: Parameters, share: number, random: Random, seed: string): Parameters => {
  const noise = noiseLike(signal, seed, Math.sqrt(1 - share ** 2) * lengthOf(signal));
  return scaled(plus(noise, signal, share), share * between(random, 0.2, 1.4));
};

const between = (random: Random, low: number, high: number): number => low + (high - low) * random.next();

const logarithmic = (random: Random, low: number, high: number): number => low * (high / low) ** random.next();
