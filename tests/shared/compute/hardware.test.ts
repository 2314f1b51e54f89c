import assert from "node:assert/strict";
import { it } from "node:test";
import { minerSettings } from "#miner/config.js";
import { ownHardware } from "#miner/sprint/own-hardware.js";
import { readSearchSeconds, seenHardware } from "#shared/compute/hardware.js";
import { loadConfig } from "#shared/config/load.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { sprintSchema } from "#shared/protocol/sprint.js";
import { hardwareSchema, hardwareWord } from "#shared/sprint/proof/hardware.js";
import { HEAD_BYTES } from "#shared/sprint/proof/head.js";
import { encodeWinners, parseWinners, signWinners } from "#shared/sprint/proof/winners.js";
import { template } from "../../support/micro-network.js";
import { device } from "../../support/updates.js";
import { devSigner } from "../protocol/keys.js";

const sprint = sprintSchema.parse({ every: 4, dials: "real" });
const machine = { processor: "AMD EPYC", threads: 16, device: "onnxruntime-cpu" };

it("a class is by measured operations a second; what a host says of itself is flagged where it is far from it", () => {
  // 4.83 GFLOP a nonce.
  const seen = (speed: number, hardware: typeof machine | null) =>
    seenHardware({ measured: 600 * speed, seconds: 600 }, sprint, hardware);
  const honest = seen(100, machine);
  assert.deepEqual(
    [honest.measured, honest.reported, honest.report, honest.isFar],
    ["processor", "processor", "agrees", false],
  );
  assert.ok(Math.abs(honest.speed / 1e9 - 483) < 1);
  const boaster = seen(5, { ...machine, threads: 0, device: "onnxruntime-cuda" });
  assert.deepEqual([boaster.measured, boaster.report, boaster.isFar], ["small processor", "above", true]);
  const modest = seen(80_000, machine);
  assert.deepEqual([modest.measured, modest.report, modest.isFar], ["server card", "below", true]);
  assert.deepEqual([seen(5, null).report, seen(5, null).isFar], ["unknown", false]);
});

it("the seconds of a search are those of its blocks; a chain that no longer has them says so by null", async () => {
  const network = { ...template, genesis: "0".repeat(64), first_cycle: 0, sprint };
  const read = (timestamp: (block: number) => Promise<number>) =>
    readSearchSeconds({ chain: { timestamp }, network } as unknown as Parameters<typeof readSearchSeconds>[0], 4);
  // The evaluate phase has four blocks, two of which are the record's.
  assert.equal(await read(async (block) => 12_000 * block), 24);
  assert.equal(await read(() => Promise.reject(new BlockZeroError("STATE_DISCARDED", "gone", "ask an archive"))), null);
  await assert.rejects(
    read(() => Promise.reject(new Error("no connection"))),
    /no connection/,
  );
});

it("a proof names the machine in words that fit its head, where the operator allows it", async () => {
  const arithmetic = async () => ({ device, threads: 2 });
  const compute = (report: boolean) =>
    loadConfig(minerSettings, { env: {}, flags: { expert_group: "math", "compute.report_hardware": report } }).compute;
  assert.deepEqual(await ownHardware({ config: { compute: compute(false) }, arithmetic }), {});
  const { hardware } = await ownHardware({ config: { compute: compute(true) }, arithmetic });
  assert.ok(hardwareSchema.safeParse(hardware).success, JSON.stringify(hardware));
  assert.deepEqual([hardware?.threads, hardware?.device], [2, device.name]);
  assert.equal(hardwareWord('"Intel\u00ae\\ Xeon\u0007"'), "Intel Xeon");
  assert.equal(hardwareWord("\u00ae"), "unknown");
  const long = "x".repeat(64);
  assert.equal(hardwareWord(`${long}y`), long);
  const widest = { processor: long, threads: 65_536, device: long };
  const of = { network: "7".repeat(64), cycle: 2 ** 32 - 1, difficulty: 900, nonces: 2 ** 48 - 2, wins: [] };
  const bytes = encodeWinners(await signWinners({ ...of, hardware: widest }, devSigner("//Alice")));
  assert.ok(bytes.length <= HEAD_BYTES, `${bytes.length}`);
  const parsed = parseWinners(bytes);
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.value.hardware, widest);
  assert.ok(!hardwareSchema.safeParse({ ...widest, processor: 'a"b' }).success);
});
