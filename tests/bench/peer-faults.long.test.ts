import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { findPeers } from "#bench/step/find-peers.js";
import { materialOf } from "#bench/step/material.js";
import { type Measurement, measure } from "#bench/step/measure.js";
import { type Peer, startPeer } from "#bench/step/peer.js";
import { describeCase } from "#bench/step/report.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { compiled } from "#tests/support/compiled.js";
import { fakePython } from "./fake-python.js";
import { tinyCase } from "./tiny-case.js";

const MACHINE = { processor: "Some processor (family 25, model 17)" };

const main = compiled("bench/main.js");

let folder: string;
const running: Peer[] = [];
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "blockzero-bench-test-"));
});
after(async () => {
  for (const peer of running) peer.close();
  await rm(folder, { recursive: true, force: true });
});

const peerWith = async (fault: string): Promise<Peer> => {
  const python = await fakePython(folder, fault);
  const peer = await startPeer({ python, mode: "eager", device: "cpu", threads: 1 });
  running.push(peer);
  return peer;
};

describe("a peer", () => {
  const faults = [
    ["error", "RuntimeError: out of memory"],
    ["exit", "MemoryError"],
    ["silence", "it ended with status 3"],
    ["killed", "it was ended by SIGKILL"],
    ["babble", 'it answered "Downloading kernels"'],
  ] as const;

  for (const [fault, reason] of faults)
    test(`says what was wrong each time it is asked: ${fault}`, async () => {
      const peer = await peerWith(`multiply ${fault} 2`);
      assert.deepEqual(await peer.multiply(8, 2), [0.01, 0.01]);
      for (let again = 0; again < 2; again++)
        await assert.rejects(peer.multiply(8, 2), { code: "BENCH_PEER", message: reason });
    });

  test("goes on after an error that it answered", async () => {
    const peer = await peerWith("prepare error 1");
    await assert.rejects(peer.prepare(tinyCase, materialOf(tinyCase, 1), folder), { code: "BENCH_PEER" });
    assert.equal((await peer.multiply(8, 3)).length, 3);
  });

  test("that refuses at once is not left running", async () => {
    const pythons = [await fakePython(folder, "hello error 1")];
    const { peers, refusals } = await findPeers({ pythons, compiled: true, device: "gpu", threads: 1 });
    assert.deepEqual(peers, []);
    assert.deepEqual(refusals, [{ python: pythons[0], reason: "RuntimeError: out of memory" }]);
  });
});

describe("measure, with a peer that fails", () => {
  const device = onnxCpu({ threads: 1 });
  const options = { device, threads: 1, steps: 20, leakSteps: 0, profile: "never" } as const;
  const name = "PyTorch 2.15.0 eager";
  const measureBeside = async (peers: readonly Peer[]): Promise<Measurement> => {
    const own = await mkdtemp(join(folder, "case-"));
    const measurement = await measure(tinyCase, { ...options, peers, folder: own });
    assert.equal(measurement.ours.losses.length, 25, "all steps of ours were taken");
    return measurement;
  };

  test("leaves it out with its reason, and keeps the others'", async () => {
    const faults = [
      "prepare error 1",
      "prepare killed 1",
      "run silence 1",
      "run exit 3",
      "run babble 5",
      "processor error 2",
    ];
    const peers = [];
    for (const fault of [...faults, ""]) peers.push(await peerWith(fault));
    const measurement = await measureBeside(peers);
    assert.deepEqual(
      measurement.dropped,
      [
        "RuntimeError: out of memory",
        "it was ended by SIGKILL",
        "it ended with status 3",
        "MemoryError",
        'it answered "Downloading kernels"',
        "RuntimeError: out of memory",
      ].map((reason) => ({ name, reason })),
    );
    const [well] = measurement.peers;
    assert.deepEqual([measurement.peers.length, well?.losses.length, well?.median], [1, 25, 10]);
    const text = describeCase(measurement, MACHINE);
    for (const { reason } of measurement.dropped) assert.ok(text.includes(`  ${name} is left out: ${reason}`), reason);
  });

  test("leaves it out of later cases too where it is dead, and tries it again where it is not", async () => {
    const [dead, unable] = [await peerWith("run killed 2"), await peerWith("prepare error 2")];
    const first = await measureBeside([dead, unable]);
    assert.deepEqual(first.dropped, [{ name, reason: "it was ended by SIGKILL" }]);
    assert.equal(first.peers.length, 1);
    const second = await measureBeside([dead, unable]);
    assert.deepEqual(second.peers, []);
    assert.deepEqual(second.dropped, [
      { name, reason: "it was ended by SIGKILL" },
      { name, reason: "RuntimeError: out of memory" },
    ]);
  });

  test("keeps its steps where it cannot multiply, before the race or after it", async () => {
    for (const [fault, libraries] of [
      ["multiply error 1", ["blockzero"]],
      ["multiply error 5", ["blockzero", "PyTorch 2.15.0"]],
    ] as const) {
      const measurement = await measureBeside([await peerWith(fault)]);
      assert.deepEqual(measurement.dropped, []);
      assert.equal(measurement.peers.length, 1);
      assert.deepEqual(
        measurement.peak.by.map((side) => side.name),
        libraries,
      );
      assert.deepEqual(measurement.peak.dropped, [{ name: "PyTorch 2.15.0", reason: "RuntimeError: out of memory" }]);
      assert.ok(Number.isFinite(measurement.shareOfPeak));
      assert.match(describeCase(measurement, MACHINE), /PyTorch 2\.15\.0 failed at it: RuntimeError: out of memory/);
    }
  });
});

describe("npm run bench -- step", () => {
  test("has written what it measured when it dies in a later case", async () => {
    const json = join(folder, "step.json");
    const pythons = [await fakePython(folder, "run exit 2"), await fakePython(folder, "prepare murder 2")];
    const flags = ["--case", "forward", "sequence-512", "--steps", "20", "--threads", "1", "--python", ...pythons];
    const env = { ...process.env, TMPDIR: folder };
    const signal = await new Promise((resolve) =>
      execFile(process.execPath, [main, "step", ...flags, "--json", json], { env }, (error) => resolve(error?.signal)),
    );
    assert.equal(signal, "SIGKILL");
    const { cases } = JSON.parse(await readFile(json, "utf8"));
    assert.equal(cases.length, 1);
    assert.equal(cases[0].name, "forward");
    assert.ok(cases[0].ours.median > 0);
    assert.deepEqual(cases[0].dropped, [{ name: "PyTorch 2.15.0 eager", reason: "MemoryError" }]);
    assert.equal(cases[0].peers.length, 1);
  });
});
