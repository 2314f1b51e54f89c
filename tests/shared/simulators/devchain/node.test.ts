import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { before, describe, it, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { setCommitment } from "#shared/chain/call.js";
import { systemClock } from "#shared/chain/clock.js";
import type { Call } from "#shared/chain/devchain/calls.js";
import { connectDevchain } from "#shared/chain/devchain/client.js";
import { genesisSchema } from "#shared/chain/devchain/genesis.js";
import { TOUCH_MS } from "#shared/files/lock-file.js";
import { processPlace } from "#shared/files/process-place.js";
import type { LocalKey } from "#shared/protocol/signer.js";
import { Fault } from "#shared/simulators/devchain/fault.js";
import { type DevNode, type NodeOptions, openNode } from "#shared/simulators/devchain/node.js";
import { POOL_PER_SIGNER } from "#shared/simulators/devchain/pool.js";
import { coded } from "#tests/support/coded.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { localExtrinsic } from "../../../support/local-signing.js";
import {
  collectingLog,
  type Keys,
  makeGenesis,
  makeKeys,
  manualClock,
  NETUID,
  temporaryHome,
} from "../../chain/support.js";

let keys: Keys;
before(async () => {
  keys = await makeKeys();
});

const open = (home: string, options: Partial<NodeOptions> = {}): Promise<DevNode> =>
  openNode({
    home,
    genesis: genesisSchema.parse(makeGenesis(keys)),
    blockTimeMs: 0,
    retention: 4096,
    clock: systemClock,
    log: collectingLog().log,
    ...options,
  });

const openForTest = async (t: TestContext, options: Partial<NodeOptions> = {}): Promise<DevNode> => {
  const home = await temporaryHome(t);
  const node = await open(home, options);
  t.after(() => node.close());
  return node;
};

const commitCall = (data: string): Call => ({ name: "setCommitment", args: { netuid: NETUID, data } });
const signed = (node: DevNode, signer: LocalKey, data: string, nonce = node.nextNonce(signer.address)) =>
  localExtrinsic(node.history.latest.genesisHash, nonce, commitCall(data), signer);
const refused = (reason: string) => (error: unknown) => error instanceof Fault && error.reason === reason;

describe("the pool", () => {
  it("refuses what is forged, foreign, replayed or ahead of its time", async (t) => {
    const node = await openForTest(t);
    const good = signed(node, keys.miner, "one");
    assert.throws(() => node.submit({ ...good, call: commitCall("two") }), refused("BadProof"));
    assert.throws(() => node.submit({ ...good, signer: keys.other.address }), refused("BadProof"));
    assert.throws(() => node.submit({ ...good, genesis: "0".repeat(64) }), refused("BadGenesis"));
    assert.throws(() => node.submit(signed(node, keys.miner, "one", 1)), refused("Future"));
    assert.equal(node.submit(good).status, "pool");
    assert.throws(() => node.submit(signed(node, keys.miner, "two", 0)), refused("Stale"));
    node.newBlocks(1);
    assert.throws(() => node.submit(signed(node, keys.miner, "two", 0)), refused("Stale"));
    assert.equal(node.history.latest.nonces.get(keys.miner.address), 1);
  });

  it("takes one extrinsic once, however often it is sent", async (t) => {
    const node = await openForTest(t);
    const extrinsic = signed(node, keys.miner, "one");
    const { hash } = node.submit(extrinsic);
    const sameRequest = signed(node, keys.miner, "one", 0);
    assert.notEqual(sameRequest.signature, extrinsic.signature, "sr25519 signatures are randomised");
    assert.deepEqual(node.submit(sameRequest), { status: "pool", hash });
    node.newBlocks(1);
    const again = node.submit(extrinsic);
    assert.deepEqual([again.status, again.hash], ["included", hash]);
    node.newBlocks(1);
    assert.equal(node.history.latest.nonces.get(keys.miner.address), 1);
  });

  it("limits what one signer may have waiting, and survives any rubbish", async (t) => {
    const node = await openForTest(t);
    for (let i = 0; i < POOL_PER_SIGNER; i++) node.submit(signed(node, keys.miner, `n${i}`));
    assert.throws(() => node.submit(signed(node, keys.miner, "too many")), refused("TooManyPending"));
    const good = signed(node, keys.other, "x");
    const rubbish = [null, 7, "x", [], {}, { ...good, extra: 1 }, { ...good, nonce: -1 }, { ...good, signature: "00" }];
    const wrongCalls = [
      { ...good, call: { name: "drain", args: {} } },
      { ...good, call: commitCall("x".repeat(129)) },
    ];
    for (const raw of [...rubbish, ...wrongCalls]) assert.throws(() => node.submit(raw), refused("Malformed"));
    const long = { name: "faucet" as const, args: { account: keys.sudo.address, amount: "1" } };
    const huge = localExtrinsic(good.genesis, 0, { name: "sudo", args: { calls: Array(256).fill(long) } }, keys.sudo);
    assert.equal(node.submit(huge).status, "pool");
    const subnet = (netuid: number) => ({
      name: "createSubnet" as const,
      args: { ...genesisSchema.parse(makeGenesis(keys)).subnets[0]!, netuid },
    });
    const calls = Array.from({ length: 120 }, (_, i) => subnet(i + 2));
    const over = localExtrinsic(good.genesis, 1, { name: "sudo", args: { calls } }, keys.sudo);
    assert.throws(() => node.submit(over), refused("ExtrinsicTooLarge"));
  });
});

describe("block production", () => {
  it("follows the clock, and stops where the block time is zero", async (t) => {
    const { clock, advance } = manualClock();
    const node = await openForTest(t, { clock, blockTimeMs: 1000 });
    advance(999);
    assert.equal(node.history.head.number, 0);
    advance(2001);
    assert.equal(node.history.head.number, 3);
    assert.equal(node.history.head.timestamp, clock.now());
    node.setBlockTime(0);
    advance(10_000);
    assert.equal(node.history.head.number, 3);
  });

  it("keeps as many states as it is told to", async (t) => {
    const node = await openForTest(t, { retention: 3 });
    node.newBlocks(5);
    assert.equal(node.history.state(3).block, 3);
    assert.throws(() => node.history.state(2), refused("STATE_DISCARDED"));
    assert.throws(() => node.history.state(6), refused("BLOCK_UNKNOWN"));
    assert.equal(node.history.headAt(0).hash, node.history.latest.genesisHash);
  });
});

describe("a home", () => {
  it("gives the same chain again", async (t) => {
    const home = await temporaryHome(t);
    const first = await open(home);
    first.submit(signed(first, keys.miner, "kept"));
    first.newBlocks(12);
    const before = first.history.latest;
    first.close();
    const second = await open(home);
    t.after(() => second.close());
    assert.deepEqual(second.history.latest, before);
    assert.deepEqual(second.history.heads(0, 20).length, 13);
  });

  it("loses no whole block to a torn write, and goes on after it", async (t) => {
    const home = await temporaryHome(t);
    const path = join(home, "blocks.jsonl");
    const first = await open(home);
    first.newBlocks(3);
    const { hash } = first.history.head;
    first.close();
    const whole = await readFile(path, "utf8");
    const lastLine = whole.trimEnd().split("\n").at(-1)!;
    for (const torn of [lastLine.slice(0, 40), "\0\0\0\0", "{}garbage\n"]) {
      await writeFile(path, whole + torn);
      const { log, lines } = collectingLog();
      const node = await open(home, { log });
      assert.equal(node.history.head.hash, hash);
      assert.equal(lines.filter(({ level }) => level === "warn").length, 1);
      node.close();
      assert.equal(await readFile(path, "utf8"), whole);
    }
  });

  it("is refused when altered, damaged within, of another genesis, or in use", async (t) => {
    const home = await temporaryHome(t);
    const path = join(home, "blocks.jsonl");
    const first = await open(home);
    await assert.rejects(open(home), coded("HOME_IN_USE"));
    first.submit(signed(first, keys.miner, "original"));
    first.newBlocks(3);
    first.close();
    const other = genesisSchema.parse({ ...makeGenesis(keys), name: "other" });
    await assert.rejects(open(home, { genesis: other }), coded("GENESIS_MISMATCH"));
    const whole = await readFile(path, "utf8");
    await writeFile(path, whole.replace("original", "forgered"));
    await assert.rejects(open(home), coded("BLOCK_INVALID"));
    await writeFile(path, whole.replace('"extrinsics":[]', '"extrinsics":7'));
    await assert.rejects(open(home), coded("CHAIN_LOG_CORRUPT"));
  });

  it("gets no further block once another process took it over", async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const home = await temporaryHome(t);
    const node = await open(home);
    t.after(() => node.close());
    node.newBlocks(1);
    await writeFile(join(home, "lock"), "another's");
    t.mock.timers.tick(TOUCH_MS);
    assert.throws(() => node.newBlocks(1), coded("HOME_IN_USE", /was taken over/));
    assert.throws(() => node.undoBlock(true), coded("HOME_IN_USE", /was taken over/));
    assert.equal(node.history.head.number, 1);
  });

  it("is taken over from a process that is gone", async (t) => {
    const home = await temporaryHome(t);
    const child = spawn(process.execPath, ["-e", ""]);
    await once(child, "exit");
    const lock = join(home, "lock");
    const place = processPlace();
    for (const pid of [child.pid, process.pid]) {
      await writeFile(lock, JSON.stringify({ pid, started: "1", ...place }));
      (await open(home)).close();
    }
    await writeFile(lock, "rubbish");
    await assert.rejects(open(home), coded("HOME_IN_USE"));
    await utimes(lock, 0, 0);
    (await open(home)).close();
    await writeFile(lock, JSON.stringify({ pid: process.ppid, started: null, ...place }));
    await assert.rejects(open(home), coded("HOME_IN_USE"));
  });
});

describe("a devchain process", { timeout: HANG_GUARD }, () => {
  const start = async (t: TestContext, home: string, blockTimeMs: number) => {
    const script = fileURLToPath(new URL("../../chain/devchain-process.js", import.meta.url));
    const child: ChildProcess = spawn(
      process.execPath,
      [script, home, JSON.stringify(makeGenesis(keys)), String(blockTimeMs)],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    t.after(() => child.kill("SIGKILL"));
    const [endpoint] = (await once(createInterface({ input: child.stdout! }), "line")) as [string];
    const kill = async () => {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    };
    return { endpoint, kill };
  };

  it("killed in the middle of its work goes on with the same blocks and state", async (t) => {
    const home = await temporaryHome(t);
    const first = await start(t, home, 10);
    const before = await connectDevchain({ endpoint: first.endpoint });
    const inclusion = await before.submit(setCommitment(NETUID, "survives"), keys.miner);
    const seen = await new Promise<{ number: number; hash: string }>((resolve) => {
      before.onHead((head) => head.number >= inclusion.block + 5 && resolve(head), t.signal);
    });
    const metagraph = await before.metagraph(NETUID, seen.number);
    await first.kill();
    await before.close();

    const second = await start(t, home, 0);
    const after = await connectDevchain({ endpoint: second.endpoint });
    t.after(() => after.close());
    assert.equal(after.genesisHash, before.genesisHash);
    assert.equal(await after.blockHash(seen.number), seen.hash);
    assert.deepEqual(await after.metagraph(NETUID, seen.number), metagraph);
    const [commitment] = await after.commitments(NETUID);
    assert.deepEqual(commitment, { hotkey: keys.miner.address, data: "survives", block: inclusion.block });
    const { number } = await after.head();
    assert.equal((await after.newBlocks(1)).number, number + 1);
    assert.equal(await after.nonce(keys.miner.address), 1);
  });
});
