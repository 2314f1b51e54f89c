import assert from "node:assert/strict";
import { it } from "node:test";
import { seedBeacon } from "#owner/network/seed-beacon.js";
import { beaconWindows } from "#shared/beacon/windows.js";
import { QUICKNET } from "#shared/chain/timelock/beacon.js";
import { networkHash, networkSchema } from "#shared/protocol/network.js";
import { PHASES, template } from "../../support/micro-network.js";

it("contributions are timed so that seals open after the commit phase and before the deciding block, at the chain's pace", () => {
  const lengths = [
    PHASES,
    { ...PHASES, train: 100, commit: 10, reveal: 20 },
    { ...PHASES, train: 2, commit: 1, reveal: 1 },
  ];
  for (const phases of lengths)
    for (const blockTime of [1, 6, 12]) {
      const { contributions } = seedBeacon(
        { beacon: { ...QUICKNET, period: 1 }, blockTime },
        { contributions: phases },
      );
      const { sealing, holding, deciding } = beaconWindows(1, phases);
      const opens = (sealing.start - 1) * blockTime + contributions!.rounds;
      assert.ok(opens > (holding.end - 1) * blockTime && opens <= deciding * blockTime, `${opens}`);
      const latest = opens - contributions!.margin;
      assert.ok(latest >= sealing.end - 1, "the last block for seals is in time");
      const { lead = 0 } = contributions!;
      const last = Math.ceil(opens / blockTime) - 1 - lead;
      const most = Math.min(2, phases.commit);
      assert.ok(last >= holding.start + most - 1, "held records have two blocks");
      assert.equal(lead, phases.commit > 2 ? 2 : 0);
    }
});

it("a network file without contributions keeps its hash, and one with them has another", () => {
  const at = { beacon: QUICKNET, blockTime: 12 };
  const of = (beacon: unknown) => networkHash(networkSchema.parse({ ...template, beacon, genesis: "0".repeat(64) }));
  const plain = seedBeacon(at);
  assert.equal(
    Object.hasOwn(
      networkSchema.parse({ ...template, beacon: plain, genesis: "0".repeat(64) }).beacon!,
      "contributions",
    ),
    false,
  );
  assert.notEqual(of(plain), of(seedBeacon(at, { contributions: PHASES })));
});
