import assert from "node:assert/strict";
import { it } from "node:test";
import type { Metagraph } from "#shared/chain/chain.js";
import { rememberedState } from "#shared/replay/remembered-state.js";

const chainWith = (isThere: () => boolean, hashOf = (block: number) => `${block}`.repeat(64)) => {
  let reads = 0;
  const read = async <T>(value: T): Promise<T> => {
    reads++;
    if (!isThere()) throw new Error("the state is discarded");
    return value;
  };
  const metagraph = (netuid: number, at = 9): Promise<Metagraph> =>
    read({ netuid, block: at, ownerHotkey: "", neurons: [] });
  const chain = {
    metagraph,
    commitments: () => read([]),
    timestamp: (block: number) => read(1000 * block),
    blockHash: async (block: number) => hashOf(block),
    pulse: () => read(null),
  };
  return { chain, reads: () => reads };
};

it("what was read of a past state is known when the node has discarded it, and the present is always read anew", async () => {
  let isThere = true;
  const { chain, reads } = chainWith(() => isThere);
  const first = rememberedState(chain);
  assert.equal((await first.metagraph(1, 5)).block, 5);
  assert.equal(await first.timestamp(5), 5000);
  await Promise.all([first.commitments(1, 5), first.commitments(1, 5)]);
  assert.equal(reads(), 3);
  await first.metagraph(1);
  await first.metagraph(1);
  assert.equal(reads(), 5);
  isThere = false;
  const later = rememberedState(chain);
  assert.deepEqual([(await later.metagraph(1, 5)).block, await later.timestamp(5), reads()], [5, 5000, 5]);
  await assert.rejects(later.metagraph(1, 6));
  isThere = true;
  assert.equal((await later.metagraph(1, 6)).block, 6);
});

it("what was read of a block that a fork replaced is read anew", async () => {
  let hash = "1".repeat(64);
  const { chain, reads } = chainWith(
    () => true,
    (block) => (block === 5 ? hash : "0".repeat(64)),
  );
  const remembering = rememberedState(chain);
  const readAll = () =>
    Promise.all([4, 5].flatMap((at) => [remembering.metagraph(1, at), remembering.commitments(1, at)]));
  await readAll();
  await readAll();
  assert.equal(reads(), 4);
  hash = "2".repeat(64);
  await readAll();
  assert.equal(reads(), 6);
});
