import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { WebSocketServer } from "ws";
import { stringify } from "yaml";
import { openArithmetic } from "#datasets/arithmetic.js";
import { storeGenesis } from "#owner/genesis/genesis.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { temporaryFolder } from "../shared/artifact/temporary.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { listenRaw } from "../support/hostile-server.js";
import { parameters, template } from "../support/micro-network.js";
import { type Ended, type Program, startFor } from "./process.js";
import { smallNetwork } from "./small-network.js";

/** A chain that takes calls and never answers. */
const silentChain = async (t: TestContext) => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  t.after(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  const called = new Promise((resolve) => server.once("connection", resolve));
  return { endpoint: `ws://127.0.0.1:${port}`, called };
};

/** A Hub that takes requests and never answers, and where a program asks it. */
const silentHub = async (t: TestContext) => {
  const cwd = temporaryFolder(t);
  mkdirSync(join(cwd, "tmp"));
  let hear = () => {};
  const called = new Promise<void>((resolve) => {
    hear = resolve;
  });
  const hub = await listenRaw(t, createServer(), () => hear());
  const env = { HF_ENDPOINT: `http://${hub}`, HF_TOKEN: "hf_token", TMPDIR: join(cwd, "tmp") };
  return { cwd, env, called };
};

/** A program that seals for as long as it is let. */
const sealing = async (t: TestContext) => {
  const cwd = temporaryFolder(t);
  const { document } = openArithmetic();
  const texts = Array.from({ length: 20_000 }, (_, i) => `${JSON.stringify({ text: document(i) })}\n`);
  writeFileSync(join(cwd, "held-back.jsonl"), texts.join(""));
  writeFileSync(join(cwd, "template.yaml"), stringify(smallNetwork));
  const args = ["seal", "held-back.jsonl", "--network", "template.yaml", "--group", "math", "--out", "genesis"];
  const running = startFor(t, "blockzero", [...args, "--envelope", "1"], { cwd });
  await running.said(/envelope 1\/20000/);
  return { running, home: join(cwd, "genesis") };
};

const STOPPED = "✖ STOPPED it was stopped before its end → run it again\n";

const stopped = ({ status, stdout, stderr }: Ended, expected: number) => {
  assert.equal(stdout, "");
  assert.ok(stderr.endsWith(STOPPED), stderr);
  assert.doesNotMatch(stderr, /INTERNAL|\bat .+:\d+:\d+/);
  assert.equal(status, expected);
};

describe("a program that a signal stops says so in one line", { timeout: HANG_GUARD }, () => {
  const calls: readonly (readonly [Program, NodeJS.Signals, number, (endpoint: string) => readonly string[]])[] = [
    ["blockzero", "SIGINT", 130, (chain) => ["audit", "--chain", chain, "--netuid", "1"]],
    ["blockzero", "SIGTERM", 143, (chain) => ["explain", "--uid", "1", "--chain", chain, "--netuid", "1"]],
    ["blockzero-miner", "SIGINT", 130, (chain) => ["score", "0", "--chain_endpoint", chain, "--wallet.path", "none"]],
  ];
  for (const [program, signal, status, argsOf] of calls)
    it(`${program} ${argsOf("…")[0]} while it waits for a chain`, async (t) => {
      const { endpoint, called } = await silentChain(t);
      const running = startFor(t, program, argsOf(endpoint), { cwd: temporaryFolder(t) });
      await called;
      const ended = await running.stop(signal);
      stopped(ended, status);
      assert.equal(ended.stderr, STOPPED);
    });

  const fetching: readonly (readonly string[])[] = [
    ["model", "pull", "hf://a/b", "--out", "out"],
    ["network", "check", "template.yaml", "--from", "hf://a/b"],
    ["subnet", "create", "--network", "template.yaml", "--from", "hf://a/b"],
    ["genesis", "--network", "template.yaml", "--out", "out", "--from", "hf://a/b"],
    ["data", "pack", `hf://datasets/a/b@${"0".repeat(40)}`, "--tokenizer", "byte", "--out", "out"],
  ];
  for (const args of fetching)
    it(`blockzero ${args.slice(0, 2).join(" ")} while it waits for the Hub, and nothing of its own stays`, async (t) => {
      const { cwd, env, called } = await silentHub(t);
      writeFileSync(join(cwd, "template.yaml"), stringify({ ...smallNetwork, model: "from-checkpoint" }));
      const running = startFor(t, "blockzero", args, { cwd, env });
      await called;
      stopped(await running.stop("SIGINT"), 130);
      assert.deepEqual(readdirSync(join(cwd, "tmp")), []);
    });

  it("blockzero model push while it waits for the Hub, and nothing of its export stays", async (t) => {
    const { cwd, env, called } = await silentHub(t);
    const home = join(cwd, "home");
    await storeGenesis(directoryStore(join(home, "owner", "blobs")), template, parameters);
    const running = startFor(t, "blockzero", ["model", "push", "hf://a/b", "--home", "home"], { cwd, env });
    await called;
    assert.deepEqual(readdirSync(join(home, "blockzero-push")).sort(), ["lock", "model"]);
    stopped(await running.stop("SIGINT"), 130);
    assert.deepEqual([readdirSync(home), readdirSync(join(cwd, "tmp"))], [["owner"], []]);
  });

  it("blockzero seal while it seals", async (t) => {
    const { running } = await sealing(t);
    stopped(await running.stop("SIGINT"), 130);
  });
});

it("a program whose folder another process took over says so, and ends", { timeout: HANG_GUARD }, async (t) => {
  const { running, home } = await sealing(t);
  writeFileSync(join(home, "lock"), "another's");
  const { status, stdout, stderr } = await running.ended;
  assert.deepEqual([status, stdout], [2, ""]);
  assert.match(stderr, /✖ HOME_IN_USE genesis was taken over by another process.*\n$/);
  assert.equal(readFileSync(join(home, "lock"), "utf8"), "another's");
});
