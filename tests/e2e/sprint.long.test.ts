import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { LocalnetResult, SprintCycle } from "#localnet/result.js";
import { compiled } from "#tests/support/compiled.js";
import { causeChaos, doubled, type Kill, type Sightings } from "./chaos.js";
import { describeLived } from "./lived.js";
import { type LocalnetRun, startLocalnet } from "./localnet-run.js";

const PROGRAM = compiled("cli/main.js");

/** A miner while it searches, and a validator while it checks what was found. */
const KILLS: readonly Kill[] = [
  { cycle: 1, phase: "evaluate", process: "math-1" },
  { cycle: 2, phase: "train", process: "validator-2" },
];

interface Lived {
  readonly run: LocalnetRun;
  readonly sightings: Sightings;
  readonly result: LocalnetResult;
  readonly sprints: readonly SprintCycle[];
  /** Its uid. */
  readonly padder: number;
}

const live = async (pace: readonly string[]): Promise<Lived> => {
  const run = startLocalnet("--cycles", "3", "--seed", "5", "--sprint", "--cheater", "none", "--miners", "1", ...pace);
  const sightings = await causeChaos(run, KILLS);
  assert.equal(await run.ended, 0, run.said());
  const result = run.result();
  const [padder] = Object.entries(result.behaviours).find(([, behaviour]) => behaviour === "padder")!;
  return { run, sightings, result, sprints: result.sprints ?? [], padder: Number(padder) };
};

const blockzero = ({ home }: LocalnetRun, ...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args, "--home", home], {
    encoding: "utf8",
  });
  return { status, text: stdout + stderr };
};
const named = ({ miners }: SprintCycle, uid: number) => miners.find((miner) => miner.uid === uid);

describeLived<Lived>(
  "a localnet with Sprints, a padder among the miners, a miner and a validator that are killed",
  live,
  {
    "catches the padder in every Sprint by a nonce that does not win, and pays it nothing from then on": ({
      run,
      result,
      sprints,
      padder,
    }) => {
      assert.equal(sprints.length, 3, run.said());
      for (const sprint of sprints) {
        const found = named(sprint, padder);
        assert.equal(found?.outcome, "invalid", run.said());
        assert.ok(found.nonce !== null && found.confirmed === 0 && found.paid === 0);
        assert.match(run.answered(), new RegExp(`padder .*invalid: nonce ${found.nonce} does not win`));
      }
      for (const { miners } of result.cycles.slice(1))
        assert.equal(miners.find(({ uid }) => uid === padder)?.weight, 0, run.said());
    },

    "confirms the honest miners' weights, each with its interval": ({ run, result, sprints }) => {
      for (const uid of Object.keys(result.behaviours).map(Number)) {
        if (result.behaviours[uid] !== "honest") continue;
        const first = named(sprints[0]!, uid)!;
        assert.equal(first.outcome, "valid", run.said());
        assert.ok(first.low <= first.measured && first.measured <= first.high && first.confirmed > 0);
      }
    },

    "keeps no killed program from the next Sprint, and lets none write twice": ({
      run,
      sightings,
      result,
      sprints,
    }) => {
      assert.equal(sightings.killed.length, KILLS.length, run.said());
      assert.deepEqual(doubled(sightings), []);
      const honest = sprints[2]!.miners.filter(({ uid }) => result.behaviours[uid] === "honest");
      assert.deepEqual(
        honest.map(({ outcome }) => outcome),
        ["valid", "valid"],
        run.said(),
      );
    },

    "has proofs that anybody can verify": ({ run, result, sprints, padder }) => {
      const files = readdirSync(run.home, { recursive: true, encoding: "utf8" });
      const fileOf = (uid: number) =>
        join(run.home, files.find((file) => file.endsWith(named(sprints[0]!, uid)!.proof!))!);
      const honest = Number(Object.keys(result.behaviours).find((uid) => result.behaviours[Number(uid)] === "honest"));
      const valid = blockzero(run, "compute", "verify", fileOf(honest));
      assert.equal(valid.status, 0, valid.text);
      const padded = blockzero(run, "compute", "verify", fileOf(padder));
      assert.equal(padded.status, 1, padded.text);
      assert.match(padded.text, /invalid: \d+ of its nonces do not win/);
      const none = blockzero(run, "compute", "verify", join(run.home, "localnet.json"));
      assert.match(none.text, /PROOF_INVALID/);
    },

    "has the honest miners check wins of others, and shows what they did of their duty": ({ run, result, sprints }) => {
      for (const { uid, duty } of sprints[2]!.miners) {
        if (result.behaviours[uid] !== "honest") continue;
        assert.ok(duty !== null && duty.cycle === sprints[1]!.cycle && duty.duties > duty.missed, run.said());
        assert.match(run.answered(), new RegExp(`${duty.duties - duty.missed} of ${duty.duties} `));
      }
    },

    "is audited, explained and shown as it was settled": ({ run, sprints, padder }) => {
      const audit = blockzero(run, "audit", "--all");
      assert.equal(audit.status, 0, audit.text);
      assert.match(
        audit.text,
        new RegExp(`Sprint: uid ${padder} is invalid: nonce ${named(sprints[0]!, padder)!.nonce} does not win`),
      );
      for (const { beacon } of sprints) {
        assert.ok(beacon !== null, run.said());
        const begin = beacon.value.slice(0, 12);
        assert.match(run.answered(), new RegExp(`beacon ${begin} of `));
        assert.match(audit.text, new RegExp(`beacon: ${begin} of `));
      }
      const explained = blockzero(run, "explain", "--uid", String(padder), "--cycle", String(sprints[1]!.cycle));
      assert.match(explained.text, /it gets 0\.0 % of its pay/);
      assert.match(explained.text, /was recomputed here and does not win/);
      const status = blockzero(run, "compute", "status", "--json");
      const { miners } = JSON.parse(status.text) as { miners: { outcome: { uid: number; outcome: string } }[] };
      assert.equal(miners.find(({ outcome }) => outcome.uid === padder)?.outcome.outcome, "invalid");
    },
  },
);
