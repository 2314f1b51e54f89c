import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isHarmless } from "./arena/result.js";
import { openTrial } from "./arena/run.js";
import { attacks } from "./library/index.js";

/** What stops each of them in a single cycle; `npm run attacks` lives through all attacks, for longer. */
const quick: Readonly<Record<string, readonly string[]>> = {
  "sign-flip": ["proof-of-loss"],
  copy: ["duplicate"],
  "copy-commitment": ["commitment_mismatch"],
  "evaluation-text": ["commitment_mismatch"],
  "extra-tensors": ["missing_tensor", "unknown_tensor"],
  "lying-files": ["bad_signature", "malformed", "not_finite", "too_large"],
  withholding: ["no_reveal", "unreachable"],
};

describe("attacks of one cycle", { timeout: 240_000 }, () => {
  it("neither pay nor harm the model, and are stopped by what is there to stop them", async (t) => {
    const trial = await openTrial(1);
    t.after(() => trial.close());
    for (const [name, expected] of Object.entries(quick)) {
      const result = await trial.run(attacks.find((attack) => attack.name === name)!);
      assert.ok(result.honestPayoff > 0, "honest work pays");
      assert.ok(isHarmless(result), JSON.stringify(result));
      assert.deepEqual(result.caughtBy, expected, name);
    }
  });
});

describe("the attack library", () => {
  it("has one name an attack", () => {
    assert.equal(new Set(attacks.map(({ name }) => name)).size, attacks.length);
  });
});
