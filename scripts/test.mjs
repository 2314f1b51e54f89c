// Runs the compiled tests with Node's own runner: `node scripts/test.mjs [--unit] [--long] [name part ...]`; with --unit only those of no whole
// program. Files named `*.long.test.ts` take long: they run with --long, then without the others, or where a part of their name is given.
// Unit tests first, two files at a time; then those of whole programs; then the end-to-end runs, which want the machine to themselves, one by one.
// Only tests whose TypeScript source still exists run, so a deleted test does not live on in dist/.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const given = process.argv.slice(2);
const unitOnly = given.includes("--unit");
const longOnly = given.includes("--long");
const wanted = given.filter((argument) => !argument.startsWith("--"));
const folderOf = (path) => path.split(/[\\/]/)[0];
const isUnit = (path) => !["programs", "e2e"].includes(folderOf(path));

const tests = readdirSync(join(root, "dist", "tests"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".test.js"))
  .filter((path) => existsSync(join(root, "tests", path.replace(/\.js$/, ".ts"))))
  .filter((path) => !unitOnly || isUnit(path))
  .filter((path) =>
    wanted.length === 0 ? path.endsWith(".long.test.js") === longOnly : wanted.some((part) => path.includes(part)),
  )
  .sort();

if (tests.length === 0) {
  console.error("✖ NO_TESTS no test matches; name a part of a path under tests/");
  process.exit(2);
}

const run = (paths, concurrency) => {
  if (paths.length === 0) return 0;
  const files = paths.map((path) => relative(root, join(root, "dist", "tests", path)));
  const flags = ["--enable-source-maps", "--test", `--test-concurrency=${concurrency}`, "--test-reporter=spec"];
  return spawnSync(process.execPath, [...flags, ...files], { cwd: root, stdio: "inherit" }).status ?? 1;
};

process.exit(
  run(tests.filter(isUnit), 2) ||
    run(
      tests.filter((path) => folderOf(path) === "programs"),
      2,
    ) ||
    run(
      tests.filter((path) => folderOf(path) === "e2e"),
      1,
    ),
);
