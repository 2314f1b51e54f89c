import assert from "node:assert/strict";
import { test } from "node:test";
import { wandbSwitchedOff, wandbVariable } from "#shared/telemetry/wandb-environment.js";
import { coded } from "#tests/support/coded.js";

test("a value is read without what copying leaves around it", () => {
  const long = `wandb_v1_${"b".repeat(77)}`;
  for (const text of [long, `${long}\r\n`, `"${long}"`, `'${long}'\r\n`, `  ${long} `])
    assert.equal(wandbVariable({ WANDB_API_KEY: text }, "WANDB_API_KEY"), long);
  for (const text of [undefined, "", " ", '""', "' '\r\n"])
    assert.equal(wandbVariable({ WANDB_API_KEY: text }, "WANDB_API_KEY"), undefined);
});

test("the switches that send nothing, and those that do", () => {
  for (const [WANDB_MODE, off] of [
    ["offline", "WANDB_MODE=offline"],
    ["disabled", "WANDB_MODE=disabled"],
    ["dryrun\r\n", "WANDB_MODE=dryrun"],
    ["online", undefined],
    ["", undefined],
    [undefined, undefined],
  ] as const)
    assert.equal(wandbSwitchedOff({ WANDB_MODE }), off);
  for (const on of ["true", "1", "TRUE", "yes"])
    assert.equal(wandbSwitchedOff({ WANDB_DISABLED: on, WANDB_MODE: "online" }), `WANDB_DISABLED=${on}`);
  for (const off of ["false", "0", "", undefined]) assert.equal(wandbSwitchedOff({ WANDB_DISABLED: off }), undefined);
  assert.throws(
    () => wandbSwitchedOff({ WANDB_MODE: "ofline" }),
    coded("CONFIG_INVALID_VALUE", /^WANDB_MODE is "ofline", which is not one of online, /),
  );
});
