import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { factLines, factsOf } from "#owner/network/network-facts.js";
import { checkWorkable } from "#owner/network/network-limits.js";
import { loadNetworkTemplate, type NetworkTemplate } from "#owner/network/network-template.js";
import { checkGroups } from "#shared/model/groups.js";
import { sprintSchema } from "#shared/protocol/sprint.js";
import { coded } from "#tests/support/coded.js";

const network = loadNetworkTemplate("configs/localnet/network.yaml");

const check = (change: Partial<NetworkTemplate>): void => {
  const changed = { ...network, ...change };
  checkWorkable(changed, factsOf(changed, 12));
};

/** Experts of every layer for one group. */
const allOf = (layers: number, experts: number) =>
  Object.fromEntries(
    Array.from({ length: layers }, (_, layer) => [layer, Array.from({ length: experts }, (_, i) => i)]),
  );

describe("a network that cannot work", () => {
  const { model, groups, phases, data } = network;
  const cases: readonly (readonly [name: string, change: Partial<NetworkTemplate>, problem: RegExp])[] = [
    [
      "has updates that its limit rejects",
      { limits: { artifact_bytes: 2_362_023 } },
      /^limits\.artifact_bytes is 2362023, an update of "prose" has 2362024 in float32; .*"math"/,
    ],
    ["has a phase too short for a record", { phases: { ...phases, exchange: 1 } }, /^phases\.exchange is 1 block/],
    ["leaves no block to train in", { phases: { ...phases, train: 1 } }, /^phases\.train is 1 block.*to train/],
    ["has fewer tokens than its tokenizer", { model: { ...model, vocab_size: 256 } }, /^model\.vocab_size is 256/],
    [
      "has windows longer than its model takes",
      { data: { ...data, sequence_length: 257 } },
      /^data\.sequence_length is 257, model\.max_position_embeddings only 256/,
    ],
    ["has no groups", { groups: {} }, /^groups is empty/],
    [
      "has more files of its model than a manifest names",
      { model: { ...model, num_experts: 1024 }, limits: { artifact_bytes: 2 ** 40, part_bytes: 1 } },
      /^the model takes \d+ files, at most 4096 are named/,
    ],
  ];
  const group = { every: 20, shares: 128, threshold: 65 };
  const beacon = { public_key: "0".repeat(192), genesis_time: 0, period: 3, delay: 5, group };
  const short = { ...phases, train: 3, reveal: 3 };
  for (const [name, change, problem] of [
    ...cases,
    [
      "has no room for a threshold group's records",
      { beacon, phases: short, sprint: undefined },
      /^phases\.train leaves 1 blocks for the group's documents in its first half, at least 2 are needed$/,
    ],
    [
      "has no room for a Sprint's records beside them",
      { beacon, phases: { ...short, train: 4 }, sprint: sprintSchema.parse({ every: 1, dials: "tiny" }) },
      /^phases\.reveal leaves 1 blocks for the Sprint's records after the group's/,
    ],
  ] as typeof cases)
    it(name, () => assert.throws(() => check(change), coded("NETWORK_UNWORKABLE", problem)));

  it("is none whose model is larger than any machine's memory: it is judged layer by layer", () => {
    check({ model: { ...model, moe_intermediate_size: 2 ** 22 }, limits: { artifact_bytes: 2 ** 50 } });
  });

  it("is told all that is wrong at once", () => {
    const problems = /^phases\.merge is 1 .*; model\.vocab_size is 2, .*; limits\.artifact_bytes is 1, /;
    const change = {
      phases: { ...phases, merge: 1 },
      model: { ...model, vocab_size: 2 },
      limits: { artifact_bytes: 1 },
    };
    assert.throws(() => check(change), coded("NETWORK_UNWORKABLE", problems));
  });

  it("has more tensors than files hold, which is found before any of them is listed", () => {
    for (const size of [{ num_hidden_layers: 2 ** 40 }, { num_experts: 2 ** 50 }])
      assert.throws(
        () => checkGroups({ model: { ...model, ...size }, groups }),
        coded("NETWORK_UNWORKABLE", /^model: .* are more than the 196608 tensors/),
      );
    checkGroups({
      model: { ...model, num_experts: 128 },
      groups: { all: { ...groups.prose!, experts: allOf(2, 128) } },
    });
  });
});

describe("what a network file comes to", () => {
  it("counts parameters, bytes of an update, blocks and time", () => {
    const facts = factsOf(network, 12);
    assert.deepEqual(facts.parameters, { total: 1_314_560, hub: 134_912 });
    assert.deepEqual(
      facts.groups.map(({ group, parameters, updateBytes }) => [group, parameters, updateBytes]),
      [
        ["prose", 589_824, 2_362_024],
        ["math", 589_824, 2_362_024],
      ],
    );
    assert.deepEqual([facts.cycle.blocks, facts.cycle.seconds], [60, 720]);
    assert.equal(facts.scoring.tokens, 128 * 128);
  });

  it("is smaller in another codec", () => {
    const { groups } = factsOf({ ...network, artifact: { codec: "topk-2bit" } }, 12);
    assert.ok(groups[0]!.updateBytes * 40 < 2_362_024);
  });

  it("is told a person a line each", () => {
    const lines = factLines(factsOf(network, 12));
    for (const key of ["cycle", "parameters", "group prose", "data", "scoring", "merge", "pay", "voting", "seeds"])
      assert.match(String(lines[key]), /^\S[^\n]+$/, key);
  });
});
