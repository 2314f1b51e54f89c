import assert from "node:assert/strict";
import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { proveNonces } from "#miner/sprint/prove-nonces.js";
import { PREFIX_BLOCKS, prefixWindows } from "#shared/protocol/prefix-windows.js";
import { DIGEST_BYTES, LEAF_DIGESTS } from "#shared/sprint/proof/nonces-tree.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { FLOAT_PHASES, FLOAT_SPRINT, openSprinter } from "#tests/support/sprint.js";
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
