import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { refuseEarly, refuseLate, refuseShort } from "#owner/publish/network-record.js";
import { ChainRejected } from "#shared/chain/writer/chain-rejected.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";

const phases = { distribute: 4, train: 20, commit: 3, reveal: 3, evaluate: 8, exchange: 4, choose: 12, merge: 6 };
const network = (first_cycle: number) => ({ netuid: 1, first_cycle, phases });

/** A chain whose subnet was made in the middle of cycle 2, and whose head is in cycle 5. */
const chain = (discarded = -1) => {
  const made = phaseWindow(2, "train", phases).end;
  const head = { number: phaseWindow(5, "train", phases).start, hash: "", timestamp: 0 };
  return {
    head: async () => head,
    metagraph: async (netuid: number, block = head.number) => {
      if (block <= discarded) throw new BlockZeroError("STATE_DISCARDED", "the state is gone", "ask an archive node");
      if (block < made) throw new ChainRejected("SubNetworkDoesNotExist", "there is no subnet 1");
      return { netuid, block, ownerHotkey: "owner", neurons: [] };
    },
  };
};

describe("a network's first cycle", { timeout: HANG_GUARD }, () => {
  it("may not have been over before the subnet was made", async () => {
    for (const cycle of [0, 1])
      await assert.rejects(refuseEarly(chain(), network(cycle)), { code: "NETWORK_BEGINS_EARLY" });
    for (const cycle of [2, 3, 5, 6, 100]) await refuseEarly(chain(), network(cycle));
  });

  it("is taken where the node no longer knows", () => refuseEarly(chain(100), network(0)));
});

describe("a change of the network file", { timeout: HANG_GUARD }, () => {
  const { start } = phaseWindow(6, "distribute", phases);
  const refused = { code: "NETWORK_CHANGE_LATE" };

  it("is not sent where the chain might take it up too late", () => {
    const short = (head: number, former: ReturnType<typeof network> | null = network(2)) =>
      refuseShort(network(6), former, head);
    // The block after the next is the last before the first cycle.
    short(start - 3);
    assert.throws(() => short(start - 2), refused);
    assert.throws(() => short(start + 100), refused);
    short(start + 100, null);
    short(start + 100, network(6));
  });

  it("takes no effect where the chain took it up too late", () => {
    refuseLate(network(6), network(2), start - 1);
    assert.throws(() => refuseLate(network(6), network(2), start), refused);
  });
});
