import { createRandom } from "#shared/data/random.js";
import type { Parameters } from "#shared/model/parameters.js";
import { map } from "../../support/updates.js";
import { lengthOf } from "../arena/change.js";
import type { Attack } from "../attack.js";

const COPIES = 4;
/** Of the change that only hides, as a share of the update's norm. */
const SHARE = 0.6;

const isUp = (name: string): boolean => name.includes("up_proj");
const isDown = (name: string): boolean => name.includes("down_proj");

/**
 * The trained experts with each hidden unit's input larger by a factor of its own and its output smaller by it: they compute what they did. So, other
 * than noise, it costs no loss at all.
 *
 * @param size deviation of the factors' logarithms
 */
const rescaled = (own: Parameters, update: Parameters, seed: string, size: number): Parameters => {
  const factors = new Map<string, number>();
  const random = createRandom(seed);
  const factorOf = (name: string, unit: number): number => {
    const key = `${name.replace(/(?:up|down)_proj/, "")}/${unit}`;
    const known = factors.get(key) ?? Math.exp(size * 2 * Math.sqrt(3) * (random.next() - 0.5));
    factors.set(key, known);
    return known;
  };
  return map(update, (value, name, i) => {
    const { shape, data } = own[name]!;
    const columns = shape[1]!;
    const before = data[i]!;
    if (isUp(name)) return factorOf(name, Math.floor(i / columns)) * (before + value) - before;
    return isDown(name) ? (before + value) / factorOf(name, i % columns) - before : value;
  });
};

export const rescaledCopies: Attack = {
  name: "rescaled-copies",
  description: `one training under ${COPIES} hotkeys, in each of which every hidden unit has another scale, of which its outputs tell nothing`,
  identities: COPIES,
  submit: async ({ seed, base, identities, train, forge }) => {
    const update = await train();
    const hidden = map(base.own, (value, name) => (isUp(name) || isDown(name) ? value : 0));
    const size = (SHARE * lengthOf(update)) / lengthOf(hidden);
    return identities.map((miner) => ({
      forged: forge({ miner, tensors: rescaled(base.own, update, `${seed}/${miner}`, size) }),
    }));
  },
};
