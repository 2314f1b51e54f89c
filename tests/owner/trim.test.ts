import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { remove, unneededFolders } from "#owner/trim.js";
import { temporaryFolder } from "../shared/artifact/temporary.js";

const MACHINES = ["darwin/arm64", "linux/arm64", "linux/x64", "win32/x64"];

const installation = (t: TestContext) => {
  const folder = temporaryFolder(t);
  const [runtime, recordings] = [join(folder, "onnxruntime-node"), join(folder, "types-support")];
  for (const path of [
    ...MACHINES.map((machine) => join(runtime, "bin", "napi-v6", machine)),
    join(recordings, "metadata", "v14"),
  ]) {
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, "file"), "12345");
  }
  writeFileSync(join(recordings, "package.json"), "{}");
  return { runtime, recordings };
};

describe("trimming an installation", () => {
  it("deletes other machines' libraries and other chains' metadata, and nothing else", (t) => {
    const { runtime, recordings } = installation(t);
    const found = unneededFolders({ platform: "linux", arch: "x64" }, runtime, recordings);
    assert.deepEqual(
      found.map(({ bytes, why }) => [why, bytes]),
      [
        ["ONNX Runtime for darwin, arm64", 5],
        ["ONNX Runtime for linux, arm64", 5],
        ["ONNX Runtime for win32, x64", 5],
        ["recorded metadata of other chains", 5],
      ],
    );
    remove(found);
    for (const machine of MACHINES)
      assert.equal(existsSync(join(runtime, "bin", "napi-v6", machine, "file")), machine === "linux/x64", machine);
    assert.ok(existsSync(join(recordings, "package.json")));
    assert.deepEqual(unneededFolders({ platform: "linux", arch: "x64" }, runtime, recordings), []);
  });

  it("leaves a runtime alone that has nothing for this machine, and packages that are not there", (t) => {
    const { runtime } = installation(t);
    assert.deepEqual(unneededFolders({ platform: "sunos", arch: "x64" }, runtime, null), []);
    assert.deepEqual(unneededFolders({ platform: "linux", arch: "x64" }, null, null), []);
  });

  it("finds the packages that are installed here", () => {
    const paths = unneededFolders().map(({ path }) => path);
    assert.ok(paths.some((path) => path.includes(join("onnxruntime-node", "bin"))));
    assert.ok(paths.some((path) => path.endsWith(join("@polkadot", "types-support", "metadata"))));
  });
});
