import assert from "node:assert/strict";
import { it } from "node:test";
import { rememberedChain } from "#inspect/dashboard/remembered-chain.js";
import type { Chain } from "#shared/chain/chain.js";

it("a past state is read once, the newest each time, a failure again, and nothing is ever written", async () => {
  const asked: string[] = [];
  let isDown = true;
  const node = {
    metagraph: async (netuid: number, at?: number) => {
      asked.push(`metagraph ${at}`);
      return { netuid, block: at ?? 9, ownerHotkey: "", neurons: [] };
    },
    commitments: async () => {
      asked.push("commitments");
      if (isDown) throw new Error("down");
      return [];
    },
  } as unknown as Chain;
  const { chain, reads } = rememberedChain(node, () => 2);
  await Promise.all([chain.metagraph(1, 5), chain.metagraph(1, 5), chain.metagraph(1), chain.metagraph(1)]);
  assert.deepEqual([asked, reads()], [["metagraph 5", "metagraph undefined", "metagraph undefined"], 3]);
  await assert.rejects(chain.commitments(1, 5));
  isDown = false;
  assert.deepEqual([await chain.commitments(1, 5), reads()], [[], 5]);
  // Two answers are kept: the oldest is read again.
  await chain.metagraph(1, 6);
  await chain.metagraph(1, 5);
  assert.equal(reads(), 7);
  await assert.rejects(chain.submit({} as never, {} as never), { code: "USAGE" });
});
