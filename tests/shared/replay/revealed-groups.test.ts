import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Commitment } from "#shared/chain/chain.js";
import { sha256 } from "#shared/protocol/hash.js";
import { networkHash } from "#shared/protocol/network.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { revealedGroups } from "#shared/replay/revealed-groups.js";
import { template } from "../../support/micro-network.js";

const network = { ...template, genesis: "0".repeat(64) };
const hash = networkHash(network);
const reveal = phaseWindow(3, "reveal", network.phases);
const artifact = sha256(Buffer.from("an update"));

const revealed = (hotkey: string, group: string, change: { cycle?: number; block?: number; of?: string } = {}) => ({
  hotkey,
  data: encodeRecord({
    type: "reveal",
    network: shortHash(change.of ?? hash),
    cycle: change.cycle ?? 3,
    group,
    artifact,
    location: "http://127.0.0.1:9000",
  }),
  block: change.block ?? reveal.start,
});

const groupsAt = async (block: number, commitments: readonly Commitment[]) => {
  const asked: (number | undefined)[] = [];
  const chain = {
    commitments: async (_netuid: number, at?: number) => {
      asked.push(at);
      return commitments;
    },
  };
  return { groups: await revealedGroups({ chain, network, networkHash: hash }, block), asked };
};

describe("the expert groups that hotkeys revealed", () => {
  it("are those of the last cycle whose reveal phase is over", async () => {
    const commitments = [revealed("ann", "math"), revealed("bob", "prose")];
    const { groups, asked } = await groupsAt(reveal.end - 1, commitments);
    assert.deepEqual(Object.fromEntries(groups), { ann: "math", bob: "prose" });
    assert.deepEqual(asked, [reveal.end - 1]);
    const before = await groupsAt(reveal.end - 2, commitments);
    assert.deepEqual(before.asked, [phaseWindow(2, "reveal", network.phases).end - 1]);
    assert.equal(before.groups.size, 0, "those are of another cycle");
  });

  it("are not what somebody makes up", async () => {
    const { groups } = await groupsAt(reveal.end, [
      revealed("late", "math", { block: reveal.end }),
      revealed("past", "math", { cycle: 2 }),
      revealed("elsewhere", "math", { of: "f".repeat(64) }),
      revealed("poet", "poetry"),
      revealed("proto", "constructor"),
      { hotkey: "noise", data: "hello", block: reveal.start },
    ]);
    assert.equal(groups.size, 0);
  });

  it("are none before the first cycle has revealed", async () => {
    assert.deepEqual(await groupsAt(0, []), { groups: new Map(), asked: [] });
  });
});
