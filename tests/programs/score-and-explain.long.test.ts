import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Explanation } from "#inspect/explain/explanation.js";
import { openModelStore } from "#inspect/model/model-store.js";
import type { ScoreReport } from "#miner/score/report.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import type { ErrorCode } from "#shared/errors/error.js";
import { blobsOf } from "#shared/protocol/model-manifest.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { livedHome } from "#tests/support/localnet-home.js";
import { sealedPages } from "#tests/support/sealed-pages.js";
import { type Ended, run } from "./process.js";

const refused = ({ status, stdout, stderr }: Ended, code: ErrorCode) => {
  assert.equal(status, 2, stderr);
  assert.equal(stdout, "");
  assert.match(stderr, new RegExp(`^✖ ${code} [^\\n]+ → [^\\n]+\\n$`));
};

test("what validators gave in a localnet is scored again, and explained", { timeout: HANG_GUARD }, async (t) => {
  const { home, subnet } = await livedHome(t, { sealed: sealedPages(24) });
  const cwd = mkdtempSync(join(tmpdir(), "blockzero-"));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  const env = {
    BLOCKZERO_WALLET_PATH: join(subnet.home, "wallets"),
    BLOCKZERO_WALLET_NAME: "test",
    BLOCKZERO_WALLET_HOTKEY: "ann",
    BLOCKZERO_LOG_LEVEL: "error",
  };
  const score = (...args: string[]) => run("blockzero-miner", ["score", ...args], { cwd, env });
  const explain = (...args: string[]) => run("blockzero", ["explain", ...args], { cwd });

  const uid = String(subnet.uid("ann"));
  const [newest, explained, sentences] = await Promise.all([
    // A file with everything that a miner can be told; score judges on the CPU whatever it trains on.
    score("--home", home, "--json", "--config", join(process.cwd(), "configs", "miner.yaml")),
    explain("--home", home, "--uid", uid, "--json"),
    explain("--home", home, "--uid", uid, "--cycle", "2"),
  ]);
  for (const { status, stderr } of [newest, explained, sentences]) assert.equal(status, 0, stderr);

  const explanation: Explanation = JSON.parse(explained.stdout);
  const report: ScoreReport = JSON.parse(newest.stdout);
  assert.deepEqual([report.artifact, report.cycle, report.verdict], [explanation.reveal!.artifact, 2, "scored"]);
  assert.deepEqual([...new Set(report.gates.map(({ status }) => status))], ["passed"]);
  assert.deepEqual([report.base, report.text], [explanation.base, "sealed"]);
  assert.ok(report.draws.length === 3 && report.expected!.score > 0);
  assert.deepEqual([report.standing!.cycle, report.standing!.of], [2, 2]);

  for (const { derivation, score } of explanation.validators) {
    const { confidence, lowerBound, growth, exponent } = derivation!;
    assert.equal(confidence, report.confidence.oneSided);
    assert.ok(Math.abs((lowerBound * growth!) ** exponent - score!) < 1e-9);
  }

  // On the chain itself: what the miner does not hold comes from the servers that are still up, and is kept for the next score.
  const live = await run("blockzero-miner", ["score", "2", "--json"], {
    cwd,
    env: {
      ...env,
      BLOCKZERO_CHAIN_ENDPOINT: subnet.node.endpoint,
      BLOCKZERO_NETUID: String(subnet.network.netuid),
      BLOCKZERO_CHECKPOINT_DIR: join(subnet.home, "ann"),
      BLOCKZERO_ALLOW_PRIVATE_ADDRESSES: "true",
    },
  });
  assert.equal(live.status, 0, live.stderr);
  const seen: ScoreReport = JSON.parse(live.stdout);
  assert.deepEqual([seen.draws, seen.verdict, seen.standing], [report.draws, "scored", report.standing]);
  const store = await openModelStore(home);
  const { prose } = store.models.get(report.base)!.parts.groups;
  assert.ok(await directoryStore(join(subnet.home, "ann", "score")).has(blobsOf(prose!.weights)[0]!.hash));

  // Which group fits a text is said by the newest model's routers, beside who trains there.
  writeFileSync(join(cwd, "mine.jsonl"), `${JSON.stringify({ text: "12 + 30 = 42; 7 * 8 = 56; " })}\n`.repeat(8));
  const fit = await run(
    "blockzero-miner",
    ["affinity", "--data", "mine.jsonl", "--home", home, "--threads", "1", "--json"],
    { cwd, env: { BLOCKZERO_LOG_LEVEL: "error" } },
  );
  assert.equal(fit.status, 0, fit.stderr);
  const { groups, crowding } = JSON.parse(fit.stdout);
  assert.ok(Math.abs(groups.reduce((sum: number, { share }: { share: number }) => sum + share, 0) - 1) < 1e-6);
  assert.equal(crowding.math.miners, 2);
  assert.ok(crowding.math.scores.median > 0);

  // The same text beside what the group has of it: network and text are found by their hashes.
  const looked = await run("blockzero", ["data", "check", "mine.jsonl", "--group", "math", "--home", home, "--json"], {
    cwd,
  });
  assert.equal(looked.status, 0, looked.stderr);
  const { tally, trainingShards } = JSON.parse(looked.stdout);
  assert.deepEqual([tally.rows, trainingShards], [8, null]);
  const both = ["data", "check", "mine.jsonl", "--group", "math", "--home", home, "--network", "network.yaml"];
  assert.match((await run("blockzero", both, { cwd })).stderr, /✖ USAGE .*--network/);

  // Both validators set the weights that the explanation computes, and the model merged what it says.
  assert.equal(explanation.agreed!.scoredBy, 1);
  assert.equal(explanation.chain.weights.length, 2);
  for (const { share } of explanation.chain.weights) assert.ok(Math.abs(share - explanation.pay!.share) < 1e-4);
  assert.ok(explanation.chain.incentive > 0 && BigInt(explanation.chain.emission) > 0n);
  const own = store.models.get(explanation.merge.model!)!.merged.find((update) => update.uid === explanation.uid)!;
  assert.deepEqual([explanation.merge.share, report.artifact], [own.share, own.artifact]);
  assert.match(
    sentences.stdout,
    new RegExp(`^It revealed artifact ${report.artifact!.slice(0, 12)} for group math`, "m"),
  );
  assert.match(
    sentences.stdout,
    /^At block \d+ its incentive is [\d.]+ %, and the last epoch paid it [\d.]+ tokens\.$/m,
  );

  const tensors = (await store.blob(own.tensors))!;
  const copy = join(cwd, "copy.safetensors");
  writeFileSync(copy, tensors);
  const [copied, unknown, none, misspelt, nowhere, early] = await Promise.all([
    score(copy, "--expert_group", "math", "--home", home, "--draws", "1"),
    score("nowhere", "--home", home),
    score("--home", home, "--draws", "0"),
    score("--home", home, "--lerning_rate", "1"),
    explain("--uid", uid),
    explain("--home", home, "--uid", uid, "--cycle", "3"),
  ]);
  assert.equal(copied.status, 1, copied.stderr);
  assert.match(
    copied.stdout,
    new RegExp(`^ {2}duplicate +FAILED +duplicate: same tensors as artifact ${own.artifact} of `, "m"),
  );
  assert.match(copied.stdout, /^It would be rejected: duplicate\. But for that, it (lowers|raises) the loss by /m);
  refused(unknown, "ARTIFACT_UNKNOWN");
  refused(none, "USAGE");
  refused(misspelt, "USAGE");
  refused(nowhere, "HOME_MISSING");
  assert.match(nowhere.stderr, /→ run `blockzero localnet`, or give --home, or --chain and --netuid\n$/);
  refused(early, "CYCLE_UNKNOWN");
});
