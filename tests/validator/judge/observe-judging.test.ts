import assert from "node:assert/strict";
import { it } from "node:test";
import type { ReportEntry } from "#shared/protocol/report.js";
import type { ReasonCode } from "#shared/protocol/verdict.js";
import type { RaceOutcome, RaceResult } from "#shared/scoring/racing/race.js";
import { prometheusInstruments } from "#shared/telemetry/instruments/prometheus.js";
import { createTelemetry } from "#shared/telemetry/telemetry.js";
import { tellJudging } from "#validator/judge/observe-judging.js";
import { collectingLog } from "../../shared/chain/support.js";
import { template } from "../../support/micro-network.js";
import { madeUpReport } from "../../support/reports.js";

const raced = (batches: number, isShort: boolean): RaceOutcome<unknown> => ({
  results: new Map(),
  before: Array.from({ length: batches }, () => 3),
  isShort,
});

/** What a validator says of an evaluation, but for what it judged. */
const said = (outcomes: Readonly<Record<string, RaceOutcome<unknown>>>, entries: readonly ReportEntry[] = []) => {
  const { log, lines } = collectingLog();
  const network = { ...template, genesis: "0".repeat(64) };
  tellJudging({ network, log, telemetry: createTelemetry() }, undefined, madeUpReport("vera", entries), {
    outcomes: new Map(Object.entries(outcomes)),
    witnessed: new Set(),
    took: { fetch: 40, wait: 10, measure: 500 },
  });
  return lines.filter(({ message }) => message !== "judged");
};

it("a validator that is short of time warns, and says on how many batches it measured and what took the time", () => {
  const [line, ...others] = said({ math: raced(4, true), prose: raced(8, false) });
  assert.deepEqual(others, []);
  const { prevention, ...fields } = line!.fields;
  assert.equal(line!.level, "warn");
  assert.deepEqual(fields, {
    cycle: 7,
    code: "EVALUATION_SHORT",
    "batches/math": 4,
    of: template.scoring.eval_batches,
    fetchMs: 40,
    waitMs: 10,
    measureMs: 500,
  });
  assert.match(String(prevention), /a longer evaluate phase$/);
});

it("a validator with time enough says what took it, and warns of nothing", () => {
  assert.deepEqual(
    said({ math: raced(8, false) }).map(({ level, fields }) => [level, fields.code, fields.measureMs]),
    [["info", undefined, 500]],
  );
});

it("a race without own trainings is counted where the network file asks for them, whatever kept them from being there", async () => {
  const witness = { steps: 4, batch_size: 2, gradient_accumulation_steps: 1, learning_rate: 0.003, warmup_steps: 0 };
  const contender: RaceResult = { verdict: "abstained", reason: "validator_failed", batches: 0 };
  const of = (group: string) => [group, { ...raced(8, false), results: new Map([[group, contender]]) }] as const;
  const counted = async (scoring: typeof template.scoring) => {
    const instruments = prometheusInstruments("validator");
    const network = { ...template, genesis: "0".repeat(64), scoring };
    const { log } = collectingLog();
    tellJudging({ network, log, telemetry: createTelemetry(instruments) }, undefined, madeUpReport("vera", []), {
      outcomes: new Map([of("math"), of("prose"), ["nobody", raced(8, false)]]),
      witnessed: new Set(["prose"]),
      took: {},
    });
    return (await instruments.text()).match(/^blockzero_races_unwitnessed_total (\d+)$/m)?.[1];
  };
  assert.deepEqual(await Promise.all([counted({ ...template.scoring, witness }), counted(template.scoring)]), [
    "1",
    "0",
  ]);
});

it("a validator says in one line whom it could not judge by its own fault, and what stood in the way", () => {
  const failed = (uid: number, detail: string | null, reason: ReasonCode = "validator_failed"): ReportEntry => ({
    ...{ uid, hotkey: `5${uid}`, group: null, artifact: null, verdict: "abstained", reason, detail },
    ...{ lossReduction: null, standardError: null, batches: null, growth: null, independence: null, score: 0 },
  });
  const unreachable = failed(20, "no answer", "unreachable");
  const own = Array.from({ length: 20 }, (_, uid) => failed(uid, uid === 0 ? null : "the disk has no room"));
  const warnings = said({}, [...own, unreachable]).filter(({ level }) => level === "warn");
  const { prevention, ...fields } = warnings[0]!.fields;
  assert.equal(warnings.length, 1);
  assert.deepEqual(fields, {
    cycle: 7,
    code: "EVALUATION_FAILED",
    updates: 20,
    uids: [0, 1, 2, 3, 4, 5, 6, 7],
    reason: "the disk has no room",
  });
  assert.match(String(prevention), /^mend what the reason names/);
  assert.deepEqual(
    said({}, [unreachable]).map(({ level }) => level),
    ["info"],
  );
});
