// Runs the compiled tests with Node's own runner: `node scripts/test.mjs [--unit] [--long] [name part ...]`; with --unit only those of no whole
// program. Files named `*.long.test.ts` take long: they run with --long, then without the others, or where a part of their name is given.
// Unit tests first, three processes at a time, each with the tests of a room or of several small ones; then those of whole
// programs, two files at a time; then the end-to-end runs, which want the machine to themselves, one by one.
// Only tests whose TypeScript source still exists run, so a deleted test does not live on in dist/.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
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

const compiled = join(root, "dist", "tests");
const rooms = join(compiled, "rooms");

/** Test files that a process takes at least: starting one, with all that it imports, costs as much as most files' tests. Long ones are worth their own. */
const FILES_OF_A_PROCESS = 12;

/** Processes that run unit tests. A quarter of its time each waits, most of it for files, so two leave two processors idle. */
const UNIT_PROCESSES = 3;

/** Files that import the tests of a room, or of several small ones, one after the other; the one with the most first. */
const byRoom = (paths) => {
  if (paths.length === 0) return [];
  rmSync(rooms, { recursive: true, force: true });
  mkdirSync(rooms, { recursive: true });
  const files = new Map();
  for (const path of paths) {
    const [top, room] = path.split(/[\\/]/);
    // Tests that lie in no folder are a room by themselves.
    const name = room === undefined ? "top" : room.endsWith(".js") ? top : `${top}-${room}`;
    files.set(name, [...(files.get(name) ?? []), path]);
  }
  const processes = [];
  for (const [name, members] of files) {
    const last = processes.at(-1);
    if (last && !longOnly && last.members.length < FILES_OF_A_PROCESS) last.members.push(...members);
    else processes.push({ name, members: [...members] });
  }
  return processes
    .sort((a, b) => b.members.length - a.members.length)
    .map(({ name, members }) => {
      const lines = members.map((path) => `await import(${JSON.stringify(`../${path.replaceAll("\\", "/")}`)});\n`);
      writeFileSync(join(rooms, `${name}.test.js`), lines.join(""));
      return join(basename(rooms), `${name}.test.js`);
    });
};

const run = (paths, concurrency) => {
  if (paths.length === 0) return 0;
  const files = paths.map((path) => relative(root, join(compiled, path)));
  const flags = ["--enable-source-maps", "--test", `--test-concurrency=${concurrency}`, "--test-reporter=spec"];
  return spawnSync(process.execPath, [...flags, ...files], { cwd: root, stdio: "inherit" }).status ?? 1;
};

process.exit(
  run(byRoom(tests.filter(isUnit)), UNIT_PROCESSES) ||
    run(
      tests.filter((path) => folderOf(path) === "programs"),
      2,
    ) ||
    run(
      tests.filter((path) => folderOf(path) === "e2e"),
      1,
    ),
);
