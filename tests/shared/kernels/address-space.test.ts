import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { it } from "node:test";

const kernels = new URL("../../../shared/kernels/vector-memory.js", import.meta.url).href;
const script = `import(${JSON.stringify(kernels)}).then(({ allocateVectors }) => { allocateVectors([16], 4); console.log("allocated"); }).catch((e) => { console.log(e.code, e.hint); });`;

const under = (options: string) =>
  spawnSync("sh", ["-c", `ulimit -v 8000000 && exec "$0" ${options} -e "$1"`, process.execPath, script], {
    encoding: "utf8",
  }).stdout;

it("a limit on addresses is named with the option that helps, and the option helps", {
  skip: process.platform === "linux" ? false : "only Linux limits addresses so",
}, () => {
  // From version 24 on Node goes without the handler by itself.
  assert.match(under(""), /^(KERNEL_MEMORY .*`ulimit -v`.*--disable-wasm-trap-handler|allocated\n$)/);
  assert.equal(under("--disable-wasm-trap-handler"), "allocated\n");
});
