import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { type Replay, replay } from "#owner/rewards/replay.js";
import { parseReport, type ReportEntry } from "#shared/protocol/report.js";
import { lastModelBlock } from "#shared/replay/agreed-outcome.js";
import { startDevchain } from "#shared/simulators/devchain/start.js";
import { compiled } from "#tests/support/compiled.js";
import { temporaryFolder } from "../../shared/artifact/temporary.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { localnetHome } from "../../support/localnet-home.js";
import { lookAt } from "../../support/look-at.js";
import { nameModel } from "../../support/name-model.js";
import { publishReports, reportOf, scoredEntry } from "../../support/reports.js";
import { openSubnet, type Subnet } from "../../support/subnet.js";
import { type Forged, forge, noiseUpdate, submit } from "../../support/updates.js";

const PROGRAM = compiled("cli/main.js");
const VALIDATORS = { vera: 2800, vito: 2000, vick: 1200 };
const GROUPS = { ann: "math", bob: "math", cyd: "math", dan: "prose" } as const;

const MINERS = ["ann", "bob", "cyd", "dan"] as const;

type Miner = (typeof MINERS)[number];
type Scores = Readonly<Partial<Record<Miner, number | "worse" | "rejected">>>;

const submitted = (subnet: Subnet, miner: Miner): Forged => {
  const group = GROUPS[miner];
  return forge(subnet, { miner, group, tensors: noiseUpdate(subnet, miner, 0.01, group) });
};

const entry = (forged: Forged, found: number | "worse" | "rejected"): ReportEntry => {
  const scored = scoredEntry(forged, typeof found === "number" ? found : 0);
  if (found === "worse") return { ...scored, lossReduction: -0.01 };
  if (found !== "rejected") return scored;
  return {
    ...scored,
    verdict: "rejected",
    reason: "norm",
    detail: null,
    lossReduction: null,
    standardError: null,
    batches: null,
    growth: null,
    independence: null,
  };
};

/** A subnet in which validators said this of cycle 1, 2, …, and named a model of each. @param steps that their ballots name, 1 unless given */
const lived = async (
  t: TestContext,
  cycles: readonly Readonly<Record<string, Scores>>[],
  steps: readonly number[] = [],
): Promise<Subnet> => {
  const subnet = await openSubnet(t, { validators: VALIDATORS, miners: MINERS });
  const updates = MINERS.map((miner) => [miner, submitted(subnet, miner)] as const);
  let base = subnet.modelHash;
  for (const [i, said] of cycles.entries()) {
    const reports = Object.entries(said).map(([validator, scores]) => {
      const entries = updates.flatMap(([miner, update]) => {
        const found = scores[miner];
        return found === undefined ? [] : [entry(update, found)];
      });
      return [validator, reportOf(subnet, validator, { cycle: i + 1, base, entries })] as const;
    });
    await publishReports(subnet, Object.fromEntries(reports), steps[i]);
    base = await nameModel(subnet, i + 1, base);
  }
  return subnet;
};

const close = (actual: number, expected: number) => assert.ok(Math.abs(actual - expected) < 1e-12, `${actual}`);
const found = (subnet: Subnet, { hotkeys }: Replay, name: string) =>
  hotkeys.find(({ hotkey }) => hotkey === subnet.signer(name).address);
const curve = { curve: "proportional", exponent: 1 } as const;

describe("a replay", { timeout: HANG_GUARD }, () => {
  it("pays groups from pools of their own, by the network's curve and by the other", async (t) => {
    const scores = { ann: 0.04, bob: 0.03, cyd: 0.01, dan: 0.002 };
    // Two validators of three have four fifths of the stake; the largest that more than half give at least is vera's.
    const subnet = await lived(t, [{ vera: scores, vito: { ...scores, ann: 5 }, vick: { bob: 5 } }]);
    const replayed = await replay(await lookAt(t, subnet), {
      rules: { rewards: curve },
      from: 1,
      to: 1,
      signal: t.signal,
    });
    const { cycles, partial, gone, owner } = replayed;
    assert.deepEqual([cycles, partial, gone, owner], [[1], [], [], subnet.signer("owner").address]);
    const pay = (name: string) => found(subnet, replayed, name)!;
    assert.deepEqual(
      MINERS.map((name) => [pay(name).group, pay(name).scored]),
      [
        ["math", 1],
        ["math", 1],
        ["math", 1],
        ["prose", 1],
      ],
    );
    // The network's own: top-n of 2 with ratio 1.5, half of all pay a group.
    for (const [name, own, other] of [
      ["ann", 0.3, 0.25],
      ["bob", 0.2, 0.1875],
      ["cyd", 0, 0.0625],
      ["dan", 0.5, 0.5],
    ] as const) {
      close(pay(name).own, own);
      close(pay(name).other, other);
    }
    assert.equal(found(subnet, replayed, "owner"), undefined);
  });

  it("keeps to majority, rejection, abstention and cycles that got worse, and to window and burn where they are given", async (t) => {
    const both = (scores: Scores) => ({ vera: scores, vito: scores });
    const subnet = await lived(t, [
      both({ ann: 0.02, bob: 0.02 }),
      // bob rejected, and ann scored by too few: her cycle is left out of her mean, his is nothing.
      { vera: { ann: 0.08, bob: "rejected" }, vito: { bob: "rejected" } },
      both({ ann: "worse", bob: "worse" }),
      both({ ann: 0.02, bob: 0.02 }),
    ]);
    const seen = await lookAt(t, subnet);
    const rules = { rewards: curve, burn: 0.2, window: 2 };
    const last = await replay(seen, { rules, from: 4, to: 4, signal: t.signal });
    const [ann, bob, owner] = ["ann", "bob", "owner"].map((name) => found(subnet, last, name)!);
    assert.deepEqual([ann!.scored, bob!.scored, owner!.scored, owner!.group], [1, 1, 0, null]);
    // Over four cycles ann has (0.02 + 0 + 0.02) / 3 and bob (0.02 + 0 + 0 + 0.02) / 4; prose's pool is nobody's.
    close(ann!.own, 0.3);
    close(bob!.own, 0.2);
    close(owner!.own, 0.5);
    // Over cycles 3 and 4, of which the first is worth nothing, both have the same.
    close(ann!.other, 0.2);
    close(bob!.other, 0.2);
    close(owner!.other, 0.6);

    const linear = await replay(seen, { rules: { rewards: curve }, from: 4, to: 4, signal: t.signal });
    close(found(subnet, linear, "ann")!.other, 2 / 7);
    close(found(subnet, linear, "bob")!.other, 3 / 14);

    const all = await replay(seen, { rules, from: 1, to: 4, signal: t.signal });
    assert.deepEqual(all.cycles, [1, 2, 3, 4]);
    assert.deepEqual([found(subnet, all, "ann")!.scored, found(subnet, all, "bob")!.scored], [3, 3]);
    for (const by of ["own", "other"] as const)
      close(
        all.hotkeys.reduce((sum, one) => sum + one[by], 0),
        1,
      );
  });

  it("pays the part of the window in which a group's model improved, each rule by its own window", async (t) => {
    const scores: Scores = { ann: 0.04, dan: 0.002 };
    const said = { vera: scores, vito: scores };
    const subnet = await lived(t, [said, said], [1, 0]);
    const replayed = await replay(await lookAt(t, subnet), { rules: { window: 1 }, from: 2, to: 2, signal: t.signal });
    const [ann, dan, owner] = ["ann", "dan", "owner"].map((name) => found(subnet, replayed, name)!);
    // Of the two cycles of the network's window one was an improvement, of the other window's one cycle none.
    for (const [one, own, other] of [
      [ann!, 0.25, 0],
      [dan!, 0.25, 0],
      [owner!, 0.5, 1],
    ] as const) {
      close(one.own, own);
      close(one.other, other);
    }
  });

  it("takes no report that its validator did not commit to, or that is about another model", async (t) => {
    const subnet = await openSubnet(t, { validators: VALIDATORS, miners: MINERS });
    const ann = submitted(subnet, "ann");
    await submit(subnet, { ann });
    const entries = [entry(ann, 0.02)];
    await publishReports(subnet, {
      vera: reportOf(subnet, "vera", { entries, base: "7".repeat(64) }),
      vito: reportOf(subnet, "vito", { entries }),
    });
    const replayed = await replay(await lookAt(t, subnet), { rules: {}, from: 1, to: 1, signal: t.signal });
    assert.deepEqual(
      replayed.hotkeys.map(({ hotkey, scored, own, other }) => [hotkey, scored, own, other]),
      [
        [subnet.signer("owner").address, 0, 1, 1],
        [subnet.signer("ann").address, 0, 0, 0],
      ],
    );
  });

  it("says which cycles are gone, and of which a report is missing", async (t) => {
    const scores = { ann: 0.04, dan: 0.01 };
    const subnet = await lived(t, [
      { vera: scores, vito: scores, vick: scores },
      { vera: scores, vito: scores },
    ]);
    const kept = temporaryFolder(t);
    cpSync(join(subnet.home, "chain", "blocks.jsonl"), join(kept, "blocks.jsonl"));
    // A node that has forgotten what stood on chain before cycle 1's model was settled.
    const retention = subnet.node.head.number - lastModelBlock(1, subnet.network) + 1;
    const node = await startDevchain({ home: kept, port: 0, blockTimeMs: 0, genesis: subnet.chainGenesis, retention });
    t.after(() => node.close());
    const pruned = await lookAt(t, { node });
    const { cycles, gone, partial, hotkeys } = await replay(pruned, { rules: {}, from: 1, to: 2, signal: t.signal });
    assert.deepEqual([cycles, gone, partial, hotkeys.length], [[2], [1], [], 2]);
    await assert.rejects(replay(pruned, { rules: {}, from: 1, to: 1, signal: t.signal }), { code: "HISTORY_GONE" });

    const [, lost] = reportsOf(subnet).filter(({ cycle }) => cycle === 2);
    rmSync(lost!.path);
    const seen = await lookAt(t, subnet);
    const { partial: without, hotkeys: left } = await replay(seen, { rules: {}, from: 2, to: 2, signal: t.signal });
    assert.deepEqual(without, [2]);
    // One validator alone has no majority, so that cycle 2 is left out of the mean, and cycle 1 pays.
    assert.deepEqual(
      left.map(({ scored }) => scored),
      [0, 0],
    );
  });
});

/** The reports that the owner's server has. */
const reportsOf = ({ home }: Subnet) =>
  readdirSync(join(home, "owner"), { recursive: true, encoding: "utf8" }).flatMap((name) => {
    const path = join(home, "owner", name);
    if (!statSync(path).isFile()) return [];
    const report = parseReport(readFileSync(path));
    return report.ok ? [{ path, cycle: report.value.cycle }] : [];
  });

describe("blockzero rewards replay", { timeout: HANG_GUARD }, () => {
  it("prints and writes what each hotkey earned, and refuses cycles that are not over", async (t) => {
    const scores = { ann: 0.04, bob: 0.04, dan: 0.01 };
    const subnet = await lived(t, [{ vera: scores, vito: scores }, { vera: scores }]);
    const home = temporaryFolder(t);
    localnetHome(subnet, home);
    const [scenario, json] = [join(home, "subnet.yaml"), join(home, "replay.json")];
    writeFileSync(scenario, "economy: { curve: { curve: two-groups, leaders: 1, share: 0.9 }, window: 1 }\n");
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [PROGRAM, "rewards", "replay", "--home", home, "--scenario", scenario, ...args], {
        encoding: "utf8",
      });
    const { status, stdout, stderr } = run("--to", "1", "--json", json);
    assert.equal(status, 0, stderr);
    const [best, second] = ["ann", "bob"].map((name) => subnet.signer(name).address).sort();
    assert.match(stdout, /^cycles 1 to 1, 1 paid/);
    assert.match(stdout, /^other {2}two-groups \{"leaders":1,"share":0\.9\}, burn 0, window 1$/m);
    assert.match(stdout, new RegExp(`^ +${best} +math +1 +30\\.00 % +45\\.00 %$`, "m"));
    assert.match(stdout, new RegExp(`^ +${second} +math +1 +20\\.00 % + 5\\.00 %$`, "m"));
    const { cycles, hotkeys, rules } = JSON.parse(readFileSync(json, "utf8"));
    assert.deepEqual([cycles, hotkeys.length, rules.own.window, rules.other.window], [[1], 3, 4, 1]);

    const beyond = run("--from", "2", "--to", "3");
    assert.equal(beyond.status, 2);
    assert.match(beyond.stderr, /CYCLE_UNKNOWN.*they are 1 to 2/s);
  });
});
