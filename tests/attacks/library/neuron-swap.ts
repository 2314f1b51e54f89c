import type { Parameters } from "#shared/model/parameters.js";
import { map } from "../../support/updates.js";
import { plus } from "../arena/change.js";
import type { Attack } from "../attack.js";

/** As many as the gate on norms lets through. */
const SHARE = 0.1;

/** The change that swaps neighbours among the first hidden units of every expert, after which each computes what it did before. */
const swap = (own: Parameters, units: number): Parameters => {
  const swapped = 2 * Math.floor((SHARE * units) / 2);
  const partner = (unit: number) => (unit < swapped ? unit ^ 1 : unit);
  return map(own, (value, name, i) => {
    const { shape, data } = own[name]!;
    const columns = shape[1]!;
    const [row, column] = [Math.floor(i / columns), i % columns];
    const from = name.includes("down_proj") ? row * columns + partner(column) : partner(row) * columns + column;
    return data[from]! - value;
  });
};

export const neuronSwap: Attack = {
  name: "neuron-swap",
  description: "an honest update that also swaps hidden units: as good by itself, and not to be mixed with any other",
  submit: async ({ subnet, base, train, forge }) => {
    const units = subnet.network.model.moe_intermediate_size;
    return [{ forged: forge({ miner: "eve1", tensors: plus(await train(), swap(base.own, units)) }) }];
  },
};
