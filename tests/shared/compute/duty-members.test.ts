import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isCutOff } from "#shared/compute/duty/cut-off.js";
import { membersBy } from "#shared/compute/duty/duty-inputs.js";
import { dutyThreshold } from "#shared/duty/threshold.js";
import { devSigner } from "../protocol/keys.js";

const addresses = ["//A", "//B", "//C", "//D", "//E", "//F", "//G", "//H", "//I"].map((uri) => devSigner(uri).address);

describe("members of duty", () => {
  const weighing = (...weights: number[]) => new Map(weights.map((weight, i) => [addresses[i]!, { weight }]));

  it("are those with confirmed weight, ascending, in whole nonces", () => {
    const members = membersBy(weighing(10.9, 0, 12.1, 0.5, 11), { max_share: 1 });
    assert.deepEqual(
      members.map(({ hotkey, weight }) => [hotkey, weight]),
      [
        [addresses[0], 10n],
        [addresses[2], 12n],
        [addresses[4], 11n],
      ].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
    );
    assert.deepEqual(membersBy(undefined, { max_share: 1 }), []);
  });

  it("have no more of the weight than the network file lets one hotkey have", () => {
    const confirmed = weighing(100_000, 100, 100, 100, 100, 100, 100, 100, 100);
    const capped = new Map(membersBy(confirmed, { max_share: 0.25 }).map(({ hotkey, weight }) => [hotkey, weight]));
    const total = [...capped.values()].reduce((sum, weight) => sum + weight, 0n);
    assert.equal(capped.get(addresses[0]!), 266n);
    assert.equal(total, 1066n);
    // Without the cap a giant is on duty for nearly every task, and others for nearly none.
    const rule = { target: 1_000_000, isEverybody: false };
    const chance = Number(dutyThreshold(rule, addresses[1]!, addresses[8]!, capped)) / 2 ** 64;
    assert.ok(Math.abs(chance - 100 / 966) < 1e-9, `${chance}`);
  });
});

describe("documents that cannot be had", () => {
  const members = ["ann", "bob", "cal", "dan"].map((hotkey) => ({ hotkey, weight: 10n }));
  const fetched = (committed: readonly string[], gone: readonly string[]) => ({
    committed: new Set(committed),
    gone: new Set(gone),
  });
  const all = ["ann", "bob", "cal", "dan"];

  it("are this machine's fault where members with half of the weight serve nothing", () => {
    assert.ok(!isCutOff(members, [fetched(all, ["dan"]), fetched([], [])]));
    assert.ok(isCutOff(members, [fetched(all, ["cal", "dan"]), fetched([], [])]));
    assert.ok(isCutOff(members, [fetched(all, ["cal"]), fetched(all, ["dan"])]));
    assert.ok(!isCutOff(members, [fetched([], []), fetched([], [])]));
  });

  it("are not where few were asked for answers, and half of these serve theirs to nobody", () => {
    assert.ok(!isCutOff(members, [fetched(all, []), fetched(["dan"], ["dan"])]));
    assert.ok(!isCutOff(members, [fetched(all, []), fetched(["cal", "dan"], ["dan"])]));
  });
});
