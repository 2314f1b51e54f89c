import assert from "node:assert/strict";
import { test } from "node:test";
import { listenForSilence } from "#inspect/dashboard/silence.js";

test("silence is two minutes without a sign of life, told until there is one", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const stop = new AbortController();
  const told: number[] = [];
  const heard = listenForSilence((seconds) => told.push(seconds), stop.signal);
  t.mock.timers.tick(119_000);
  assert.deepEqual(told, []);
  t.mock.timers.tick(16_000);
  assert.deepEqual(told, [120, 135]);
  heard();
  t.mock.timers.tick(105_000);
  assert.deepEqual(told, [120, 135]);
  t.mock.timers.tick(15_000);
  assert.deepEqual(told, [120, 135, 120]);
  stop.abort();
  t.mock.timers.tick(600_000);
  assert.equal(told.length, 3);
});
