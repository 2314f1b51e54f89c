// Makes a site of docs/, with a search that works offline: `npm run docs:site [-- --serve]`. VitePress comes from the npm registry into
// `.blockzero/site` (install scripts off), and is taken from there the next time. Nothing else of this software needs it.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const VERSION = "1.6.4";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const home = join(root, ".blockzero", "site");
const vitepress = join(home, VERSION, "node_modules", "vitepress", "bin", "vitepress.js");

const run = (command, args, cwd) => spawnSync(command, args, { cwd, stdio: "inherit" }).status ?? 1;

if (!existsSync(vitepress)) {
  const folder = join(home, VERSION);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), "{}\n");
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const args = ["install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"];
  if (run(npm, [...args, `vitepress@${VERSION}`], folder) !== 0 || !existsSync(vitepress)) {
    console.error(`✖ VITEPRESS_NOT_FETCHED vitepress@${VERSION} is not to be had → look at the lines above`);
    process.exit(2);
  }
}

const status = run(process.execPath, [vitepress, "build", "docs"], root);
if (status !== 0) process.exit(status);
console.log(`the site lies in ${relative(root, join(home, "pages"))}; any web server serves it`);
if (process.argv.includes("--serve"))
  process.exit(run(process.execPath, [vitepress, "preview", "docs", "--host", "127.0.0.1"], root));
