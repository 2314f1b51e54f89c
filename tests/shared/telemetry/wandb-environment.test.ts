import assert from "node:assert/strict";
import { test } from "node:test";
import { wandbMode, wandbTags, wandbVariable } from "#shared/telemetry/wandb/environment.js";
import { coded } from "#tests/support/coded.js";

test("a value is read without what copying leaves around it", () => {
  const long = `wandb_v1_${"b".repeat(77)}`;
  for (const text of [long, `${long}\r\n`, `"${long}"`, `'${long}'\r\n`, `  ${long} `])
    assert.equal(wandbVariable({ WANDB_API_KEY: text }, "WANDB_API_KEY"), long);
  for (const text of [undefined, "", " ", '""', "' '\r\n"])
    assert.equal(wandbVariable({ WANDB_API_KEY: text }, "WANDB_API_KEY"), undefined);
});

test("the switches that send nothing, those that keep it for later, and those that send", () => {
  for (const [WANDB_MODE, mode, because] of [
    ["offline", "offline", "WANDB_MODE=offline"],
    ["disabled", "disabled", "WANDB_MODE=disabled"],
    ["dryrun\r\n", "offline", "WANDB_MODE=dryrun"],
    ["online", "online", "WANDB_MODE=online"],
  ] as const)
    assert.deepEqual(wandbMode({ WANDB_MODE }), { mode, because });
  for (const WANDB_MODE of ["", undefined]) assert.deepEqual(wandbMode({ WANDB_MODE }), { mode: "online" });
  for (const on of ["true", "1", "TRUE", "yes"])
    assert.deepEqual(wandbMode({ WANDB_DISABLED: on, WANDB_MODE: "online" }), {
      mode: "disabled",
      because: `WANDB_DISABLED=${on}`,
    });
  for (const off of ["false", "0", "", undefined])
    assert.deepEqual(wandbMode({ WANDB_DISABLED: off }), { mode: "online" });
  assert.throws(
    () => wandbMode({ WANDB_MODE: "ofline" }),
    coded("CONFIG_INVALID_VALUE", /^WANDB_MODE is "ofline", which is not one of online, /),
  );
});

test("tags are those between commas", () => {
  assert.deepEqual(wandbTags({ WANDB_TAGS: '"a, b ,,c"' }), ["a", "b", "c"]);
  assert.deepEqual(wandbTags({}), []);
});
