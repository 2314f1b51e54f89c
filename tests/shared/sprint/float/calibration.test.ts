import assert from "node:assert/strict";
import { test } from "node:test";
import { COSINE_PARTS, cosineAt, distanceAt, thresholdOf } from "#shared/sprint/float/calibration.js";
import { incompleteBeta } from "#shared/util/incomplete-beta.js";

test("distances of a random direction of d dimensions at odds of 20, 100 and 900", () => {
  const table = [64, 128, 256, 512, 1024, 8192].map((d) => [
    d,
    ...[20, 100, 900].map((odds) => distanceAt(d, odds).toFixed(7)),
  ]);
  assert.deepEqual(table, [
    [64, "1.2603002", "1.1933203", "1.1199552"],
    [128, "1.3073135", "1.2612353", "1.2107810"],
    [256, "1.3395281", "1.3076296", "1.2728014"],
    [512, "1.3618346", "1.3396346", "1.3154758"],
    [1024, "1.3773849", "1.3618697", "1.3450358"],
    [8192, "1.4013041", "1.3959220", "1.3901160"],
  ]);
});

test("the paper's own thresholds, by the odds that they really have", () => {
  // Mainnet's r = 1.40136 with 8,196 outputs is 1/19.7, later 1.39808 is 1/50.
  const odds = (r: number, d: number) => 1 / incompleteBeta(r ** 2 / 4, (d - 1) / 2, (d - 1) / 2);
  assert.deepEqual([odds(1.40136, 8196).toFixed(1), odds(1.39808, 8196).toFixed(1)], ["19.7", "50.0"]);
});

test("a threshold is a whole number, and its odds are those asked for", () => {
  assert.deepEqual(
    [64, 256, 512].map((width) => thresholdOf(width, 900)),
    [3756456, 1903558, 1348927],
  );
  for (const [width, odds] of [
    [64, 20],
    [512, 900],
  ] as const) {
    const half = (width - 2) / 2;
    const share = incompleteBeta((1 - thresholdOf(width, odds) / COSINE_PARTS) / 2, half, half);
    assert.ok(Math.abs(share * odds - 1) < 1e-4, `${share}`);
  }
  assert.equal(thresholdOf(64, 1), -COSINE_PARTS);
  assert.ok(Math.abs(cosineAt(64, 2)) < 1e-9);
});
