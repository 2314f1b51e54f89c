import assert from "node:assert/strict";
import { it } from "node:test";
import { warnAtStart } from "#shared/doctor/at-start.js";
import { collectingLog } from "../chain/support.js";
import { situation } from "./support.js";

it("a program says at its start what it may stumble over, and starts whatever a check does", async (t) => {
  const said = async (given: Parameters<typeof situation>[1]) => {
    const { log, lines } = collectingLog();
    await warnAtStart((await situation(t, given)).about, log);
    return lines.map(({ level, message, fields }) => [level, message, fields.code]);
  };
  assert.deepEqual(await said({}), []);
  const little = { machine: { memory: () => ({ total: 1e9, available: 1e8 }) }, neuron: { validatorPermit: false } };
  assert.deepEqual(await said(little), [
    ["warn", "check of memory", "START_CHECK"],
    ["warn", "check of stake", "START_CHECK"],
  ]);
  const memory = () => {
    throw new TypeError("a bug");
  };
  assert.deepEqual(await said({ machine: { memory } }), [["warn", "checks were left out", "INTERNAL"]]);
});
