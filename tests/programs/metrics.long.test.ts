import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { expressionOf } from "#shared/monitoring/expression.js";
import { ROWS } from "#shared/monitoring/rows.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { parsePrometheus } from "#tests/support/prometheus-text.js";
import { until } from "#tests/support/subnet.js";
import { startSubnet } from "./live-subnet.js";
import type { Running } from "./process.js";
import { eventually, startPrometheus, WITHOUT_PROMETHEUS } from "./prometheus.js";

const urlOf = async (running: Running): Promise<string> => {
  const [, url] = await running.said(/serving metrics {2}url=(http:\S+)\/metrics/);
  return url!;
};

const WEIGHTS_DONE = 'blockzero_duties_total{duty="weights",outcome="done"}';

const SENT_TO_VALIDATORS = 'blockzero_blob_sent_bytes_total{peer="validator"}';

const figures = async (url: string) => parsePrometheus(await (await fetch(`${url}/metrics`)).text());

test("a miner and a validator of a living subnet show what they do", { timeout: HANG_GUARD }, async (t) => {
  const { running, pace } = await startSubnet(t);
  const [validator, miner] = await Promise.all([urlOf(running.validator), urlOf(running.ann)]);
  const cycle = await pace.cycleOf([
    [running.ann, "scored"],
    [running.validator, "reference loss", " group=math "],
    [running.validator, "set weights"],
  ]);

  let trained: ReadonlyMap<string, number> = new Map();
  // Until its permit is known, a validator counts as anybody else. A request that it gave up may have sent it nothing.
  await until(t, async () => {
    trained = await figures(miner);
    return (trained.get(SENT_TO_VALIDATORS) ?? 0) > 0;
  });
  const at = (name: string) => trained.get(name) ?? Number.NaN;
  assert.ok(at("blockzero_cycle") >= cycle);
  assert.equal(at("blockzero_registered"), 1);
  assert.equal(at("blockzero_uid"), 2);
  assert.ok(at("blockzero_training_steps_total") >= 1);
  assert.ok(at("blockzero_training_tokens_total") > 0);
  assert.ok(at("blockzero_training_tokens_per_second") > 0);
  assert.ok(at("blockzero_training_loss_nats") > 0);
  assert.ok(at("blockzero_training_gradient_norm") > 0);
  assert.ok(at('blockzero_training_planned_memory_bytes{part="runtime"}') > 1e6);
  assert.ok(at("blockzero_update_bytes") > 0);
  assert.ok(at('blockzero_duties_total{duty="update",outcome="done"}') >= 1);
  assert.ok(at('blockzero_chain_writes_total{call="setCommitment",outcome="included"}') >= 2);
  assert.ok(at('blockzero_own_verdicts_total{verdict="scored",reason="none"}') >= 1);
  assert.ok(at("blockzero_disk_free_bytes") > 0);

  let judged: ReadonlyMap<string, number> = new Map();
  // It is counted once the line is written.
  await until(t, async () => {
    judged = await figures(validator);
    return (judged.get(WEIGHTS_DONE) ?? 0) >= 1;
  });
  const of = (name: string) => judged.get(name) ?? Number.NaN;
  assert.ok(of("blockzero_stake_tokens") >= 2000);
  assert.equal(of("blockzero_validator_permit"), 1);
  assert.ok(of('blockzero_verdicts_total{verdict="scored",reason="none"}') >= 1);
  assert.ok(of("blockzero_races_total") >= 1);
  assert.ok(of('blockzero_race_batches{group="math"}') > 0);
  assert.ok(of('blockzero_reference_loss_nats{group="math"}') > 0);
  assert.ok(of('blockzero_blob_received_bytes_total{peer="miner"}') > 0);
  assert.ok(of('blockzero_miner_score{uid="2"}') >= 0);
  assert.ok(of(WEIGHTS_DONE) >= 1);
  assert.equal(of("blockzero_agreement_ratio"), 1);
  const shares = [...judged].filter(([name]) => name.startsWith("blockzero_miner_weight_ratio"));
  assert.ok(Math.abs(shares.reduce((sum, [, share]) => sum + share, 0) - 1) < 1e-9);
  // On a busy machine a subnet of such short blocks may miss some duties.
  assert.match(await (await fetch(`${validator}/health`)).text(), /^(ok|duties failed in the last .*)\n$/);

  await t.test("promtool has nothing to say against them", { skip: WITHOUT_PROMETHEUS }, async () => {
    for (const url of [miner, validator]) {
      const input = await (await fetch(`${url}/metrics`)).text();
      const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input, encoding: "utf8" });
      assert.deepEqual([status, stdout, stderr], [0, "", ""]);
    }
  });

  await t.test("Prometheus reads both", { skip: WITHOUT_PROMETHEUS }, async (t) => {
    const query = await startPrometheus(t, [miner, validator]);
    const up = await eventually(t, query, "up == 1", 2);
    assert.deepEqual([...up.keys()].sort(), [miner, validator].map((url) => new URL(url).host).sort());
    const cycles = await eventually(t, query, "blockzero_cycle", 2);
    for (const seen of cycles.values()) assert.ok(seen >= cycle);
    const reads = await eventually(t, query, "scrape_samples_scraped", 2);
    for (const samples of reads.values()) assert.ok(samples > 200 && samples < 2000, String(samples));
    // Every panel asks for what Prometheus can answer.
    for (const { title, targets } of ROWS.flatMap(({ panels }) => panels))
      for (const target of targets) {
        const expression = expressionOf(target).replaceAll("$instance", ".+");
        assert.equal(await query.problem(expression), null, `${title}: ${expression}`);
      }
  });
});
