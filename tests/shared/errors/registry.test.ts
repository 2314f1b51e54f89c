import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { BlockZeroError, hasCode } from "#shared/errors/error.js";
import { ERROR_CODES, ERROR_TOPICS } from "#shared/errors/registry.js";
import { silentLog } from "#shared/telemetry/log.js";

/** Where a code is compared with, and not raised. */
const COMPARISONS = /hasCode\([^)]*\)|[!=]== "[A-Z_]+"/g;

const sources = (): readonly string[] => {
  const { stdout } = spawnSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.ts"], {
    encoding: "utf8",
  });
  return stdout
    .split("\n")
    .filter((file) => file !== "" && !/\.test\.ts$|^shared\/errors\//.test(file))
    .map((file) => readFileSync(file, "utf8"));
};

describe("the registry of error codes", () => {
  it("has no code that is never raised", () => {
    const raised = new Set(
      sources().flatMap((text) =>
        [...text.replace(COMPARISONS, "").matchAll(/"([A-Z][A-Z0-9_]+)"/g)].map(([, code]) => code),
      ),
    );
    assert.deepEqual(
      ERROR_CODES.filter((code) => !raised.has(code)),
      [],
    );
  });

  it("has each code once, with a sentence of what it means and one of what to do", () => {
    const entries = Object.values(ERROR_TOPICS).flatMap((topic) => Object.entries(topic));
    assert.equal(new Set(ERROR_CODES).size, ERROR_CODES.length);
    for (const [code, { meaning, remedy }] of entries) {
      assert.match(code, /^[A-Z]+(_[A-Z]+)*$/);
      for (const text of [meaning, remedy]) assert.match(text, /^[^|\n]+[^ |\n]\.$/, code);
    }
  });

  it("makes a misspelt code a fault of the compiler", () => {
    // @ts-expect-error no such code
    const fault = new BlockZeroError("FETCH_BUZY", "it is busy", "try again");
    // @ts-expect-error no such code
    assert.ok(!hasCode(fault, "FETCH_BUSSY"));
    // @ts-expect-error no such code
    assert.ok(fault.code !== "FETCH_BUSSY");
    // @ts-expect-error no such code
    silentLog.warn("it is busy", { code: "FETCH_BUZY" });
  });
});
