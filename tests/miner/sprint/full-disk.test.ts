import assert from "node:assert/strict";
import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { proveNonces } from "#miner/sprint/prove-nonces.js";
import { runSprint } from "#miner/sprint/run-sprint.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { PREFIX_BLOCKS, prefixWindows } from "#shared/protocol/prefix-windows.js";
import { DIGEST_BYTES, LEAF_DIGESTS } from "#shared/sprint/proof/nonces-tree.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { FLOAT_PHASES, FLOAT_SPRINT, openSprinter, SPRINT } from "#tests/support/sprint.js";
import { openSubnet, until } from "#tests/support/subnet.js";

it("a disk that is full once a record of first nonces is on chain costs a miner no Sprint", {
  timeout: HANG_GUARD,
}, async (t) => {
  const subnet = await openSubnet(t, { network: { sprint: FLOAT_SPRINT, phases: FLOAT_PHASES } });
  const ann = await openSprinter(subnet, "ann");
  const { journal, participant } = ann;
  const difficulty = 8;
  journal.update((value) => ({ ...value, cycles: { 1: { sprint: { difficulty } } } }));
  const sprint = () => journal.value.cycles[1]!.sprint!;
  const proving = proveNonces(ann, { cycle: 1, difficulty, inputs: "ab".repeat(32) });
  t.after(() => proving.close());
  const compute = () => proving.take({ wins: [], digests: Buffer.alloc(LEAF_DIGESTS * DIGEST_BYTES) });
  const recording = proving.record();
  const [first, second] = prefixWindows(1, subnet.network);
  compute();
  await subnet.to(first.end - PREFIX_BLOCKS);
  await until(t, () => sprint().prefixes?.length === 1);
  await subnet.sent("ann", 1);
  const blocked = `${join(participant.home, "miner.json")}.tmp`;
  mkdirSync(blocked);
  await subnet.to(first.end - PREFIX_BLOCKS + 1);
  await until(t, () => sprint().recorded === 1);
  rmdirSync(blocked);
  compute();
  await subnet.to(second.end - PREFIX_BLOCKS);
  await subnet.sent("ann", 2);
  await subnet.to(second.end - PREFIX_BLOCKS + 1);
  await recording;
  assert.deepEqual(
    [sprint().recorded, sprint().prefixes?.map(({ nonces }) => nonces)],
    [2, [LEAF_DIGESTS, 2 * LEAF_DIGESTS]],
  );
});

it("a disk that is full in the block before a Sprint, and when its proof is stored, costs a miner no Sprint and nothing that it found", {
  timeout: HANG_GUARD,
}, async (t) => {
  const subnet = await openSubnet(t, { network: { sprint: SPRINT } });
  const ann = await openSprinter(subnet, "ann");
  let [notes, stores] = [0, 0];
  const journal: typeof ann.journal = {
    get value() {
      return ann.journal.value;
    },
    note: ann.journal.note,
    update: (change) => {
      notes++;
      if (notes === 1) throw Object.assign(new Error("no space left on device"), { code: "ENOSPC", syscall: "write" });
      ann.journal.update(change);
    },
  };
  const put: typeof ann.participant.blobs.put = async (bytes) => {
    stores++;
    if (stores === 1) throw new BlockZeroError("STORE_FAILED", "no space left on device", "free some");
    await ann.participant.blobs.put(bytes);
  };
  let isLate = false;
  const timer = { blockTime: () => 1, expected: () => (isLate ? Number.NaN : undefined) };
  const participant = { ...ann.participant, blobs: { ...ann.participant.blobs, put } };
  const proving = runSprint({ ...ann, participant, journal, timer }, 1, SPRINT);
  const { start } = subnet.window(1, "distribute");
  await until(t, () => notes === 1);
  await subnet.to(start);
  await subnet.sent("ann", 1);
  const evaluate = subnet.window(1, "evaluate");
  await subnet.to(evaluate.start);
  await until(t, () => ann.batches() >= 1);
  isLate = true;
  await until(t, () => stores === 1);
  const head = subnet.node.head.number;
  await subnet.to(head + 1);
  await subnet.sent("ann", 2);
  await subnet.to(head + 2);
  await proving;
  const { entered, committed, nonces } = ann.journal.value.cycles[1]!.sprint!;
  assert.deepEqual([entered, committed], [start + 1, head + 2]);
  assert.ok(nonces! > 0);
});
