import type { FloatTensors } from "#shared/artifact/update.js";
import { createRandom } from "#shared/data/random.js";
import type { LossMeter } from "#shared/evaluation/loss-meter.js";
import { groupShapes } from "#shared/model/groups.js";
import type { Parameters } from "#shared/model/parameters.js";
import { hashJson } from "#shared/protocol/hash-json.js";
import type { NetworkTemplate } from "../arena/models/arena-model.js";

/** A group's loss near a base model, as a function of the update. */
export interface Landscape {
  /** The update that lowers it most. */
  readonly signal: Parameters;
  /** By how much, nats a token, is half of this. */
  readonly gain: number;
  /** Standard deviation over batches of what an update as long as the signal changes, as a share of `gain`. */
  readonly noise: number;
}

/** Nats a token of the base model, and how much batches differ in them. */
const LEVEL = { mean: 3, deviation: 0.3 };

/**
 * A meter that computes no model: over batches, the update Δ changes the loss by `gain` · (½‖Δ‖² − ⟨Δ, signal⟩) / ‖signal‖² in the mean, and by noise
 * that grows with ‖Δ‖, half of which batches have for all updates alike.
 */
export const simulatedMeter = (
  landscapes: Readonly<Record<string, Landscape>>,
  network: Pick<NetworkTemplate, "groups" | "model">,
): Pick<LossMeter, "ofGroup"> => ({
  async ofGroup(_model, group) {
    const experts = hashJson(group.experts);
    const [name = ""] = Object.entries(network.groups).find(([, other]) => hashJson(other.experts) === experts) ?? [];
    const { signal, gain, noise } = landscapes[name]!;
    const names = Object.keys(groupShapes(network.model, group));
    const square = product(signal, signal, names);
    return {
      async losses(update, batches) {
        const own = update && Object.fromEntries(update);
        const length = own ? Math.sqrt(product(own, own, names) / square) : 0;
        const change = own ? gain * (length ** 2 / 2 - product(own, signal, names) / square) : 0;
        const identity = update ? identityOf(update) : "";
        return batches.map((batch) => {
          const key = batch.ids.join(" ");
          const ownNoise = Math.SQRT1_2 * (normal(`${name}/${key}`) + normal(`${identity}/${key}`));
          return LEVEL.mean + LEVEL.deviation * normal(key) + change + gain * noise * length * ownNoise;
        });
      },
    };
  },
});

type Tensors = Readonly<Record<string, { readonly data: Float32Array }>>;

const product = (a: Tensors, b: Tensors, names: readonly string[]): number => {
  let sum = 0;
  for (const name of names) {
    const [x, y] = [a[name]!.data, b[name]!.data];
    for (let i = 0; i < x.length; i++) sum += x[i]! * y[i]!;
  }
  return sum;
};

const identityOf = (update: FloatTensors): string => {
  const [first] = [...update.values()];
  return first!.data.slice(0, 8).join(" ");
};

/** Standard normal, near enough: a sum of twelve uniform numbers (Irwin–Hall). */
const normal = (seed: string): number => {
  const random = createRandom(seed);
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random.next();
  return sum;
};
