import assert from "node:assert/strict";
import { it } from "node:test";
import { readExcuses } from "./excuses.js";

it("a log excuses the cycles that its warnings and errors name, and no others", () => {
  const excuses = readExcuses();
  for (const line of [
    { level: 30, msg: "committed", cycle: 1 },
    { level: 50, msg: "missed commit", code: "DUTY_OVERDUE", cycle: 2 },
    { level: 40, msg: "score unknown", cycle: 2 },
    { level: 40, msg: "cycles left out", cycle: 4, last: 5 },
    { level: 30, msg: "nothing to submit", cycle: 7 },
    { level: 50, msg: "no cycle" },
  ])
    excuses.read(JSON.stringify(line));
  excuses.read("in words");
  excuses.read("null");
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 7].map((cycle) => excuses.of(cycle)),
    [
      undefined,
      "missed commit DUTY_OVERDUE",
      undefined,
      "cycles left out",
      "cycles left out",
      undefined,
      "nothing to submit",
    ],
  );
});
