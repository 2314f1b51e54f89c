import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger, type LoggerOptions } from "#shared/telemetry/logger.js";
import { capturingOutput } from "./capture.js";

const NOON = new Date(2026, 0, 2, 12, 34, 56).getTime();

const logger = (options: Partial<LoggerOptions> = {}, isTTY = false) => {
  const destination = capturingOutput(isTTY);
  const log = createLogger({
    name: "miner",
    level: "info",
    format: "pretty",
    destination,
    env: {},
    now: () => NOON,
    ...options,
  });
  return { log, text: destination.text };
};

test("pretty: time, sign, name, message, fields", () => {
  const { log, text } = logger();
  log.info("trained", { cycle: 3, loss: 2.3456789, group: "math", where: "a b", ids: [1, 2], none: null });
  log.warn("late");
  log.error("lost", { reason: new Error("no\n  route") });
  log.debug("unseen");
  assert.equal(
    text(),
    [
      '12:34:56 • miner  trained  cycle=3 loss=2.34568 group=math where="a b" ids=[1,2] none=null',
      "12:34:56 ▲ miner  late",
      '12:34:56 ✖ miner  lost  reason="no route"',
      "",
    ].join("\n"),
  );
});

test("colours appear on a terminal alone, and never with NO_COLOR", () => {
  const painted = (isTTY: boolean, env: Record<string, string>): boolean => {
    const { log, text } = logger({ env }, isTTY);
    log.info("x", { a: 1 });
    return text().includes("\u001b[");
  };
  assert.equal(painted(true, {}), true);
  assert.equal(painted(true, { NO_COLOR: "" }), true);
  assert.equal(painted(true, { NO_COLOR: "1" }), false);
  assert.equal(painted(false, {}), false);
});

test("json: one object a line, with pino's level and the name", () => {
  const { log, text } = logger({ format: "json", level: "debug" });
  log.debug("a", { block: 10n, bytes: Uint8Array.of(1, 255), msg: "mine" });
  assert.deepEqual(JSON.parse(text()), {
    level: 20,
    time: NOON,
    name: "miner",
    msg: "a",
    block: "10",
    bytes: "01ff",
    msg_: "mine",
  });
  assert.equal(text().match(/\n/g)?.length, 1);
});

test("json: a stranger's text has nothing that a terminal obeys, and is read back as it was", () => {
  const { log, text } = logger({ format: "json" });
  const detail = "\u009b2J\u009d0;title\u0007 \u202egnal\u2066 \u007f\u2028end";
  log.warn(detail, { detail, [detail]: 1 });
  assert.match(text(), /^[\x20-\x7e]+\n$/);
  const { msg, ...fields } = JSON.parse(text());
  assert.deepEqual([msg, fields.detail, fields[detail]], [detail, detail, 1]);
});

test("silent says nothing", () => {
  const { log, text } = logger({ level: "silent" });
  log.error("x");
  assert.equal(text(), "");
});

test("secrets never show, however they are named and nested", () => {
  for (const format of ["pretty", "json"] as const) {
    const { log, text } = logger({ format });
    log.info("connecting to wss://user:hunter2@node.example:9944/x", {
      secretSeed: "hunter2",
      secret_phrase: "hunter2 word",
      WANDB_API_KEY: "hunter2",
      wallet: { password: "hunter2", list: [{ mnemonic: "hunter2" }] },
      headers: { Authorization: "Basic hunter2" },
      url: "https://hunter2@host/path",
      fault: new Error("cannot reach ws://a:hunter2@b"),
      token: "moby",
      seed: 42,
    });
    assert.ok(!text().includes("hunter2"), text());
    assert.match(text(), /wss:\/\/\[redacted\]@node\.example:9944\/x/);
    assert.match(text(), /seed"?[=:]42/, "a training seed is no secret");
  }
});

test("what a remote party sends cannot write to the terminal or forge a line", () => {
  const { log, text } = logger();
  log.info("peer said \u001b[2J\nfake", { reason: "a\nb\u001b[31m", "k\ney": 1, rtl: "\u202eabc" });
  assert.equal(
    text(),
    '12:34:56 • miner  peer said \\u001b[2J\\u000afake  reason="a\\nb\\u001b[31m" k\\u000aey=1 rtl=\\u202eabc\n',
  );
});

test("a field too large, too deep or circular is bounded", () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const { log, text } = logger();
  log.info("big", { circular, text: "x".repeat(1e6), list: new Array(1e5).fill(1), bytes: new Uint8Array(1e6) });
  assert.ok(text().length < 8_000, `${text().length}`);
  assert.match(text(), /bytes="\[1000000 bytes\]"/);
});

test("a destination that takes no line ends nothing", () => {
  let isFull = true;
  const lines: string[] = [];
  const { log } = logger({
    destination: {
      write: (line) => {
        if (isFull) throw new Error("ENOSPC: no space left on device, write");
        lines.push(line);
      },
    },
  });
  log.warn("lost");
  isFull = false;
  log.info("again");
  assert.deepEqual(lines, ["12:34:56 • miner  again\n"]);
});
