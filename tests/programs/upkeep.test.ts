import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { createHotkey } from "#shared/wallet/index.js";
import { temporaryFolder } from "../shared/artifact/temporary.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { run } from "./process.js";

test("a version is compared with a note that its publisher signed", { timeout: HANG_GUARD }, async (t) => {
  const cwd = temporaryFolder(t);
  const { address } = await createHotkey(
    { path: join(cwd, "wallets"), name: "release", hotkey: "key" },
    { seed: new Uint8Array(32).fill(9) },
  );
  const sign = (version: string) => {
    const args = ["scripts/sign-release.mjs", version, "new", "Faster.", join(cwd, "wallets"), "release", "key"];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    assert.equal(status, 0, stderr);
    writeFileSync(join(cwd, "release.json"), stdout);
  };
  const check = (...more: readonly string[]) =>
    run("blockzero", ["version", "--check", "release.json", ...more], { cwd });
  sign("99.0.0");
  const newer = await check("--key", address, "--json");
  assert.equal(newer.status, 1, newer.stderr);
  const { newest, isNewer, protocol, version } = JSON.parse(newer.stdout);
  assert.deepEqual([newest, isNewer, protocol], ["99.0.0", true, "new"]);
  sign(version);
  const same = await check("--key", address);
  assert.equal(same.status, 0, same.stderr);
  assert.match(same.stdout, /^answer +this is the newest$/m);
  const other = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
  assert.match(
    (await check("--key", other)).stderr,
    /^✖ RELEASE_NOTE_INVALID the release note is not signed by 5Grwva/,
  );
  assert.match((await check()).stderr, /^✖ RELEASE_KEY_MISSING /);
});

test("a home is backed up and restored by commands", { timeout: HANG_GUARD }, async (t) => {
  const cwd = temporaryFolder(t);
  const home = join(cwd, "checkpoints", "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY");
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, "port"), "4711");
  const backup = await run("blockzero", ["backup", "--out", "kept"], { cwd });
  assert.match(backup.stdout, /^backup +kept\n(.+\n)+keys +not in it: /);
  const restored = await run("blockzero", ["restore", "--from", "kept", "--checkpoint-dir", "elsewhere", "--json"], {
    cwd,
  });
  assert.equal(JSON.parse(restored.stdout).files.length, 1, restored.stderr);
  const again = await run("blockzero", ["restore", "--from", "kept", "--checkpoint-dir", "elsewhere"], { cwd });
  assert.match(again.stderr, /^✖ RESTORE_OCCUPIED /);
});

/** What a unit may write beside its own folders where one of them is among the machine's temporary files. */
const sharedBy = (path: string): string => (/^(\/var)?\/tmp\//.test(path) ? " /tmp /var/tmp" : "");

test("a unit is printed of a configuration, with the folders that it names", { timeout: HANG_GUARD }, async (t) => {
  const cwd = temporaryFolder(t);
  writeFileSync(
    join(cwd, "miner.yaml"),
    "expert_group: math\ndevice: cpu\nwallet: { path: ./wallets }\nstore: directory:./archive\ncheckpoint_dir: ./home\n",
  );
  const args = ["service", "install", "--role", "miner", "--config", "miner.yaml", "--user", "daemon", "--print"];
  const { status, stdout, stderr } = await run("blockzero", args, { cwd });
  assert.equal(status, 0, stderr);
  assert.match(
    stdout,
    new RegExp(`^ReadWritePaths=${cwd}/home ${cwd}/keys-in-use ${cwd}/archive${sharedBy(cwd)}$`, "m"),
  );
  assert.match(stdout, new RegExp(`miner/main\\.js --config ${cwd}/miner\\.yaml$`, "m"));
  assert.match(stdout, /^User=daemon$/m);
  const isTemporary = sharedBy(cwd) !== "";
  assert.match(stdout, new RegExp(`^PrivateTmp=${isTemporary ? "no" : "yes"}$`, "m"));
  assert.equal(stderr.trim().split("\n")[0], isTemporary ? stderr.trim() : "", "one line");
  if (isTemporary) assert.ok(stderr.startsWith(`${cwd}/miner.yaml is among the machine's temporary files`), stderr);
  writeFileSync(join(cwd, "wallets.yaml"), "expert_group: math\ndevice: cpu\nwallet: { path: /tmp/wallets }\n");
  const wallets = await run("blockzero", args.with(5, "wallets.yaml"), { cwd });
  assert.match(wallets.stdout, /^PrivateTmp=no$/m);
});

test("a unit is made of the settings that the program will find in .env beside its file", {
  timeout: HANG_GUARD,
}, async (t) => {
  const [cwd, folder] = [temporaryFolder(t), temporaryFolder(t)];
  writeFileSync(join(folder, "miner.yaml"), "device: cpu\n");
  writeFileSync(
    join(folder, ".env"),
    [
      "BLOCKZERO_EXPERT_GROUP=math",
      "BLOCKZERO_CHECKPOINT_DIR=big",
      "BLOCKZERO_WALLET_PATH=keys/wallets",
      "BLOCKZERO_STORE=directory:/mnt/share",
      "BLOCKZERO_DEVICE=auto",
    ].join("\n"),
  );
  // What the installing user has in the environment the unit has not.
  writeFileSync(join(cwd, ".env"), "BLOCKZERO_CHECKPOINT_DIR=elsewhere\n");
  const args = ["service", "install", "--role", "miner", "--config", join(folder, "miner.yaml"), "--user", "daemon"];
  const { status, stdout, stderr } = await run("blockzero", [...args, "--print"], { cwd });
  assert.equal(status, 0, stderr);
  assert.match(
    stdout,
    new RegExp(`^ReadWritePaths=${folder}/big ${folder}/keys/keys-in-use /mnt/share${sharedBy(folder)}$`, "m"),
  );
  assert.match(stdout, /^PrivateDevices=no$/m);
  writeFileSync(join(folder, ".env"), Uint8Array.of(0xc3));
  assert.match(
    (await run("blockzero", [...args, "--print"], { cwd })).stderr,
    /^✖ ENV_FILE_MALFORMED .*\.env is neither/,
  );
});

test("a unit may write where the program will, whoever installs it from wherever", {
  timeout: HANG_GUARD,
}, async (t) => {
  const cwd = temporaryFolder(t);
  const config = join(temporaryFolder(t), "miner.yaml");
  writeFileSync(config, "expert_group: math\ndevice: cpu\n");
  const args = ["service", "install", "--role", "miner", "--config", config, "--user", "daemon", "--print"];
  const { status, stdout, stderr } = await run("blockzero", args, { cwd, env: { HOME: cwd } });
  assert.equal(status, 0, stderr);
  const [, home = cwd] = /^daemon(?::[^:]*){4}:([^:]+)/m.exec(readFileSync("/etc/passwd", "utf8")) ?? [];
  const keys = join(home, ".bittensor", "keys-in-use");
  assert.ok(
    stdout.includes(`\nReadWritePaths=${join(dirname(config), "checkpoints")} ${keys}${sharedBy(config)}\n`),
    stdout,
  );
});
