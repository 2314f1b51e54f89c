import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/** Recorded on x64, and the same on 64-bit ARM: `npm run test:foreign` compares two machines. */
const recorded = readFileSync("tests/vectors/bits.txt", "utf8");

test("this machine gives the bits that were recorded on others, of all that machines must agree on", () => {
  const bits = fileURLToPath(new URL("./bits.js", import.meta.url));
  const lines = execFileSync(process.execPath, [bits], { encoding: "utf8" }).split("\n");
  assert.deepEqual(
    lines.filter((line) => !line.includes("  ~ ")),
    recorded.split("\n"),
  );
});
