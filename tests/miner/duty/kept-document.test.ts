import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { markDuty } from "#miner/duty/mark.js";
import { publishDuty } from "#miner/duty/publish-duty.js";
import { sha256 } from "#shared/protocol/hash.js";
import { parseRecord } from "#shared/protocol/records.js";
import { sprintSchema, withDuty } from "#shared/protocol/sprint.js";
import { readSprintSeed } from "#shared/replay/evaluation-seeds.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { NETUID } from "#tests/support/micro-network.js";
import { openSprinter } from "#tests/support/sprint.js";
import { openSubnet } from "#tests/support/subnet.js";

const SPRINT = sprintSchema.parse({
  every: 1,
  dials: "tiny",
  duty: { tasks: 1, reputation: "corrected", verifiers: 0.5 },
});
const document = sha256(Buffer.from("a document of duty"));

describe("a document of duty that was signed before a restart", { timeout: HANG_GUARD }, () => {
  for (const isReplaced of [false, true])
    it(`is ${isReplaced ? "not put on chain where a fork replaced the block of its seed" : "put on chain"}`, async (t) => {
      const subnet = await openSubnet(t, { network: { sprint: SPRINT } });
      const ann = await openSprinter(subnet, "ann");
      await subnet.to(subnet.window(2, "distribute").start);
      const drawn = await readSprintSeed(subnet, { cycle: 1, purpose: "sprint-duty" });
      markDuty(ann, 1, { document, seed: isReplaced ? sha256(Buffer.from("a sibling")) : drawn });
      const published = publishDuty(ann, 1, withDuty(SPRINT)!);
      await subnet.to(subnet.window(2, "train").start - 1);
      if (!isReplaced) {
        await subnet.sent("ann", 1);
        await subnet.to(subnet.node.head.number + 1);
      }
      await published;
      const commitments = await subnet.chain.commitments(NETUID);
      const own = commitments.find(({ hotkey }) => hotkey === ann.participant.signer.address);
      const record = own && parseRecord(own.data);
      assert.equal(record?.ok && record.value.type === "duty" ? record.value.duty : null, isReplaced ? null : document);
      const coded = ann.participant.lines.filter(({ fields }) => fields?.code === "SPRINT_SEED_REPLACED");
      assert.equal(coded.length, isReplaced ? 1 : 0);
    });
});
