// Runs the unit tests with another Node: `npm run test:node -- 24 [name part ...]`. That Node comes from the npm registry, as its package for
// this platform (install scripts off), into `.blockzero/node/<version>`, and is taken from there the next time.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const [version = "", ...wanted] = process.argv.slice(2);

const fail = (message) => {
  console.error(`✖ ${message}`);
  process.exit(2);
};
if (!/^\d+(\.\d+){0,2}$/.test(version))
  fail("USAGE no version of Node was named → npm run test:node -- 24 [part of a test's path ...]");

const isWindows = process.platform === "win32";
const name = `node-${isWindows ? "win" : process.platform}-${process.arch}`;
const folder = join(root, ".blockzero", "node", version);
const node = join(folder, "node_modules", name, "bin", isWindows ? "node.exe" : "node");

if (!existsSync(node)) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), "{}\n");
  const args = ["install", "--ignore-scripts", "--no-package-lock", "--loglevel=error", `${name}@${version}`];
  const { status } = spawnSync(isWindows ? "npm.cmd" : "npm", args, { cwd: folder, stdio: ["ignore", 2, 2] });
  if (status !== 0 || !existsSync(node))
    fail(`NODE_NOT_FETCHED ${name}@${version} is not to be had → name another version, or look at the lines above`);
}

spawnSync(node, ["-p", '"Node " + process.version'], { stdio: ["ignore", 2, 2] });
const { status } = spawnSync(node, [join(root, "scripts", "test.mjs"), "--unit", ...wanted], {
  cwd: root,
  stdio: "inherit",
});
process.exit(status ?? 1);
