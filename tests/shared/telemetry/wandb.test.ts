import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { BlockZeroError, formatError } from "#shared/errors.js";
import { wandbMetrics } from "#shared/telemetry/wandb.js";
import { capturingLog } from "./capture.js";

interface Request {
  readonly path: string;
  readonly authorization: string;
  readonly body: string;
}

const KEY = "k".repeat(40);

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
};

/** A loopback server that answers what Weights & Biases would: the viewer, the run, and the file stream. */
const listen = async (context: TestContext, answer: (request: Request) => { status: number; body: object }) => {
  const requests: Request[] = [];
  const server: Server = createServer(async (incoming, response) => {
    const request = {
      path: incoming.url ?? "",
      authorization: incoming.headers.authorization ?? "",
      body: await bodyOf(incoming),
    };
    requests.push(request);
    const { status, body } = answer(request);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  return { requests, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
};

const takes = ({ body }: Request): { status: number; body: object } => ({
  status: 200,
  body: {
    data: body.includes("viewer")
      ? { viewer: { entity: "team" } }
      : { upsertBucket: { bucket: { displayName: "run" } } },
  },
});

const options = { project: "blockzero-miner", name: "hotkey", config: { batch_size: 4, password: "hunter2" } };

test("metrics, configuration and key arrive at WANDB_BASE_URL", async (context) => {
  const { requests, url } = await listen(context, takes);
  const { log, lines } = capturingLog();
  const sink = wandbMetrics({ ...options, log, env: { WANDB_API_KEY: KEY, WANDB_BASE_URL: `${url}/` } });
  sink.write({ "train/loss": 2.5, step: 1 });
  sink.write({ "train/loss": 2.25, step: 2 });
  await sink.close();
  sink.write({ "after/close": 1 });
  await sink.close();

  assert.deepEqual(
    lines.filter(({ level }) => level !== "info"),
    [],
  );
  assert.ok(requests.every(({ authorization }) => authorization === `Basic ${btoa(`api:${KEY}`)}`));
  const upsert = requests.find(({ body }) => body.includes("mutation UpsertBucket"));
  assert.match(upsert?.body ?? "", /batch_size/);
  assert.ok(!requests.some(({ body }) => body.includes("hunter2")));

  const history = requests
    .filter(({ path }) => /^\/files\/team\/blockzero-miner\/[a-z0-9]+\/file_stream$/.test(path))
    .flatMap(({ body }): string[] => JSON.parse(body).files?.["wandb-history.jsonl"]?.content ?? [])
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    history.map((row) => [row["train/loss"], row.step]),
    [
      [2.5, 1],
      [2.25, 2],
    ],
  );
});

test("without a key nothing starts", () => {
  const { log } = capturingLog();
  for (const key of [undefined, "", "  "]) {
    assert.throws(
      () => wandbMetrics({ ...options, log, env: { WANDB_API_KEY: key } }),
      (thrown) =>
        thrown instanceof BlockZeroError &&
        formatError(thrown) ===
          "✖ WANDB_API_KEY_MISSING wandb is on, but WANDB_API_KEY is not set → put the key from https://wandb.ai/authorize into the environment or .env, or set wandb: false",
    );
  }
});

test("a server that refuses the key, and one that is not there, are warnings", async (context) => {
  const refusing = await listen(context, () => ({ status: 401, body: { errors: [{ message: "no such key" }] } }));
  for (const url of [refusing.url, "http://127.0.0.1:1"]) {
    const { log, lines } = capturingLog();
    const sink = wandbMetrics({ ...options, log, env: { WANDB_API_KEY: KEY, WANDB_BASE_URL: url } });
    sink.write({ loss: 1 });
    await sink.close();
    assert.ok(lines.length > 0, url);
    assert.ok(
      lines.every(({ level, fields }) => level === "warn" && !JSON.stringify(fields).includes(KEY)),
      JSON.stringify(lines),
    );
  }
});

test("a server that fails in mid-run holds up neither writing nor closing", async (context) => {
  const { url } = await listen(context, (request) =>
    request.path.startsWith("/files/") ? { status: 503, body: {} } : takes(request),
  );
  const { log, lines } = capturingLog();
  const sink = wandbMetrics({
    ...options,
    log,
    closeWithinMs: 30_000,
    env: { WANDB_API_KEY: KEY, WANDB_BASE_URL: url },
  });
  for (let step = 0; step < 100; step++) sink.write({ step });
  await sink.close();
  assert.deepEqual(
    lines.filter(({ level }) => level !== "info").map(({ level, fields }) => [level, fields.reason]),
    [["warn", "HTTP status 503"]],
  );
});

test("the program's own signal handling stays as it was", async (context) => {
  const { url } = await listen(context, takes);
  const before = ["SIGINT", "SIGTERM", "beforeExit"].map((signal) => process.listenerCount(signal));
  const { log } = capturingLog();
  const sink = wandbMetrics({ ...options, log, env: { WANDB_API_KEY: KEY, WANDB_BASE_URL: url } });
  await sink.close();
  assert.deepEqual(
    ["SIGINT", "SIGTERM", "beforeExit"].map((signal) => process.listenerCount(signal)),
    before,
  );
});
