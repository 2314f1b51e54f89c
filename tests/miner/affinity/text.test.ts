import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bestFirst, type GroupAffinity } from "#miner/affinity/group-affinity.js";
import { describeAffinity } from "#miner/affinity/text.js";

const group = (name: string, share: number, even: number, half = 0.01): GroupAffinity => ({
  group: name,
  share,
  interval: [share - half, share + half],
  ownText: 0.3,
  even,
  timesEven: share / even,
});

const said = (...groups: readonly GroupAffinity[]): string =>
  describeAffinity({ documents: 9, tokens: 99, groups: bestFirst(groups), relevance: [] }, null, {
    title: "my text",
    rows: [],
    values: [],
    marks: [],
  });

describe("what is said of the affinity of a text", () => {
  it("names the group whose experts are used beyond their number, not the largest", () => {
    const [prose, code] = [group("prose", 0.33, 6 / 16), group("code", 0.27, 2 / 16)];
    assert.match(
      said(prose, code),
      /^code fits best: its experts get 2\.2 times .*\(27\.0 %; 30\.0 % of its own text\)$/m,
    );
  });

  it("compares intervals by the same measure", () => {
    const [prose, code] = [group("prose", 0.7, 6 / 16, 0.05), group("code", 0.22, 2 / 16, 0.01)];
    assert.match(said(prose, code), /^prose and code fit alike/m);
    assert.match(said({ ...prose, interval: null }, code), /^prose fits best/m);
  });

  it("names none where no group's experts are used more than others", () => {
    assert.match(said(group("prose", 0.3, 6 / 16), group("code", 0.1, 2 / 16)), /^no group fits: /m);
  });

  it("says of one that owns all experts that every text fits it, however its share is rounded", () => {
    for (const share of [0.9999999, 1, 1.0000001])
      assert.match(said(group("all", share, 1, 0)), /^all owns all experts: every text fits it$/m);
  });
});
