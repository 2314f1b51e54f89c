import { sha256 } from "#shared/protocol/hash.js";
import type { Attack } from "../attack.js";
import { oneStep } from "./accomplice.js";
export const liarModel: Attack = {
  name: "liar-model",
  description:
    "takes one step; a validator with 49 % of the stake commits the hash of a model that nobody merged and gives it all weight",
  submit: oneStep,
  lie: { model: (merged) => sha256(Buffer.from(merged)) },
};
