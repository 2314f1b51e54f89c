import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { diskCheck, diskSpaceCheck } from "#shared/doctor/checks/disk.js";
import { limitsCheck } from "#shared/doctor/checks/limits.js";
import { memoryCheck } from "#shared/doctor/checks/memory.js";
import { nodeCheck } from "#shared/doctor/checks/node.js";
import { planCheck } from "#shared/doctor/checks/plan.js";
import { roomIn } from "#shared/doctor/disk-room.js";
import { thisMachine } from "#shared/doctor/machine.js";
import { temporaryFolder } from "../artifact/temporary.js";
import { findingIn } from "./support.js";

describe("checks of the machine", () => {
  it("Node is the recommended one, one that works, or too old", async (t) => {
    assert.equal((await findingIn(t, nodeCheck)).verdict, "ok");
    assert.equal((await findingIn(t, nodeCheck, { machine: { nodeVersion: "20.19.0" } })).verdict, "warning");
    assert.equal((await findingIn(t, nodeCheck, { machine: { nodeVersion: "18.0.0" } })).verdict, "failure");
  });

  it("memory is enough, little, or too little", async (t) => {
    const available = (bytes: number) => ({ machine: { memory: () => ({ total: 16e9, available: bytes }) } });
    assert.equal((await findingIn(t, memoryCheck, available(8e9))).verdict, "ok");
    assert.equal((await findingIn(t, memoryCheck, available(5e8))).verdict, "warning");
    const { verdict, says } = await findingIn(t, memoryCheck, available(1e8));
    assert.deepEqual([verdict, says], ["failure", "100.0 MB of 16.00 GB available"]);
  });

  it("a disk is full, slow, or cannot be written", async (t) => {
    assert.equal((await findingIn(t, diskCheck)).verdict, "ok");
    assert.equal((await findingIn(t, diskCheck, { machine: { freeSpace: async () => 1e6 } })).verdict, "failure");
    assert.equal((await findingIn(t, diskSpaceCheck, { machine: { freeSpace: async () => 1e9 } })).verdict, "warning");
    const slow = await findingIn(t, diskCheck, { machine: { writeSpeed: async () => 1e6 } });
    assert.match(slow.says, /takes 1\.0 MB a second$/);
    assert.equal(slow.verdict, "warning");
  });

  it("a checkpoint_dir below a file cannot be written", async (t) => {
    const file = join(temporaryFolder(t), "file");
    writeFileSync(file, "");
    const { freeSpace, writeSpeed } = thisMachine({});
    const given = { flags: { checkpoint_dir: join(file, "below") }, machine: { freeSpace, writeSpeed } };
    const { verdict, says, remedy } = await findingIn(t, diskCheck, given);
    assert.equal(verdict, "failure");
    assert.match(says, /cannot be (read|written): /);
    assert.match(remedy!, /checkpoint_dir/);
  });

  it("few open files, and addresses that WebAssembly does not get", async (t) => {
    const limits = (files: string, addresses = "unlimited") => ({
      limits: async () =>
        `Max open files            ${files}      4096      files\nMax address space         ${addresses}            unlimited            bytes`,
    });
    assert.equal((await findingIn(t, limitsCheck, { machine: limits("100") })).verdict, "failure");
    assert.equal((await findingIn(t, limitsCheck, { machine: limits("1023") })).verdict, "warning");
    assert.equal((await findingIn(t, limitsCheck, { machine: limits("unlimited") })).verdict, "ok");
    const narrow = limits("4096", "8000000000");
    assert.match((await findingIn(t, limitsCheck, { machine: narrow })).remedy!, /--disable-wasm-trap-handler/);
    const helped = { ...narrow, nodeOptions: () => "--disable-wasm-trap-handler" };
    assert.equal((await findingIn(t, limitsCheck, { machine: helped })).verdict, "ok");
  });

  it("a plan that does not fit", async (t) => {
    const plan = (memory: number, disk: number) => ({ about: { requirements: async () => ({ memory, disk }) } });
    assert.equal((await findingIn(t, planCheck, plan(1e9, 1e9))).verdict, "ok");
    assert.match((await findingIn(t, planCheck, plan(9e9, 1e9))).says, /only 8\.00 GB of memory are available$/);
    assert.match((await findingIn(t, planCheck, plan(1e9, 2e11))).says, /only 100\.00 GB are free$/);
    const later = (usedBelow: number) => ({
      ...plan(1e9, 60e9),
      machine: { freeSpace: async () => 42e9, usedBelow: async () => usedBelow },
    });
    assert.equal((await findingIn(t, planCheck, later(58e9))).verdict, "ok");
    assert.match(
      (await findingIn(t, planCheck, later(8e9))).says,
      /only 42\.00 GB are free, beside 8\.00 GB that it has$/,
    );
    assert.equal((await findingIn(t, planCheck, later(0))).verdict, "failure");
    const short = await findingIn(t, planCheck, plan(9e9, 1e9));
    assert.equal(short.verdict, "failure");
    assert.match(short.remedy!, /evaluation\.memory_gib.*blockzero-validator plan/);
    const miner = { about: { ...plan(9e9, 1e9).about, role: "miner" as const } };
    assert.match((await findingIn(t, planCheck, miner)).remedy!, /batch_size.*blockzero-miner plan/);
    assert.match((await findingIn(t, planCheck)).says, /^there is no plan for a program of your own$/);
  });

  it("this machine answers", async (t) => {
    const machine = thisMachine({});
    const { total, available } = machine.memory();
    assert.ok(available > 0 && available <= total);
    const folder = join(temporaryFolder(t), "not", "there", "yet");
    assert.ok((await machine.freeSpace(folder)) > 0);
    assert.ok((await machine.writeSpeed(folder)) > 0);
  });

  it("this machine says what a program's files take of its disk", async (t) => {
    const machine = thisMachine({});
    const dir = temporaryFolder(t);
    const [own, other] = [
      "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
      "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty",
    ];
    assert.equal((await roomIn(machine, join(dir, "none"))).used, 0);
    mkdirSync(join(dir, own, "blobs"), { recursive: true });
    writeFileSync(join(dir, own, "port"), "4711");
    writeFileSync(join(dir, own, "blobs", "one"), Buffer.alloc(1000));
    symlinkSync(join(dir, own), join(dir, own, "link"));
    assert.equal((await roomIn(machine, dir)).used, 1004);
    mkdirSync(join(dir, other));
    assert.equal((await roomIn(machine, dir)).used, 0);
  });
});
