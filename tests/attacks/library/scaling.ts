import { scaled } from "../arena/change.js";
import type { Attack } from "../attack.js";

const scalingBy = (factor: number, name: string): Attack => ({
  name,
  description: `trains honestly and submits ${factor} times the update`,
  submit: async ({ train, forge }) => [{ forged: forge({ miner: "eve1", tensors: scaled(await train(), factor) }) }],
});

export const scalings: readonly Attack[] = [
  scalingBy(4, "scaling"),
  scalingBy(2, "scaling-by-2"),
  scalingBy(0.7, "scaling-by-0.7"),
];
