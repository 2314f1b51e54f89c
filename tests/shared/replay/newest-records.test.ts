import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Commitment } from "#shared/chain/chain.js";
import { createRandom } from "#shared/data/random.js";
import { cycleLength } from "#shared/protocol/phases.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { agreedModel } from "#shared/protocol/voting/agreement.js";
import { votingStakes } from "#shared/protocol/voting/voting-stake.js";
import { lastModelBlock, modelRecordsOf } from "#shared/replay/agreed-outcome.js";
import { newestRecords } from "#shared/replay/newest-records.js";
import { template } from "../../support/micro-network.js";

const networkHash = "3".repeat(64);
const later = "4".repeat(64);
const former = "5".repeat(64);
const network = { ...template, genesis: "0".repeat(64) };
const context = { network, networkHash };
/** The same file, as one that succeeds another from cycle 6 on. */
const succeeding = { ...network, first_cycle: 6, succeeds: { network: former, origin: former } };
const hashOf = (letter: string) => letter.repeat(64);

const modelOf = (cycle: number, letter: string, file = networkHash) =>
  encodeRecord({
    type: "model",
    network: shortHash(file),
    cycle,
    model: hashOf(letter),
    location: "http://127.0.0.1:1",
  });
const heldOf = (cycle: number, file = networkHash) =>
  encodeRecord({ type: "held", network: shortHash(file), cycle, held: [] });

type Records = Readonly<Record<string, readonly [block: number, data: string]>>;

const stateOf = (stakes: Readonly<Record<string, number>>, records: Records) => ({
  metagraph: {
    neurons: Object.entries(stakes).map(([hotkey, stake]) => ({ hotkey, stake: BigInt(stake), validatorPermit: true })),
  },
  commitments: Object.entries(records).map(([hotkey, [block, data]]): Commitment => ({ hotkey, block, data })),
});

const said = (stakes: Readonly<Record<string, number>>, records: Records, cycle: number, files: string[] = []) =>
  newestRecords(stateOf(stakes, records) as never, context, files)(cycle);

describe("what newest records say of a past cycle's model", () => {
  const decided = lastModelBlock(3, network);
  const stakes = { vera: 40, vito: 40, vic: 20 };

  it("is the model that a majority still names, and none where too few have written since to have named one", () => {
    const named = { vera: [decided, modelOf(3, "a")], vito: [decided - 1, modelOf(3, "a")] } as const;
    assert.deepEqual(said(stakes, named, 3), { agreed: hashOf("a") });
    assert.deepEqual(said(stakes, { ...named, vic: [decided + 50, heldOf(5)] }, 3), { agreed: hashOf("a") });
    assert.deepEqual(said(stakes, named, 4), { agreed: null }, "nobody has written since that could have named one");
    assert.deepEqual(said(stakes, {}, 3), { agreed: null }, "nor has anybody in a new network");
    const early = lastModelBlock(3, network) - 20;
    const down = { vera: [early, heldOf(3)], vito: [early, heldOf(3)], vic: [decided + 50, heldOf(5)] } as const;
    assert.deepEqual(said(stakes, down, 3), { agreed: null }, "20 of 100 alone have named none");
  });

  it("is unknown where those who have written since may have named one", () => {
    const late = [decided + 1, modelOf(3, "b")] as const;
    assert.equal(said(stakes, { vera: late, vito: late }, 3), null, "one block too late");
    const down = [decided - 20, heldOf(3)] as const;
    assert.equal(said(stakes, { vera: [decided + 50, heldOf(5)], vito: down, vic: [decided + 9, heldOf(4)] }, 3), null);
    const one = [decided, modelOf(3, "a")] as const;
    assert.equal(
      said(stakes, { vera: one, vito: down, vic: [decided + 9, heldOf(4)] }, 3),
      null,
      "a needs vic's stake",
    );
  });

  it("takes those for silent whose records were too old then, whatever they wrote for a later cycle in advance", () => {
    const cycle = 30;
    const block = lastModelBlock(cycle, network);
    const old = [100, heldOf(4)] as const;
    assert.deepEqual(said(stakes, { vera: [block, modelOf(cycle, "a")], vito: old, vic: old }, cycle), {
      agreed: hashOf("a"),
    });
    assert.deepEqual(
      said({ ...stakes, vera: 10 }, { vera: [block, modelOf(cycle, "a")], vito: old, vic: old }, cycle),
      {
        agreed: null,
      },
    );
    const ahead = [100, heldOf(9999)] as const;
    assert.deepEqual(said(stakes, { vera: [block, modelOf(cycle, "a")], vito: ahead }, cycle), { agreed: hashOf("a") });
  });

  it("counts who has gone over to a file that succeeds this one among those who may have named one", () => {
    const over = [decided + 60, heldOf(6, later)] as const;
    assert.equal(said(stakes, { vera: over, vito: over }, 3, [later]), null);
    assert.deepEqual(said(stakes, { vera: over, vito: over }, 3), { agreed: null }, "another network's say nothing");
  });

  it("counts who has not gone over to a file that succeeds another, in its first cycles", () => {
    const saying = (cycle: number, records: Records) =>
      newestRecords(stateOf({ vera: 40, vito: 39, vic: 21 }, records) as never, { network: succeeding, networkHash })(
        cycle,
      );
    const end = lastModelBlock(6, network);
    const named = { vera: [end, modelOf(6, "a")], vito: [end, modelOf(6, "b")] } as const;
    assert.deepEqual(
      saying(6, { ...named, vic: [end - 22, heldOf(5, former)] }),
      { agreed: null },
      "40 of 100 is too little",
    );
    assert.deepEqual(saying(6, named), { agreed: hashOf("a") }, "who has no record at all is no validator");
    assert.equal(
      saying(6, { ...named, vic: [end + 9, heldOf(7, former)] }),
      null,
      "it may have been under this file then",
    );
    const last = lastModelBlock(14, network);
    const later = { vera: [last, modelOf(14, "a")], vito: [last, modelOf(14, "b")] } as const;
    assert.deepEqual(saying(14, { ...later, vic: [last - 9, heldOf(13, former)] }), { agreed: hashOf("a") });
  });

  it("does not count who was left behind by an earlier change, in a later one", () => {
    const end = lastModelBlock(20, network);
    const file = { ...succeeding, first_cycle: 20 };
    const gone = (under: string) => {
      const records: Records = { vera: [end, modelOf(20, "a")], vito: [100, heldOf(5, under)] };
      return newestRecords(stateOf({ vera: 20, vito: 80 }, records) as never, { network: file, networkHash })(20);
    };
    assert.deepEqual(gone("6".repeat(64)), { agreed: hashOf("a") });
    assert.deepEqual(gone(former), { agreed: null }, "20 of 100 is no quorum");
  });

  it("is never another one than the states say, in random histories", () => {
    const random = createRandom("newest records");
    const counts = { named: 0, none: 0, unknown: 0 };
    for (let run = 0; run < 800; run++) {
      const file = run % 2 === 0 ? network : succeeding;
      const names = Array.from({ length: 1 + random.below(5) }, (_, i) => `v${i}`);
      const held = Object.fromEntries(names.map((name) => [name, 1 + random.below(60)]));
      const away = new Map(names.map((name) => [name, [random.below(40), random.below(30)] as const]));
      const over = new Map(names.map((name) => [name, run % 2 === 0 ? 0 : 5 + random.below(12)]));
      const latest: Record<string, readonly [number, string]> = {};
      const truth = new Map<number, string | null>();
      const cycles = 4 + random.below(26);
      const end = lastModelBlock(cycles, network) + random.below(30);
      for (let block = 1; block <= end; block++) {
        const cycle = Math.floor(block / cycleLength(network.phases));
        for (const name of names) {
          const [from, length] = away.get(name)!;
          if (cycle >= from && cycle < from + length) continue;
          if (random.below(9) !== 0) continue;
          const under = cycle < over.get(name)! ? former : networkHash;
          const past = Math.max(0, cycle - random.below(2));
          const data =
            random.below(3) > 0
              ? modelOf(past, random.below(5) > 0 ? "a" : "b", under)
              : random.below(12) > 0
                ? heldOf(cycle, under)
                : heldOf(cycle + random.below(20), under);
          latest[name] = [block, data];
        }
        for (const decided of [cycle - 1, cycle])
          if (decided >= file.first_cycle && lastModelBlock(decided, network) === block) {
            const { metagraph, commitments } = stateOf(held, latest);
            const voters = votingStakes(
              { neurons: metagraph.neurons, commitments },
              { networkHash, cycle: decided, network: file },
            );
            truth.set(decided, agreedModel(modelRecordsOf(decided, commitments, context), voters));
          }
      }
      const say = newestRecords(stateOf(held, latest) as never, { network: file, networkHash });
      for (const [cycle, agreed] of truth) {
        const answer = say(cycle);
        if (answer !== null) assert.deepEqual(answer, { agreed }, `cycle ${cycle} of run ${run}`);
        counts[answer === null ? "unknown" : answer.agreed === null ? "none" : "named"]++;
      }
    }
    for (const [what, count] of Object.entries(counts)) assert.ok(count > 20, `${what}: ${count}`);
  });
});
