import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { suggestGroups } from "#owner/groups/suggest-groups.js";

const suggested = (corpora: Readonly<Record<string, number[][]>>, threshold: number) =>
  [...suggestGroups(new Map(Object.entries(corpora)), threshold).values()].map(({ experts }) => experts);

describe("suggested expert groups", () => {
  it("are a corpus's most relevant experts, up to the threshold", () => {
    const relevance = [
      [0.1, 0.5, 0.3, 0.1],
      [0.7, 0.1, 0.1, 0.1],
    ];
    assert.deepEqual(suggested({ code: relevance }, 0.6), [[[1, 2], [0]]]);
    assert.deepEqual(suggested({ code: relevance }, 0.85), [
      [
        [0, 1, 2],
        [0, 1, 2],
      ],
    ]);
    assert.deepEqual(suggestGroups(new Map([["code", relevance]]), 0.6).get("code")?.covered, [0.8, 0.7]);
  });

  it("are disjoint: an expert goes to the corpus that uses it most", () => {
    const groups = suggested({ a: [[0.5, 0.3, 0.1, 0.1]], b: [[0.6, 0.2, 0.1, 0.1]] }, 0.5);
    assert.deepEqual(groups, [[[1, 2, 3]], [[0]]]);
  });

  it("leave every corpus one expert of each layer", () => {
    const groups = suggested({ a: [[0.4, 0.35, 0.25]], b: [[0.38, 0.34, 0.28]], c: [[0.36, 0.33, 0.31]] }, 0.9);
    assert.deepEqual(groups, [[[0]], [[1]], [[2]]]);
    assert.throws(() => suggested({ a: [[1]], b: [[1]] }, 0.5), { code: "GROUPS_TOO_MANY" });
  });
});
