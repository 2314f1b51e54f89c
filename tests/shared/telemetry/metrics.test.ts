import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { BlockZeroError, formatError } from "#shared/errors/error.js";
import { appendLine } from "#shared/telemetry/append-line.js";
import { jsonlMetrics, tee } from "#shared/telemetry/metrics.js";
import { openMetrics } from "#shared/telemetry/open-metrics.js";
import { temporaryFile } from "#tests/shared/config/fixtures.js";
import { capturingLog } from "./capture.js";

test("one JSON object a line with its time, appended over restarts", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "blockzero-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "deep", "metrics.jsonl");
  let time = 1_000;
  const now = (): number => time++;
  const first = jsonlMetrics(file, { now });
  first.write({ step: 1, loss: 2.5, group: "math" });
  first.write({ step: 2, loss: Number.NaN, norm: Number.POSITIVE_INFINITY });
  await first.close();
  first.write({ step: 99 });
  await first.close();
  const second = jsonlMetrics(file, { now });
  second.write({ step: 3 });
  await second.close();
  assert.deepEqual(
    readFileSync(file, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line)),
    [
      { time: 1_000, step: 1, loss: 2.5, group: "math" },
      { time: 1_001, step: 2, loss: "NaN", norm: "Infinity" },
      { time: 1_002, step: 3 },
    ],
  );
});

test("a full file is begun anew, and the last one stays beside it; who shares it follows", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "blockzero-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "metrics.jsonl");
  const options = { whose: { role: "miner" }, mostBytes: 1000, now: () => 0 };
  const [one, other] = [jsonlMetrics(file, options), jsonlMetrics(file, options)];
  for (let step = 0; step < 100; step++) (step % 3 === 0 ? other : one).write({ step });
  await Promise.all([one.close(), other.close()]);
  assert.deepEqual(readdirSync(folder).sort(), ["metrics.1.jsonl", "metrics.jsonl"]);
  const steps = ["metrics.1.jsonl", "metrics.jsonl"].flatMap((name) => {
    const text = readFileSync(join(folder, name), "utf8");
    assert.ok(text.length < 1100);
    return text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
  });
  assert.deepEqual(
    steps.map(({ step }) => step),
    Array.from({ length: steps.length }, (_, i) => 100 - steps.length + i),
  );
  assert.deepEqual(steps.at(-1), { time: 0, role: "miner", step: 99 });
});

test("what a dry run measures is kept apart", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "blockzero-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const config = { checkpoint_dir: folder, wandb: false, netuid: 1, wallet: { name: "demo", hotkey: "math" } };
  const { log } = capturingLog();
  await openMetrics({ ...config, dry_run: true }, { role: "miner", log }).close();
  assert.deepEqual(readdirSync(folder, { recursive: true }).sort(), ["dry-run", "dry-run/metrics.jsonl"]);
});

test("a place that cannot be written is a coded fault", (context) => {
  const file = temporaryFile(context, "taken", "");
  assert.throws(
    () => jsonlMetrics(join(file, "metrics.jsonl")),
    (thrown) =>
      thrown instanceof BlockZeroError &&
      formatError(thrown) ===
        `✖ METRICS_UNWRITABLE cannot write metrics to ${file}/metrics.jsonl: EEXIST: file already exists, mkdir '${file}' → name a folder that this user may write to`,
  );
});

test("a full disk is one warning", { skip: process.platform !== "linux" }, async () => {
  const { log, lines } = capturingLog();
  const sink = jsonlMetrics("/dev/full", { log });
  sink.write({ a: 1 });
  sink.write({ a: 2 });
  await sink.close();
  assert.equal(lines.length, 1);
  assert.equal(lines[0]?.level, "warn");
  assert.match(String(lines[0]?.fields.reason), /ENOSPC/);
});

test("a disk that was full is written again, in whole lines, and what was lost is counted", async (context) => {
  const file = temporaryFile(context, "metrics.jsonl", "");
  const { log, lines } = capturingLog();
  let room = 1000;
  const write = (descriptor: number, bytes: Uint8Array) => {
    const written = writeSync(descriptor, bytes.subarray(0, room));
    room -= written;
    return written;
  };
  const append = (descriptor: number, line: string) => appendLine(descriptor, line, write);
  const sink = jsonlMetrics(file, { log, now: () => 0, append });
  sink.write({ cycle: 1 });
  room = 5;
  for (const cycle of [2, 3, 4]) sink.write({ cycle });
  room = 1000;
  sink.write({ cycle: 5 });
  await sink.close();
  assert.equal(readFileSync(file, "utf8"), '{"time":0,"cycle":1}\n{"time":0,"cycle":5}\n');
  assert.deepEqual(
    lines.map(({ level, fields: { lost } }) => [level, lost]),
    [
      ["warn", undefined],
      ["info", 3],
    ],
  );
});

test("tee writes to all and closes all", async () => {
  const heard: string[] = [];
  const sink = (name: string) => ({
    write: (values: object) => void heard.push(`${name} ${JSON.stringify(values)}`),
    close: async () => void heard.push(`${name} closed`),
  });
  const both = tee(sink("a"), sink("b"));
  both.write({ x: 1 });
  await both.close();
  assert.deepEqual(heard, ['a {"x":1}', 'b {"x":1}', "a closed", "b closed"]);
});
