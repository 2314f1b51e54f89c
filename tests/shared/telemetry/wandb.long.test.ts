import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createRawServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { BlockZeroError, formatError } from "#shared/errors/error.js";
import { type MetricsConfig, openMetrics } from "#shared/telemetry/open-metrics.js";
import { wandbMetrics } from "#shared/telemetry/wandb/metrics-sink.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { type Behaviour, HTTP_BEHAVIOURS, listenRaw } from "../../support/hostile-server.js";
import { temporaryFolder } from "../artifact/temporary.js";
import { capturingLog } from "./capture.js";

interface Request {
  readonly path: string;
  readonly authorization: string;
  readonly body: string;
}

const KEY = "k".repeat(40);

/** A loopback server that answers what Weights & Biases would: the viewer, the run, and the file stream. */
const listen = async (context: TestContext, answer: (request: Request) => { status: number; body: object }) => {
  const requests: Request[] = [];
  const server: Server = createServer(async (incoming, response) => {
    const request = {
      path: incoming.url ?? "",
      authorization: incoming.headers.authorization ?? "",
      body: await text(incoming),
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

const options = (context: TestContext) => ({
  folder: join(temporaryFolder(context), "run"),
  project: "blockzero-miner",
  name: "hotkey",
  tags: [],
  config: { batch_size: 4, password: "hunter2" },
});

test("metrics, configuration and key arrive at WANDB_BASE_URL", async (context) => {
  const { requests, url } = await listen(context, takes);
  const { log, lines } = capturingLog();
  const sink = wandbMetrics({ ...options(context), log, env: { WANDB_API_KEY: KEY, WANDB_BASE_URL: `${url}/` } });
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

const metricsConfig = (context: TestContext, more: Partial<MetricsConfig> = {}): MetricsConfig => ({
  checkpoint_dir: temporaryFolder(context),
  wandb: true,
  netuid: 1,
  wallet: { name: "demo", hotkey: "prose" },
  ...more,
});

test("what the service's own variables switch off is not sent, needs no key, and is said with the file that has it", async (context) => {
  const { requests, url } = await listen(context, takes);
  for (const env of [
    { WANDB_MODE: "disabled" },
    { WANDB_MODE: "disabled", WANDB_API_KEY: KEY },
    { WANDB_DISABLED: "true", WANDB_API_KEY: KEY },
  ]) {
    const config = metricsConfig(context);
    const { log, lines } = capturingLog();
    const sink = openMetrics(config, { role: "miner", log, env: { ...env, WANDB_BASE_URL: url } });
    sink.write({ loss: 2 });
    await sink.close();
    const [[name, value]] = Object.entries(env) as [[string, string]];
    const metrics = join(config.checkpoint_dir, "metrics.jsonl");
    assert.deepEqual(lines, [
      {
        level: "info",
        message: "nothing is sent to Weights & Biases",
        fields: { because: `${name}=${value}`, metrics },
      },
    ]);
    assert.match(readFileSync(metrics, "utf8"), /"loss":2/);
  }
  assert.equal(requests.length, 0);
});

test("entity and project: a setting, else the service's own variable, else the key's own and the role's", async (context) => {
  const variables = { WANDB_ENTITY: "theirs", WANDB_PROJECT: "p" };
  const cases: readonly (readonly [Partial<MetricsConfig>, Readonly<Record<string, string>>, string])[] = [
    [{}, {}, "/files/team/blockzero-miner/"],
    [{}, variables, "/files/theirs/p/"],
    [{ wandb_entity: "ours", wandb_project: "q" }, variables, "/files/ours/q/"],
  ];
  for (const [settings, env, path] of cases) {
    const { requests, url } = await listen(context, takes);
    const sink = openMetrics(metricsConfig(context, settings), {
      role: "miner",
      log: capturingLog().log,
      env: { ...env, WANDB_API_KEY: `"${KEY}"\r\n`, WANDB_BASE_URL: url },
    });
    sink.write({ loss: 2 });
    await sink.close();
    assert.ok(requests.every(({ authorization }) => authorization === `Basic ${btoa(`api:${KEY}`)}`));
    const files = requests.map((request) => request.path).filter((sent) => sent.startsWith("/files/"));
    assert.ok(files.length > 0 && files.every((sent) => sent.startsWith(path)), `${path}: ${files}`);
  }
});

test("without a key nothing starts", (context) => {
  const { log } = capturingLog();
  for (const key of [undefined, "", "  "]) {
    assert.throws(
      () => wandbMetrics({ ...options(context), log, env: { WANDB_API_KEY: key } }),
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
    const sink = wandbMetrics({ ...options(context), log, env: { WANDB_API_KEY: KEY, WANDB_BASE_URL: url } });
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
    ...options(context),
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
  const sink = wandbMetrics({ ...options(context), log, env: { WANDB_API_KEY: KEY, WANDB_BASE_URL: url } });
  await sink.close();
  assert.deepEqual(
    ["SIGINT", "SIGTERM", "beforeExit"].map((signal) => process.listenerCount(signal)),
    before,
  );
});

/** Waits for the first connection, or for the end of the sink's hope. */
const hostileService = async (context: TestContext, behave: Behaviour, from: "start" | "file stream") => {
  let seen = () => {};
  const asked = new Promise<void>((resolve) => {
    seen = resolve;
  });
  const server = createRawServer({ allowHalfOpen: true });
  const url = await listenRaw(context, server, (socket) => {
    if (from === "start") {
      seen();
      behave(socket);
      return;
    }
    let text = "";
    const listen = (data: Buffer) => {
      text += data.toString("latin1");
      if (!text.startsWith("POST /graphql") && !text.startsWith("GET")) {
        socket.off("data", listen);
        seen();
        behave(socket);
        socket.emit("data", data);
        return;
      }
      const [, length] = /\r\ncontent-length: (\d+)/i.exec(text) ?? [];
      const body = text.split("\r\n\r\n")[1] ?? "";
      if (body.length < Number(length ?? 0) || !text.includes("\r\n\r\n")) return;
      const answer = JSON.stringify(takes({ path: "", authorization: "", body }).body);
      socket.end(
        `HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${answer.length}\r\n\r\n${answer}`,
      );
    };
    socket.on("data", listen);
  });
  return { url: `http://${url}`, asked };
};

/** Longest that closing may wait for the service, in milliseconds. */
const PATIENCE = 500;

/** What a service that answered at first does with every later request, of each kind one. */
const LATER: readonly string[] = [
  "reads and is silent",
  "closes when asked",
  "resets when asked",
  "switches protocols",
  "continues for ever",
  "sends headers without end",
  "drips chunks",
  "sends a body without an end",
  "breaks off in a chunk",
  "counts below nothing",
  "redirects to a file",
  "speaks TLS",
  "sends a gzip bomb",
];

for (const [from, behaviours] of [
  ["start", Object.entries(HTTP_BEHAVIOURS)],
  ["file stream", LATER.map((name) => [name, HTTP_BEHAVIOURS[name]!] as const)],
] as const)
  test(`a hostile server holds up no program and ends none, from the ${from} on`, {
    timeout: HANG_GUARD,
  }, async (context) => {
    const play = async (name: string, behave: Behaviour) => {
      const { url, asked } = await hostileService(context, behave, from);
      const { log, lines } = capturingLog();
      const env = { WANDB_API_KEY: KEY, WANDB_BASE_URL: url };
      const sink = wandbMetrics({ ...options(context), log, closeWithinMs: PATIENCE, env });
      for (let step = 0; step < 100; step++) sink.write({ step });
      await asked;
      sink.write({ step: 100 });
      await sink.close();
      for (const { level, fields } of lines)
        assert.ok((level === "warn" || level === "info") && !JSON.stringify(fields).includes(KEY), name);
      assert.ok(lines.length < 30, `${name}: ${lines.length} lines`);
    };
    // A few at a time: each has a thread of its own.
    const waiting = [...behaviours];
    const some = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) await play(next[0], next[1]);
    };
    await Promise.all([some(), some(), some()]);
  });

test("an answer without end, or in an encoding that may swell, is cut before it fills the memory", async (context) => {
  const chunk = `ffff\r\n${"x".repeat(0xffff)}\r\n`;
  const answers: readonly (readonly [RegExp, string])[] = [
    [/answers with more than 65536 bytes/, "transfer-encoding: chunked\r\n\r\n"],
    [/answers in the encoding br/, "content-encoding: br\r\ntransfer-encoding: chunked\r\n\r\n"],
  ];
  for (const [reason, headers] of answers) {
    const { url } = await hostileService(
      context,
      (socket) =>
        socket.once("data", () => {
          const more = () => {
            while (socket.writable && socket.write(chunk));
            socket.once("drain", more);
          };
          socket.write(`HTTP/1.1 200 OK\r\n${headers}`);
          more();
        }),
      "start",
    );
    const { log, lines } = capturingLog();
    const sink = wandbMetrics({ ...options(context), log, env: { WANDB_API_KEY: KEY, WANDB_BASE_URL: url } });
    await sink.close();
    assert.ok(
      lines.some(({ fields }) => reason.test(String(fields.reason))),
      JSON.stringify(lines),
    );
  }
});
