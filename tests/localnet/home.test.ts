import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { openHome } from "#localnet/home.js";
import { endLeftOver } from "#localnet/left-over.js";
import { coded } from "#tests/support/coded.js";
import { temporaryFolder } from "../shared/artifact/temporary.js";

const ignored = () => {};

it("a localnet's home: the last run's deletion is said first; a file and what no localnet made are refused", async (t) => {
  const folder = temporaryFolder(t);
  const home = join(folder, "home");
  const said: string[] = [];
  (await openHome(home, (line) => said.push(line), ignored))();
  assert.equal(said.length, 0);
  mkdirSync(join(home, "logs"));
  const say = (line: string) => {
    assert.ok(existsSync(join(home, "logs")));
    said.push(line);
  };
  const release = await openHome(home, say, ignored);
  release();
  assert.ok(!existsSync(join(home, "logs")));
  assert.match(said.join("\n"), /^the last run in .*home is deleted/);

  const file = join(folder, "file");
  writeFileSync(file, "");
  await assert.rejects(openHome(file, ignored, ignored), coded("HOME_NOT_EMPTY", /is a file$/));
  const foreign = join(folder, "foreign");
  mkdirSync(join(foreign, "photos"), { recursive: true });
  await assert.rejects(openHome(foreign, ignored, ignored), coded("HOME_NOT_EMPTY"));
});

it("what a killed localnet left running is ended, and nobody else", { skip: !existsSync("/proc/self") }, async (t) => {
  const home = join(temporaryFolder(t), "home");
  mkdirSync(join(home, "pids"), { recursive: true });
  const sleeper = async (...args: readonly string[]) => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000); console.log()", ...args]);
    t.after(() => child.kill("SIGKILL"));
    await once(child.stdout, "data");
    return child;
  };
  const left = await sleeper(join(home, "configs", "prose-1.yaml"));
  const other = await sleeper(`${home}-of-another/configs/prose-1.yaml`);
  for (const [name, pid] of Object.entries({ "prose-1": left.pid, "prose-2": other.pid, gone: 2 ** 22 + 1 }))
    writeFileSync(join(home, "pids", name), `${pid}\n`);
  const said: string[] = [];
  const ended = once(left, "exit");
  const impatient = { graceMs: 0, killedMs: 0, kill: () => {} };
  await assert.rejects(
    endLeftOver(home, () => {}, impatient),
    coded("HOME_IN_USE", /prose-1 .* still there/),
  );
  await endLeftOver(home, (line) => said.push(line), { graceMs: 0 });
  assert.equal((await ended)[1], "SIGKILL");
  assert.deepEqual([other.exitCode, other.signalCode], [null, null]);
  assert.match(said.join("\n"), /waiting for prose-1 to end\nprose-1 \(process \d+\) is killed$/);
});
