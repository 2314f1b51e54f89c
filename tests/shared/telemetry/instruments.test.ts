import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { InstrumentDefinition } from "#shared/telemetry/instruments/definition.js";
import { INSTRUMENTS } from "#shared/telemetry/instruments/definitions.js";
import { prometheusInstruments } from "#shared/telemetry/instruments/prometheus.js";
import { parsePrometheus } from "../../support/prometheus-text.js";

const definitions: [string, InstrumentDefinition][] = Object.entries(INSTRUMENTS);

describe("the list of instruments", () => {
  it("has names, helps and labels as Prometheus wants them", () => {
    for (const [name, { type, help, labels = {}, buckets, roles }] of definitions) {
      assert.match(name, /^blockzero_[a-z]+(_[a-z]+)*$/, name);
      assert.equal(name.endsWith("_total"), type === "counter", name);
      assert.equal(buckets !== undefined, type === "histogram", name);
      assert.match(help, /^[A-Z0-9].+\.$/, name);
      assert.ok(roles.length > 0, name);
      for (const label of Object.keys(labels)) assert.match(label, /^[a-z]+$/, name);
    }
  });

  it("is bounded: with every label's every value a role has less than 10,000 series", () => {
    const series = ({ type, labels = {}, buckets = [] }: InstrumentDefinition) =>
      Object.values(labels).reduce((product, values) => product * ("atMost" in values ? 256 : values.length), 1) *
      (type === "histogram" ? buckets.length + 3 : 1);
    for (const role of ["miner", "validator", "owner", "chain"] as const) {
      const total = definitions.filter(([, { roles }]) => roles.includes(role));
      assert.ok(total.reduce((sum, [, definition]) => sum + series(definition), 0) < 10_000, role);
    }
  });
});

describe("instruments", () => {
  it("show what was set, counters from 0 on, gauges only once they have a value", async () => {
    const instruments = prometheusInstruments("validator");
    const before = parsePrometheus(await instruments.text());
    assert.equal(before.get('blockzero_windows_missed_total{record="report"}'), 0);
    assert.equal(before.has("blockzero_cycle"), false);
    instruments.set("blockzero_cycle", 7);
    instruments.add("blockzero_windows_missed_total", 2, { record: "report" });
    instruments.add("blockzero_races_total", 0);
    instruments.observe("blockzero_duty_duration_seconds", 3, { duty: "report" });
    const after = parsePrometheus(await instruments.text());
    assert.equal(after.get("blockzero_cycle"), 7);
    assert.equal(after.get('blockzero_windows_missed_total{record="report"}'), 2);
    assert.equal(after.get("blockzero_races_total"), 0);
    assert.equal(after.get('blockzero_duty_duration_seconds_bucket{le="5",duty="report"}'), 1);
    assert.equal(after.get('blockzero_duty_duration_seconds_bucket{le="1",duty="report"}'), 0);
    assert.ok(after.get("process_resident_memory_bytes")! > 1e6);
  });

  it("of another role are not there", async () => {
    const instruments = prometheusInstruments("miner");
    instruments.set("blockzero_agreement_ratio", 1);
    const shown = parsePrometheus(await instruments.text());
    assert.equal(shown.has("blockzero_agreement_ratio"), false);
    assert.equal(shown.has("blockzero_races_total"), false);
  });

  it("replace a gauge's series as a whole", async () => {
    const instruments = prometheusInstruments("validator");
    const miner = prometheusInstruments("miner");
    miner.replace("blockzero_score_rank", [[{}, 3]]);
    assert.match(await miner.text(), /^blockzero_score_rank 3$/m);
    miner.replace("blockzero_score_rank", []);
    assert.doesNotMatch(await miner.text(), /^blockzero_score_rank /m);
    instruments.replace("blockzero_miner_score", [
      [{ uid: 1 }, 0.5],
      [{ uid: 2 }, 0.25],
    ]);
    instruments.replace("blockzero_miner_score", [[{ uid: 2 }, 1]]);
    const shown = parsePrometheus(await instruments.text());
    assert.equal(shown.has('blockzero_miner_score{uid="1"}'), false);
    assert.equal(shown.get('blockzero_miner_score{uid="2"}'), 1);
  });

  it("take no more values of a label than are allowed, and show no secret in one", async () => {
    const instruments = prometheusInstruments("validator");
    for (let group = 0; group < 100; group++)
      instruments.set("blockzero_chosen_step", group, { group: `group-${group}` });
    const endpoint = "wss://user:hunter2@node.example:443/?key=hunter2";
    instruments.set("blockzero_chain_endpoint", 1, { endpoint });
    const text = await instruments.text();
    const series = [...parsePrometheus(text).keys()].filter((name) => name.startsWith("blockzero_chosen_step"));
    assert.equal(series.length, 65);
    assert.ok(series.includes('blockzero_chosen_step{group="other"}'));
    assert.doesNotMatch(text, /hunter2/);
    assert.match(text, /blockzero_chain_endpoint\{endpoint="wss:\/\/\[redacted\]@node\.example:443/);
  });

  it("are asked before each reading, until that ends", async () => {
    const instruments = prometheusInstruments("miner");
    let asked = 0;
    const end = instruments.beforeReading(() => instruments.set("blockzero_cycle", ++asked));
    await instruments.text();
    assert.equal(parsePrometheus(await instruments.text()).get("blockzero_cycle"), 2);
    end();
    await instruments.text();
    assert.equal(asked, 2);
  });
});
