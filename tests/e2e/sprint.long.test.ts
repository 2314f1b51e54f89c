import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { LocalnetResult, SprintCycle } from "#localnet/result.js";
import { causeChaos, doubled, type Kill, type Sightings } from "./chaos.js";
import { type LocalnetRun, startLocalnet } from "./localnet-run.js";

const PROGRAM = fileURLToPath(new URL("../../cli/main.js", import.meta.url));

/** A miner while it searches, and a validator while it checks what was found. */
const KILLS: readonly Kill[] = [
  { cycle: 1, phase: "evaluate", process: "math-1" },
  { cycle: 2, phase: "train", process: "validator-2" },
];

describe("a localnet with Sprints, a padder among the miners, a miner and a validator that are killed", () => {
  let run: LocalnetRun;
  let sightings: Sightings;
  let result: LocalnetResult;
  let sprints: readonly SprintCycle[];

  before(async () => {
    run = startLocalnet("--cycles", "3", "--seed", "5", "--sprint", "--cheater", "none", "--miners", "1");
    sightings = await causeChaos(run, KILLS);
    assert.equal(await run.ended, 0, run.said());
    result = run.result();
    sprints = result.sprints ?? [];
  });
  after(() => run.cleanUp());

  const blockzero = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args, "--home", run.home], {
      encoding: "utf8",
    });
    return { status, text: stdout + stderr };
  };
  const padder = () => Number(Object.entries(result.behaviours).find(([, behaviour]) => behaviour === "padder")![0]);
  const named = ({ miners }: SprintCycle, uid: number) => miners.find((miner) => miner.uid === uid);

  it("catches the padder in every Sprint by a nonce that does not win, and pays it nothing from then on", () => {
    assert.equal(sprints.length, 3, run.said());
    for (const sprint of sprints) {
      const found = named(sprint, padder());
      assert.equal(found?.outcome, "invalid", run.said());
      assert.ok(found.nonce !== null && found.confirmed === 0 && found.paid === 0);
      assert.match(run.answered(), new RegExp(`padder .*invalid: nonce ${found.nonce} does not win`));
    }
    for (const { miners } of result.cycles.slice(1))
      assert.equal(miners.find(({ uid }) => uid === padder())?.weight, 0, run.said());
  });

  it("confirms the honest miners' weights, each with its interval", () => {
    for (const uid of Object.keys(result.behaviours).map(Number)) {
      if (result.behaviours[uid] !== "honest") continue;
      const first = named(sprints[0]!, uid)!;
      assert.equal(first.outcome, "valid", run.said());
      assert.ok(first.low <= first.measured && first.measured <= first.high && first.confirmed > 0);
    }
  });

  it("keeps no killed program from the next Sprint, and lets none write twice", () => {
    assert.equal(sightings.killed.length, KILLS.length, run.said());
    assert.deepEqual(doubled(sightings), []);
    const honest = sprints[2]!.miners.filter(({ uid }) => result.behaviours[uid] === "honest");
    assert.deepEqual(
      honest.map(({ outcome }) => outcome),
      ["valid", "valid"],
      run.said(),
    );
  });

  it("has proofs that anybody can verify", () => {
    const files = readdirSync(run.home, { recursive: true, encoding: "utf8" });
    const fileOf = (uid: number) =>
      join(run.home, files.find((file) => file.endsWith(named(sprints[0]!, uid)!.proof!))!);
    const honest = Number(Object.keys(result.behaviours).find((uid) => result.behaviours[Number(uid)] === "honest"));
    const valid = blockzero("compute", "verify", fileOf(honest));
    assert.equal(valid.status, 0, valid.text);
    const padded = blockzero("compute", "verify", fileOf(padder()));
    assert.equal(padded.status, 1, padded.text);
    assert.match(padded.text, /invalid: \d+ of its nonces do not win/);
    const none = blockzero("compute", "verify", join(run.home, "localnet.json"));
    assert.match(none.text, /PROOF_INVALID/);
  });

  it("is audited, explained and shown as it was settled", () => {
    const audit = blockzero("audit", "--all");
    assert.equal(audit.status, 0, audit.text);
    assert.match(
      audit.text,
      new RegExp(`Sprint: uid ${padder()} is invalid: nonce ${named(sprints[0]!, padder())!.nonce} does not win`),
    );
    const explained = blockzero("explain", "--uid", String(padder()), "--cycle", String(sprints[1]!.cycle));
    assert.match(explained.text, /it gets 0\.0 % of its pay/);
    assert.match(explained.text, /was recomputed here and does not win/);
    const status = blockzero("compute", "status", "--json");
    const { miners } = JSON.parse(status.text) as { miners: { outcome: { uid: number; outcome: string } }[] };
    assert.equal(miners.find(({ outcome }) => outcome.uid === padder())?.outcome.outcome, "invalid");
  });
});
