import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runSprint } from "#miner/sprint/run-sprint.js";
import { parseRecord } from "#shared/protocol/records.js";
import { seedBlocks } from "#shared/protocol/seed.js";
import { coded } from "#tests/support/coded.js";
import { forked } from "#tests/support/forked.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { NETUID } from "#tests/support/micro-network.js";
import { openSprinter, SPRINT } from "#tests/support/sprint.js";
import { openSubnet, until } from "#tests/support/subnet.js";

describe("a Sprint whose seed a fork replaced", { timeout: HANG_GUARD }, () => {
  for (const purpose of ["sprint-network", "sprint-inputs"] as const)
    it(`is not proven by the block of ${purpose} that is gone: to everybody else its wins are none`, async (t) => {
      const subnet = await openSubnet(t, { network: { sprint: SPRINT } });
      const ann = await openSprinter(subnet, "ann");
      let isReplaced = false;
      const { deciding } = seedBlocks(1, purpose, subnet.network);
      const miner = { ...ann, participant: forked(ann.participant, deciding, () => isReplaced) };
      const refused = assert.rejects(runSprint(miner, 1, SPRINT), coded("SPRINT_SEED_REPLACED", new RegExp(purpose)));
      await subnet.sent("ann", 1);
      await subnet.to(subnet.window(1, "distribute").start);
      const evaluate = subnet.window(1, "evaluate");
      await subnet.to(evaluate.start);
      await until(t, () => ann.batches() >= 1);
      isReplaced = true;
      await subnet.to(evaluate.end - 1);
      await refused;
      const commitments = await subnet.chain.commitments(NETUID);
      const own = commitments.find(({ hotkey }) => hotkey === ann.participant.signer.address);
      const record = parseRecord(own?.data ?? "");
      assert.ok(record.ok);
      assert.equal(record.value.type, "enter");
      assert.equal(ann.journal.value.cycles[1]!.sprint!.proof, undefined);
    });
});
