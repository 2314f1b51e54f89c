import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { networkReference } from "#shared/config/network-docs.js";

describe("the reference page of the network file", () => {
  const rows = networkReference(["arithmetic", "jsonl"])
    .split("\n")
    .filter((line) => line.startsWith("| `") && line.split(" | ").length === 5)
    .map((line) => line.slice(2, -2).split(" | "));

  it("says of every key what it takes and what it means", () => {
    assert.ok(rows.length > 70);
    for (const [key, takes, byDefault, , meaning] of rows) {
      assert.match(takes!, /^\S/, key);
      assert.match(byDefault!, /^(required|unset|`.+`)$/, key);
      assert.match(meaning!, /\.$/, key);
    }
  });

  it("has every key of the localnet's template", () => {
    const keys = [...readFileSync("configs/localnet/network.yaml", "utf8").matchAll(/^\s*(\w+):/gm)].map(
      ([, key]) => key,
    );
    const listed = rows.map(([key]) => key!.slice(1, -1).split(".").at(-1));
    const sections = [
      "model",
      "groups",
      "phases",
      "data",
      "training",
      "scoring",
      "artifact",
      "limits",
      "prose",
      "math",
    ];
    assert.deepEqual(
      keys.filter((key) => ![...listed, ...sections].includes(key!)),
      [],
    );
  });
});
