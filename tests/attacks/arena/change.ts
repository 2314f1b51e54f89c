import { l2Norm } from "#shared/artifact/update.js";
import { createRandom } from "#shared/data/random.js";
import type { Parameters } from "#shared/model/parameters.js";
import { map } from "../../support/updates.js";

export const scaled = (update: Parameters, factor: number): Parameters => map(update, (value) => factor * value);

/** `a + factor · b` */
export const plus = (a: Parameters, b: Parameters, factor = 1): Parameters =>
  map(a, (value, name, i) => value + factor * b[name]!.data[i]!);

export const lengthOf = (update: Parameters): number => l2Norm(Object.values(update));

/** Uniform noise of the shapes of `like`, with a given L2 norm. */
export const noiseLike = (like: Parameters, seed: string, norm: number): Parameters => {
  const random = createRandom(seed);
  const noise = map(like, () => random.next() - 0.5);
  return scaled(noise, norm / lengthOf(noise));
};
