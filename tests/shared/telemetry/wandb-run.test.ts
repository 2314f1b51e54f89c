import assert from "node:assert/strict";
import { once } from "node:events";
import { appendFileSync, existsSync, mkdirSync, statSync, symlinkSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { openMetrics } from "#shared/telemetry/open-metrics.js";
import { wandbApi } from "#shared/telemetry/wandb/api.js";
import { metricRecords } from "#shared/telemetry/wandb/metric-steps.js";
import { wandbMetrics } from "#shared/telemetry/wandb/metrics-sink.js";
import { runFolders } from "#shared/telemetry/wandb/run-folders.js";
import { historyFile, openRun, readRun } from "#shared/telemetry/wandb/run-journal.js";
import { runSender } from "#shared/telemetry/wandb/sender.js";
import { temporaryFolder } from "../artifact/temporary.js";
import { capturingLog } from "./capture.js";
import { wandbDouble } from "./wandb-double.js";

const about = { project: "blockzero-miner", name: "miner prose", tags: ["miner"], config: { batch_size: 4 } };

const open = async (t: TestContext) => {
  const folder = join(temporaryFolder(t), "run");
  const service = await wandbDouble(t);
  const api = wandbApi({ apiKey: "k", baseUrl: service.url });
  const write = (...rows: readonly object[]) => {
    const run = openRun(folder, about);
    for (const row of rows) run.append(row);
    run.close();
  };
  const send = async () => {
    const sender = runSender(api, folder);
    await sender.flush();
    await sender.finish();
  };
  const kept = () => [...service.runs.values()][0]!;
  return { folder, service, write, send, kept };
};

describe("a run of Weights & Biases", () => {
  it("is one run over restarts: the same id, rows that follow each other, and the last values of all", async (t) => {
    const { service, write, send, kept } = await open(t);
    write({ cycle: 1, "train/loss": 3 }, { cycle: 1, "train/loss": 2 });
    await send();
    assert.equal(kept().isOver, true);
    write({ cycle: 2, "chain/w_i_score": 0.5 });
    await send();
    assert.equal(service.runs.size, 1);
    assert.deepEqual(
      kept().rows.map(({ _step, cycle }) => [_step, cycle]),
      [
        [0, 1],
        [1, 1],
        [2, 2],
      ],
    );
    const { cycle, "train/loss": loss, "chain/w_i_score": score } = kept().summary;
    assert.deepEqual([cycle, loss, score], [2, 2, 0.5]);
    assert.equal(kept().config.batch_size?.value, 4);
  });

  it("loses nothing to a service that fails, and has nothing twice where its answer was lost", async (t) => {
    const { service, write, send, kept } = await open(t);
    write({ cycle: 1 });
    service.fail(1, 503);
    await assert.rejects(send(), /HTTP status 503/);
    assert.equal(kept().rows.length, 0);
    service.fail(1, 503, "kept");
    await assert.rejects(send(), /HTTP status 503/);
    assert.equal(kept().rows.length, 1);
    write({ cycle: 2 });
    await send();
    assert.deepEqual(
      kept().rows.map(({ cycle }) => cycle),
      [1, 2],
    );
  });

  it("goes on after rows that a crash cut, and begins its file anew when everything was sent", async (t) => {
    const { folder, write, send, kept } = await open(t);
    write({ cycle: 1 });
    appendFileSync(historyFile(folder), '{"cycle":\n');
    write({ cycle: 2, text: "x".repeat(9 << 10) });
    for (let row = 0; row < 1000; row++)
      appendFileSync(historyFile(folder), `${JSON.stringify({ cycle: 3, text: "y".repeat(9 << 10) })}\n`);
    await send();
    assert.equal(kept().rows.length, 1002);
    write({ cycle: 4 });
    assert.ok(statSync(historyFile(folder)).size < 100);
    await send();
    assert.deepEqual([kept().rows.length, kept().rows.at(-1)?.cycle], [1003, 4]);
    assert.equal(readRun(folder)?.sentRows, 1003);
  });

  it("begins its file anew while it goes on, as soon as everything was sent", async (t) => {
    const { folder, service, kept } = await open(t);
    const run = openRun(folder, about);
    t.after(() => run.close());
    const sender = runSender(wandbApi({ apiKey: "k", baseUrl: service.url }), folder);
    for (let row = 0; row < 1000; row++) run.append({ cycle: row, text: "y".repeat(9 << 10) });
    assert.equal(await sender.flush(), 1000);
    for (let cycle = 1000; cycle < 1100; cycle++) run.append({ cycle });
    assert.ok(statSync(historyFile(folder)).size < 100 * 20);
    assert.equal(await sender.flush(), 100);
    for (let cycle = 1100; cycle < 1500; cycle++) run.append({ cycle });
    assert.equal(await sender.flush(), 400);
    assert.deepEqual(
      kept().rows.map(({ cycle }) => cycle),
      Array.from({ length: 1500 }, (_, cycle) => cycle),
    );
  });

  it("has its metrics defined with their steps", async (t) => {
    const { write, send, kept } = await open(t);
    write({ cycle: 1, "train/loss": 3, "train/total_step": 1, "chain/w_i_score": 1, "weights/lost": 1, block: 9 });
    await send();
    const { m } = kept().config._wandb!.value as { m: object[] };
    assert.deepEqual(m, [
      { 1: "train/total_step", 6: [3] },
      { 1: "block", 6: [3] },
      { 1: "cycle", 6: [3] },
      { 1: "chain/w_i_score", 5: 3, 6: [1, 3] },
      { 1: "train/loss", 5: 1, 6: [1, 3] },
      { 1: "weights/lost", 5: 2, 6: [1, 3] },
    ]);
    assert.deepEqual(metricRecords([]).length, 3);
  });

  it("has tables, as files of the run", async (t) => {
    const { write, send, kept } = await open(t);
    write({ cycle: 1, miners: { columns: ["uid", "score"], rows: [[2, 0.5]] } });
    await send();
    const { miners } = kept().rows[0] as { miners: { _type: string; path: string; nrows: number } };
    assert.deepEqual([miners._type, miners.nrows], ["table-file", 1]);
    assert.deepEqual(JSON.parse(kept().files.get(miners.path)!), { columns: ["uid", "score"], data: [[2, 0.5]] });
    const { uploadHeaders } = kept();
    assert.deepEqual(
      ["x-ms-blob-type", "authorization", "transfer-encoding", "x-a"].map((name) => uploadHeaders?.[name]),
      ["BlockBlob", undefined, undefined, undefined],
    );
  });
});

describe("a service that names another address for a file", () => {
  const table = { cycle: 1, miners: { columns: ["uid"], rows: [[2]] } };
  /** What arrives at an address, and what is kept of a run and told where the service names it. */
  const uploaded = async (t: TestContext, named: (port: number) => string, allowPrivateAddresses: boolean) => {
    const arrived: string[] = [];
    const elsewhere = createServer((request, response) => {
      arrived.push(`${request.method} ${request.headers["x-ms-blob-type"]}`);
      response.end();
    }).listen(0, "127.0.0.1");
    await once(elsewhere, "listening");
    t.after(() => elsewhere.close());
    const service = await wandbDouble(t, named((elsewhere.address() as AddressInfo).port));
    const folder = join(temporaryFolder(t), "run");
    const run = openRun(folder, about);
    run.append(table);
    run.append({ cycle: 2 });
    run.close();
    const told: string[] = [];
    const api = wandbApi({ apiKey: "k", baseUrl: service.url, allowPrivateAddresses });
    assert.equal(await runSender(api, folder, (problem) => told.push(problem)).flush(), 2);
    const [kept] = service.runs.values();
    return { arrived, told, rows: kept!.rows };
  };

  it("of this machine or its network gets nothing, and the row is sent without its table", async (t) => {
    for (const named of [
      (port: number) => `http://127.0.0.1:${port}`,
      (port: number) => `http://localhost:${port}`,
      (port: number) => `http://[::1]:${port}`,
      () => "http://169.254.169.254",
      () => "ftp://example.org",
      () => "file:///tmp",
    ]) {
      const { arrived, told, rows } = await uploaded(t, named, false);
      assert.deepEqual(arrived, []);
      assert.deepEqual(rows, [
        { cycle: 1, _step: 0 },
        { cycle: 2, _step: 1 },
      ]);
      assert.equal(told.length, 1);
      assert.match(told[0]!, /^the table miners is left out: the service names /);
    }
  });

  it("gets it where the operator allows private addresses", async (t) => {
    const { arrived, told, rows } = await uploaded(t, (port) => `http://127.0.0.1:${port}`, true);
    assert.deepEqual(arrived, ["PUT BlockBlob"]);
    assert.deepEqual(told, []);
    assert.ok("miners" in rows[0]!);
  });
});

describe("a program's run", () => {
  it("is kept offline, described by its settings and variables, without secrets, and sent later", async (t) => {
    const service = await wandbDouble(t);
    const checkpoint_dir = temporaryFolder(t);
    const { log, lines } = capturingLog();
    const config = {
      checkpoint_dir,
      wandb: true,
      netuid: 7,
      expert_group: "math",
      wallet: { name: "w", hotkey: "ann" },
      chain_endpoint: "wss://user:hunter2@node.example?key=hunter2",
    };
    const env = { WANDB_MODE: "offline", WANDB_TAGS: "rig, a100", WANDB_RUN_GROUP: "home" };
    const sink = openMetrics(config, { role: "miner", log, env });
    sink.write({ cycle: 1, "train/loss": Number.NaN });
    sink.table?.("miners", { columns: ["uid"], rows: [[1]] }, { cycle: 1 });
    await sink.close();
    assert.deepEqual(
      lines.map(({ message }) => message),
      ["metrics are kept for Weights & Biases, and sent by `blockzero wandb sync`"],
    );
    const [folder = ""] = runFolders(checkpoint_dir);
    assert.match(folder, /miner-7-w-ann$/);
    const sender = runSender(wandbApi({ apiKey: "k", baseUrl: service.url }), folder);
    assert.equal(await sender.flush(), 2);
    const [run] = service.runs.values();
    assert.equal(run!.rows[0]!["train/loss"], "NaN");
    const { project, displayName, groupName, jobType, tags } = run!.described;
    assert.deepEqual(
      [project, displayName, groupName, jobType, tags],
      ["blockzero-miner", "miner ann", "home", "miner", ["miner", "math", "rig", "a100"]],
    );
    assert.equal(run!.config.netuid?.value, 7);
    assert.doesNotMatch(JSON.stringify(run), /hunter2/);
    assert.equal(await runSender(wandbApi({ apiKey: "k", baseUrl: service.url }), folder).flush(), 0);
  });

  it("gives one warning where the disk is full, and nothing else ends", {
    skip: existsSync("/dev/full") ? false : "there is no /dev/full here",
  }, async (t) => {
    const folder = join(temporaryFolder(t), "run");
    mkdirSync(folder);
    symlinkSync("/dev/full", historyFile(folder));
    const { log, lines } = capturingLog();
    const sink = wandbMetrics({ ...about, folder, isOffline: true, log });
    for (const cycle of [1, 2, 3]) sink.write({ cycle });
    await sink.close();
    assert.deepEqual(
      lines.map(({ level, message }) => [level, message]),
      [["warn", "metrics for Weights & Biases cannot be written"]],
    );
  });

  it("is another for each hotkey, and disabled leaves no trace", async (t) => {
    const checkpoint_dir = temporaryFolder(t);
    for (const [hotkey, WANDB_MODE] of [
      ["ann", "offline"],
      ["bob", "offline"],
      ["eve", "disabled"],
    ] as const) {
      const config = { checkpoint_dir, wandb: true, netuid: 1, wallet: { name: "w", hotkey } };
      const sink = openMetrics(config, { role: "miner", log: capturingLog().log, env: { WANDB_MODE } });
      sink.write({ cycle: 1 });
      await sink.close();
    }
    const ids = runFolders(checkpoint_dir).map((folder) => readRun(folder)?.id);
    assert.equal(new Set(ids).size, 2);
  });
});
