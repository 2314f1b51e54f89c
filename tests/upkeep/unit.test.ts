import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { temporaryPaths, type UnitOptions, unitText } from "#upkeep/service/unit.js";
import { temporaryFolder } from "../shared/artifact/temporary.js";
import { coded } from "../support/coded.js";

const options: UnitOptions = {
  role: "miner",
  node: process.execPath,
  program: "/opt/blockzero/dist/miner/main.js",
  config: "/etc/blockzero/miner.yaml",
  folder: "/var/lib/blockzero",
  writable: ["/var/lib/blockzero/checkpoints", "/var/lib/blockzero/keys-in-use"],
  user: "daemon",
  devices: false,
};

const analyze = (...args: readonly string[]) => spawnSync("systemd-analyze", args, { encoding: "utf8" });
const hasSystemd = analyze("--version").error === undefined;

describe("a systemd unit", () => {
  it("starts the program and may write to its own folders alone", () => {
    const lines = unitText(options).split("\n");
    for (const line of [
      `ExecStart=${process.execPath} /opt/blockzero/dist/miner/main.js --config /etc/blockzero/miner.yaml`,
      "User=daemon",
      "ProtectSystem=strict",
      "ReadWritePaths=/var/lib/blockzero/checkpoints /var/lib/blockzero/keys-in-use",
      "PrivateDevices=yes",
      "WantedBy=multi-user.target",
    ])
      assert.ok(lines.includes(line), line);
    assert.ok(unitText({ ...options, devices: true }).includes("\nPrivateDevices=no\n"));
  });

  it("of a user's own manager asks for nothing that needs rights", () => {
    const lines = unitText({ ...options, user: undefined }).split("\n");
    for (const line of ["NoNewPrivileges=yes", "SystemCallFilter=@system-service", "WantedBy=default.target"])
      assert.ok(lines.includes(line), line);
    const beyond =
      /^(User|CapabilityBoundingSet|AmbientCapabilities|Protect\w+|ReadWritePaths|Private\w+|RemoveIPC|Wants|After)=/;
    assert.deepEqual(
      lines.filter((line) => beyond.test(line)),
      [],
    );
  });

  it("refuses paths that systemd would read otherwise", () => {
    for (const config of [
      "/etc/two words.yaml",
      "/etc/%h.yaml",
      "relative.yaml",
      "/etc/a\nExecStartPre=/bin/evil",
      "/etc/$HOME",
    ])
      assert.throws(() => unitText({ ...options, config }), coded("UNIT_PATH_INVALID"), config);
  });

  it("sees its own files also where they are among the machine's temporary ones", () => {
    assert.deepEqual(temporaryPaths(options), []);
    assert.match(unitText(options), /^PrivateTmp=yes$/m);
    assert.deepEqual(temporaryPaths({ ...options, config: "/tmpfiles/miner.yaml", folder: "/var/tmps" }), []);
    const given = [
      { config: "/tmp/miner.yaml" },
      { folder: "/tmp" },
      { writable: ["/var/lib/a", "/var/tmp/keys"] },
      { read: ["/tmp/wallets"] },
      { program: "/tmp/blockzero/main.js" },
    ];
    for (const one of given) {
      assert.equal(temporaryPaths({ ...options, ...one }).length, 1, JSON.stringify(one));
      assert.match(
        unitText({ ...options, ...one }),
        /^ReadWritePaths=.* \/tmp \/var\/tmp\nPrivateTmp=no$/m,
        JSON.stringify(one),
      );
    }
  });

  it("is valid to systemd, which rates its exposure as low, where it is installed", (t) => {
    if (!hasSystemd) return t.diagnostic("systemd-analyze is not here");
    const file = join(temporaryFolder(t), "blockzero-miner.service");
    writeFileSync(file, unitText(options));
    const { status, stdout, stderr } = analyze("verify", "--man=no", file);
    assert.deepEqual([status, stdout, stderr], [0, "", ""]);
    const rated = analyze("security", "--offline=yes", "--threshold=25", "--no-pager", file);
    assert.equal(rated.status, 0, rated.stdout);
  });
});
