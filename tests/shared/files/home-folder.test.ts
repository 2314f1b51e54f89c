import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { lockHome } from "#shared/files/home-lock.js";
import { coded } from "#tests/support/coded.js";
import { temporaryFolder } from "../artifact/temporary.js";

const drop = ["--reuid", "54321", "--regid", "54321", "--clear-groups", "env", "-u", "HOME"];
const canDrop = process.platform === "linux" && spawnSync("setpriv", [...drop, "true"]).status === 0;

it("a user whom the system does not know, without HOME: a fault that names what helps", {
  skip: canDrop ? false : "this user cannot become another",
}, () => {
  const module = new URL("../../../shared/files/home-folder.js", import.meta.url).href;
  const script = `import(${JSON.stringify(module)}).then(({ homeFolder }) => homeFolder()).catch((e) => { console.log(e.code, e.hint); });`;
  const { stdout } = spawnSync("setpriv", [...drop, process.execPath, "-e", script], { encoding: "utf8" });
  assert.match(stdout, /^HOME_UNKNOWN .*wallet\.path/);
});

it("a home that cannot be made is a fault with its path", (t) => {
  const file = join(temporaryFolder(t), "file");
  writeFileSync(file, "");
  assert.throws(
    () => lockHome(join(file, "home"), () => {}),
    coded("FILE_UNWRITABLE", /home cannot be written: ENOTDIR/),
  );
  const folder = join(temporaryFolder(t), "read-only");
  mkdirSync(folder);
  chmodSync(folder, 0o500);
  // Whom no mode stops, as root, can write there.
  if (process.getuid?.() !== 0)
    assert.throws(() => lockHome(join(folder, "home"), () => {}), coded("FILE_UNWRITABLE", /EACCES/));
});
