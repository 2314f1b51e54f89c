// Runs what must give the same bits on every machine under another Node, the one of another kind of processor that BLOCKZERO_FOREIGN_NODE
// names, perhaps with the emulator before it: `npm run test:foreign`. Without one it is skipped: nothing here carries or fetches one.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const foreign = (process.env.BLOCKZERO_FOREIGN_NODE ?? "").split(/\s+/).filter((word) => word !== "");
if (foreign.length === 0) {
  console.log(
    "skipped: set BLOCKZERO_FOREIGN_NODE to the Node 20 of another processor, e.g. `qemu-aarch64 -L <folder> <folder>/usr/bin/node`",
  );
  process.exit(0);
}

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const VECTORS = [
  "shared/artifact/codec/codecs",
  "shared/tensor-files/safetensors",
  "shared/kernels/vector-memory",
  "shared/sprint/exact/vectors",
  "shared/protocol/documents",
  "shared/protocol/records",
  "shared/protocol/request",
  "shared/protocol/voting/tally",
  "shared/rewards/pay",
  "shared/scoring/racing/race",
  "shared/merge/robust/merge-robustly",
].map((name) => join(root, "dist", "tests", `${name}.test.js`));

const [own, theirs] = [[process.execPath], foreign].map(([program, ...before]) => ({
  read(...args) {
    const { status, stdout, error } = spawnSync(program, [...before, ...args], { cwd: root, encoding: "utf8" });
    if (status === 0) return stdout.trimEnd();
    console.error(
      `✖ FOREIGN_NODE_FAILED ${program} ${error?.message ?? `ended with ${status}`} → correct BLOCKZERO_FOREIGN_NODE`,
    );
    process.exit(2);
  },
  run: (...args) => spawnSync(program, [...before, ...args], { cwd: root, stdio: "inherit" }).status ?? 1,
}));

const kindOf = ({ read }) => read("-p", 'process.arch + ", Node " + process.version');
const bits = join(root, "dist", "tests", "foreign", "bits.js");
console.log(`here ${kindOf(own)}; there ${kindOf(theirs)}`);
const there = theirs.read(bits).split("\n");
let differing = 0;
for (const [i, line] of own.read(bits).split("\n").entries()) {
  if (line !== there[i]) differing++;
  console.log(`${line === there[i] ? "✔" : "✖"} ${line}${line === there[i] ? "" : `, there ${there[i]}`}`);
}
if (differing > 0) {
  console.error(`✖ BITS_DIFFER ${differing} digests are other ones there → find the operation that is not exact`);
  process.exit(1);
}
for (const file of VECTORS) {
  if (!existsSync(file)) throw new Error(`${file} is not built, or has moved`);
  // Each by itself: under an emulator that is quicker than the runner's own processes.
  const status = theirs.run("--test-reporter=spec", file);
  if (status !== 0) process.exit(status);
}
