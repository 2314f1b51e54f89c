import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { openHome } from "#localnet/home.js";
import { coded } from "#tests/support/coded.js";
import { temporaryFolder } from "../shared/artifact/temporary.js";

it("a localnet's home: the last run's deletion is said first; a file and what no localnet made are refused", (t) => {
  const folder = temporaryFolder(t);
  const home = join(folder, "home");
  const said: string[] = [];
  openHome(home, (line) => said.push(line))();
  assert.equal(said.length, 0);
  mkdirSync(join(home, "logs"));
  openHome(home, (line) => {
    assert.ok(existsSync(join(home, "logs")));
    said.push(line);
  })();
  assert.ok(!existsSync(join(home, "logs")));
  assert.match(said.join("\n"), /^the last run in .*home is deleted/);

  const file = join(folder, "file");
  writeFileSync(file, "");
  assert.throws(() => openHome(file, () => {}), coded("HOME_NOT_EMPTY", /is a file$/));
  const foreign = join(folder, "foreign");
  mkdirSync(join(foreign, "photos"), { recursive: true });
  assert.throws(() => openHome(foreign, () => {}), coded("HOME_NOT_EMPTY"));
});
