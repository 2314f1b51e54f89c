// Brings a fresh clone to a built tree: packages from the lock file (install scripts off), then the compiler.
// Both steps are skipped when nothing they depend on has changed, so every command may begin with this one. Last, what deleted or moved sources
// left in dist/ goes: a package is made of dist/ as it is.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const stamp = join(root, "node_modules", ".blockzero-lock");

const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const [[major, minor], [leastMajor, leastMinor]] = [process.versions.node, engines.node.replace(/^\D*/, "")].map(
  (version) => version.split(".").map(Number),
);
if (major < leastMajor || (major === leastMajor && minor < leastMinor)) {
  console.error(
    `✖ NODE_TOO_OLD this is Node ${process.versions.node}, and BlockZero needs ${leastMajor}.${leastMinor} or later → install Node 24`,
  );
  process.exit(2);
}

const run = (what, command, args) => {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ["ignore", 2, 2] });
  if (status !== 0) {
    console.error(`✖ SETUP_FAILED ${what} failed${error ? `: ${error.message}` : ""}; the lines above say why`);
    process.exit(2);
  }
};

const lock = createHash("sha256")
  .update(readFileSync(join(root, "package-lock.json")))
  .digest("hex");

if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== lock) {
  console.error("• installing packages from the lock file (install scripts off)");
  run("npm ci", process.platform === "win32" ? "npm.cmd" : "npm", ["ci", "--ignore-scripts", "--loglevel=error"]);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, lock);
}

const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
// What runs in a browser is compiled by itself: it sees a page's names, not Node's.
for (const project of [root, join(root, "owner", "rewards", "page"), join(root, "inspect", "dashboard", "page")])
  run("the compiler", process.execPath, [compiler, "-p", project]);

const dist = join(root, "dist");
for (const path of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
  const module = path.replace(/\.(js|js\.map|d\.ts)$/, "");
  if (module !== path && !existsSync(join(root, `${module}.ts`))) rmSync(join(dist, path));
}
