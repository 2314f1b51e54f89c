import { evaluationBatches } from "#shared/evaluation/loss-meter.js";
import type { Parameters } from "#shared/model/parameters.js";
import { map } from "../../support/updates.js";
import { plus } from "../arena/change.js";
import type { Attack, Den } from "../attack.js";

/**
 * Blows up one hidden unit of an expert and cuts it off from the output: ∞ · 0 is NaN where the unit overflows, and 0 everywhere else. How
 * many batches hold such a token follows from the size alone.
 */
const bomb = (own: Parameters, size: number): Parameters => {
  const names = Object.keys(own).sort();
  const [gate, up, down] = ["gate_proj", "up_proj", "down_proj"].map(
    (part) => names.find((name) => name.includes(part))!,
  );
  return map(own, (value, name, i) => {
    const [rows = 1, columns = 1] = own[name]!.shape;
    if (name === gate || name === up) {
      const isUnit = rows > columns ? i % columns === 0 : Math.floor(i / columns) === 0;
      return isUnit ? size * value : 0;
    }
    if (name !== down) return 0;
    const isUnit = rows > columns ? i % columns === 0 : Math.floor(i / columns) === 0;
    return isUnit ? -value : 0;
  });
};

/** A size at which some batches are NaN and most are not, by bisection on text that is as public as any. */
const hardOnly = async ({ base, cycle, group, meter, subnet }: Den): Promise<Parameters> => {
  const batches = evaluationBatches(subnet.network, group, String(cycle).repeat(64).slice(0, 64), null);
  let [low, high] = [15, 30];
  for (let i = 0; i < 12; i++) {
    const middle = (low + high) / 2;
    const losses = await meter.losses({ ...base.whole, ...plus(base.own, bomb(base.own, 10 ** middle)) }, batches);
    const broken = losses.filter((loss) => !Number.isFinite(loss)).length;
    if (broken > batches.length / 3) high = middle;
    else if (broken === 0) low = middle;
    else return bomb(base.own, 10 ** middle);
  }
  return bomb(base.own, 10 ** high);
};

export const nanHardBatches: Attack = {
  name: "nan-hard-batches",
  description: "an honest update with a bomb that makes NaN of rare tokens only; the gate on norms is wide open",
  network: (network) => ({ ...network, scoring: { ...network.scoring, max_update_norm: 1e38 } }),
  submit: async (den) => {
    const tensors = plus(await den.train(), await hardOnly(den));
    return [{ forged: den.forge({ miner: "eve1", tensors }) }];
  },
};
