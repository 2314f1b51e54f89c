import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as operators from "#shared/engine/ops/index.js";
import { gradientCases } from "../gradient-cases.js";

const page = readFileSync("docs/engine.md", "utf8");
const rows = [...page.matchAll(/^\| `(\w+)` \| (yes|no) \| (.+) \|$/gm)].map(([, name, gradient, devices]) => ({
  name: name!,
  gradient: gradient!,
  devices: devices!.split(" | "),
}));

test("the compatibility table names every operator", () => {
  assert.deepEqual(
    rows.map(({ name }) => name),
    Object.keys(operators).sort(),
  );
  for (const { name, devices } of rows) assert.equal(devices.length, 4, name);
});

test("the compatibility table claims exactly the gradients that a case checks", () => {
  const checked = new Set(gradientCases.map(({ name }) => /^\w+/.exec(name)![0]));
  for (const { name, gradient } of rows) assert.equal(gradient === "yes", checked.has(name), name);
});
