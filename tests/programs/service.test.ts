import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../shared/artifact/temporary.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { run } from "./process.js";

test("a service is installed, looked at and uninstalled", { timeout: HANG_GUARD }, async (t) => {
  const cwd = temporaryFolder(t);
  const bin = join(cwd, "bin");
  mkdirSync(bin);
  writeFileSync(join(cwd, "miner.yaml"), "expert_group: math\ndevice: cpu\nwallet: { path: ./wallets }\n");
  const script = (name: string, ...lines: readonly string[]) => {
    const file = join(bin, name);
    writeFileSync(file, ["#!/bin/sh", ...lines].join("\n"));
    chmodSync(file, 0o755);
  };
  /** A systemctl that writes down what it is asked, and answers with these lines of a shell. */
  const systemctl = (...lines: readonly string[]) =>
    script("systemctl", `echo "$@" >> ${join(cwd, "asked")}`, ...lines);
  const service = (action: string, ...more: readonly string[]) =>
    run("blockzero", ["service", action, "--role", "miner", "--user-unit", ...more], {
      cwd,
      env: { PATH: `${bin}:/usr/bin:/bin`, HOME: cwd },
    });
  const unit = join(cwd, ".config/systemd/user/blockzero-miner.service");

  systemctl('echo "Failed to connect to bus: No medium found" >&2', "exit 1");
  const absent = await service("install", "--config", "miner.yaml");
  assert.match(absent.stderr, /^✖ SERVICE_MANAGER_MISSING systemd does not run here: Failed to connect to bus/);
  assert.ok(!existsSync(unit), "nothing is left where no systemd runs");
  assert.match((await service("uninstall")).stderr, /^✖ SERVICE_UNKNOWN there is no /);

  systemctl("exit 0");
  const unknown = await run(
    "blockzero",
    ["service", "install", "--role", "miner", "--config", "miner.yaml", "--user", "nobody-of-this-name"],
    { cwd, env: { PATH: `${bin}:/usr/bin:/bin`, HOME: cwd } },
  );
  assert.match(unknown.stderr, /^✖ SERVICE_FAILED the system has no user "nobody-of-this-name" → .*useradd/);
  assert.ok(!existsSync(join(cwd, "checkpoints")), "no folder is made for nobody");

  script("loginctl", "echo Linger=no");
  systemctl("echo ActiveState=activating; echo SubState=auto-restart; echo ExecMainStatus=218");
  const ended = await service("install", "--config", "miner.yaml");
  assert.match(ended.stderr, /it stops when .+ logs out → once: loginctl enable-linger /);
  assert.match(
    ended.stderr,
    /✖ SERVICE_FAILED blockzero-miner\.service does not stay up: activating\/auto-restart, status 218; .+ → see journalctl --user -fu /,
  );
  assert.equal(ended.status, 2);

  script("loginctl", "echo Linger=yes");
  systemctl("echo ActiveState=active; echo SubState=running; echo ExecMainStatus=0");
  const installed = await service("install", "--config", "miner.yaml");
  assert.equal(installed.status, 0, installed.stderr);
  assert.doesNotMatch(installed.stderr, /logs out/);
  assert.match(readFileSync(unit, "utf8"), /^NoNewPrivileges=yes$/m);
  const asked = readFileSync(join(cwd, "asked"), "utf8").trim().split("\n").slice(-3, -1);
  assert.deepEqual(asked, [
    "--user --no-pager daemon-reload",
    "--user --no-pager enable --now blockzero-miner.service",
  ]);

  systemctl("echo ActiveState=failed; echo ExecMainStatus=2");
  const failed = await service("status", "--json");
  assert.equal(failed.status, 1);
  assert.deepEqual(JSON.parse(failed.stdout), {
    unit: "blockzero-miner.service",
    ActiveState: "failed",
    ExecMainStatus: "2",
  });

  systemctl('echo "Unit is masked." >&2', "exit 1");
  assert.match((await service("uninstall")).stderr, /^✖ SERVICE_FAILED systemctl disable .+: Unit is masked\. →/);
  systemctl("exit 0");
  assert.equal((await service("uninstall")).status, 0);
  assert.ok(!existsSync(unit));
});

test("a .env that is a folder is said", { timeout: HANG_GUARD }, async (t) => {
  const cwd = temporaryFolder(t);
  mkdirSync(join(cwd, ".env"));
  const { status, stderr } = await run("blockzero", ["version"], { cwd });
  assert.match(stderr, /^✖ ENV_FILE_UNREADABLE \.env: /);
  assert.equal(status, 2);
});
