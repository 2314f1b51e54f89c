import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { packageInfo } from "#shared/cli/package-info.js";
import { nodeProblem } from "#shared/cli/require-node.js";

describe("the Node that a program needs", () => {
  it("is the package's floor or later", () => {
    for (const version of ["20.19.0", "20.20.2", "22.0.0", "24.22.3", "100.0.0"])
      assert.equal(nodeProblem(version, ">=20.19"), null, version);
    for (const version of ["20.18.3", "19.99.0", "18.20.4", "12.22.12"])
      assert.equal(
        nodeProblem(version, ">=20.19"),
        `✖ NODE_TOO_OLD this is Node ${version}, and BlockZero needs 20.19 or later → install Node 24, the one that is recommended`,
      );
    assert.equal(nodeProblem(process.versions.node, packageInfo.engines.node), null);
  });

  it("is checked before any other module of a program is read", () => {
    const importsOf = (file: string) =>
      [...readFileSync(`dist/${file}`, "utf8").matchAll(/^import .* from "(.*)";$/gm)].map(([, from]) => from);
    for (const program of ["cli", "miner", "validator"])
      assert.deepEqual(importsOf(`${program}/main.js`), ["../shared/cli/require-node.js"]);
    assert.deepEqual(importsOf("shared/cli/require-node.js"), ["./package-info.js"]);
    assert.deepEqual(importsOf("shared/cli/package-info.js"), ["node:fs"]);
  });
});
