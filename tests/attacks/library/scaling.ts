import { scaled } from "../arena/change.js";
import type { Attack } from "../attack.js";

const FACTOR = 4;

export const scaling: Attack = {
  name: "scaling",
  description: `trains honestly and submits ${FACTOR} times the update`,
  submit: async ({ train, forge }) => [{ forged: forge({ miner: "eve1", tensors: scaled(await train(), FACTOR) }) }],
};
