import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { SPRINT_CASES } from "#bench/sprint/cases.js";
import { measureSprint } from "#bench/sprint/measure.js";
import type { SprintPeer } from "#bench/sprint/peer.js";
import { peerFault } from "#bench/step/dropped.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";

const peer = (name: string, given: Partial<SprintPeer>): SprintPeer => ({
  name,
  prepare: async () => ({ batch: 1, sha256: "of other outputs" }),
  run: async () => ({ rate: 1, processor: 1 }),
  close: () => undefined,
  ...given,
});

test("bench sprint measures kernels and engine, tells a peer whose outputs differ, and leaves out one that fails", async () => {
  const folder = mkdtempSync(join(tmpdir(), "blockzero-bench-"));
  const failing = async () => {
    throw peerFault("it has no torch");
  };
  try {
    const measured = await measureSprint(
      { ...SPRINT_CASES[0]!, nonces: 512 },
      {
        device: onnxCpu({ threads: 1 }),
        threads: 1,
        peers: [peer("wrong", {}), peer("absent", { prepare: failing }), peer("dying", { run: failing })],
        folder,
        rounds: 1,
      },
    );
    assert.ok(measured.agrees);
    for (const rate of [measured.rate, measured.search, measured.engine, measured.checking]) assert.ok(rate > 0);
    assert.deepEqual(
      measured.peers.map((one) => ("reason" in one ? [one.name, one.reason] : [one.name, one.agrees, one.ratio])),
      [
        ["wrong, batch 1", false, measured.rate],
        ["absent", "it has no torch"],
        ["dying, batch 1", "it has no torch"],
      ],
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
