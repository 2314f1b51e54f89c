// Runs the tests that need a real subtensor runtime, whose WASM BLOCKZERO_SUBTENSOR_RUNTIME names: `npm run test:subtensor`.
// Without one they are skipped: a runtime is another project's build output, which nothing here carries or fetches.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const runtime = process.env.BLOCKZERO_SUBTENSOR_RUNTIME;
if (!runtime) {
  console.log(
    "skipped: set BLOCKZERO_SUBTENSOR_RUNTIME to the WASM of a subtensor release or build (node_subtensor_runtime.compact.compressed.wasm)",
  );
  process.exit(0);
}
if (!existsSync(runtime)) {
  console.error(`✖ RUNTIME_NOT_FOUND ${runtime} → correct BLOCKZERO_SUBTENSOR_RUNTIME`);
  process.exit(2);
}

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const wanted = process.argv.slice(2);
const tests = readdirSync(join(root, "dist", "tests"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".runtime.js"))
  .filter((path) => existsSync(join(root, "tests", path.replace(/\.js$/, ".ts"))))
  .filter((path) => wanted.length === 0 || wanted.some((part) => path.includes(part)))
  .sort()
  .map((path) => relative(root, join(root, "dist", "tests", path)));

const flags = ["--enable-source-maps", "--test", "--test-concurrency=1", "--test-reporter=spec"];
process.exit(spawnSync(process.execPath, [...flags, ...tests], { cwd: root, stdio: "inherit" }).status ?? 1);
