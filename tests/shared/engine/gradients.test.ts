import { describe, it } from "node:test";
import { checkGradient } from "./finite-differences.js";
import { gradientCases } from "./gradient-cases.js";

describe("gradients agree with finite differences", { concurrency: true }, () => {
  for (const [index, gradientCase] of gradientCases.entries()) {
    it(gradientCase.name, () => checkGradient(gradientCase, 1000 + index));
  }
});
