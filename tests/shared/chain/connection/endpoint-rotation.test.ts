import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FIRST_DELAY_MS, LAST_DELAY_MS, rotateEndpoints } from "#shared/chain/connection/endpoint-rotation.js";

describe("endpoints in rotation", () => {
  it("are tried in turn, each round at twice the delay of the one before, up to the longest", () => {
    const rotation = rotateEndpoints(["a", "b"], () => 0);
    const tried = Array.from({ length: 6 }, () => [rotation.next(), rotation.current]);
    assert.deepEqual(tried, [
      [FIRST_DELAY_MS, "b"],
      [FIRST_DELAY_MS, "a"],
      [FIRST_DELAY_MS * 2, "b"],
      [FIRST_DELAY_MS * 2, "a"],
      [FIRST_DELAY_MS * 4, "b"],
      [FIRST_DELAY_MS * 4, "a"],
    ]);
    for (let i = 0; i < 100; i++) rotation.next();
    assert.equal(rotation.next(), LAST_DELAY_MS);
    rotation.succeeded();
    assert.equal(rotation.next(), FIRST_DELAY_MS);
  });

  it("take up to half of the delay off at random", () => {
    const delays = [0, 0.5, 0.999].map((random) => rotateEndpoints(["a"], () => random).next());
    assert.deepEqual(
      delays.map((delay) => Math.round((delay / FIRST_DELAY_MS) * 100)),
      [100, 75, 50],
    );
  });

  it("go on with the next one where one is excluded", () => {
    const rotation = rotateEndpoints(["a", "b", "c"], () => 0);
    rotation.next();
    rotation.exclude();
    rotation.next();
    assert.equal(rotation.current, "c");
    rotation.exclude();
    rotation.next();
    assert.deepEqual([rotation.current, rotation.hasOthers], ["a", false]);
  });

  it("are desperate once all have failed", () => {
    const rotation = rotateEndpoints(["a", "b"], () => 0);
    rotation.next();
    assert.equal(rotation.isDesperate, false);
    rotation.next();
    assert.equal(rotation.isDesperate, true);
    rotation.succeeded();
    assert.equal(rotation.isDesperate, false);
  });
});
