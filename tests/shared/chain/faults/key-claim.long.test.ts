import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { before, describe, it, type TestContext } from "node:test";
import { setImmediate as yieldToEvents } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { checkKeyFolder, keyFolderOf, openKeyClaims } from "#shared/chain/writer/key-lock.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { startDevchain } from "#shared/simulators/devchain/start.js";
import { coded } from "#tests/support/coded.js";
import { HANG_GUARD } from "../../../support/hang-guard.js";
import { type Keys, makeGenesis, makeKeys, manualClock, temporaryHome } from "../support.js";

let keys: Keys;
before(async () => {
  keys = await makeKeys();
});

const program = fileURLToPath(new URL("writer-process.js", import.meta.url));
const genesisHash = "ab".repeat(32);
const forever = new AbortController().signal;

const start = async (t: TestContext, blockTimeMs: number) => {
  const home = await temporaryHome(t);
  const genesis = { ...makeGenesis(keys), commitmentSpace: 1_000_000 };
  const node = await startDevchain({ home, genesis, port: 0, blockTimeMs });
  t.after(() => node.close());
  const keyFolder = await temporaryHome(t);
  const write = (name: string, count: number): ChildProcess => {
    const args = [program, node.endpoint, keyFolder, "//Miner", name, String(count)];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    t.after(() => child.kill("SIGKILL"));
    return child;
  };
  /** Values in the chain's blocks. */
  const values = () => readFileSync(join(home, "blocks.jsonl"), "utf8").match(/"data":"[a-z]+ \d+"/g) ?? [];
  return { node, keyFolder, write, values };
};

describe("two processes with one key", { timeout: HANG_GUARD }, () => {
  it("write by turns, and neither loses or doubles a write", async (t) => {
    const { write, values } = await start(t, 20);
    const [a, b] = [write("a", 8), write("b", 8)];
    const codes = await Promise.all([once(a, "exit"), once(b, "exit")]);
    assert.deepEqual(codes.flat(), [0, null, 0, null]);
    const expected = ["a", "b"].flatMap((name) => Array.from({ length: 8 }, (_, i) => `"data":"${name} ${i}"`));
    assert.deepEqual(values().sort(), expected.sort());
  });

  it("the second goes on where the first was killed, and finds what it had sent", async (t) => {
    const { node, keyFolder, write, values } = await start(t, 0);
    const first = write("same", 1);
    const home = join(keyFolder, node.genesisHash.slice(0, 16), keys.miner.address);
    const holds = (file: string, text: string) => {
      try {
        return readFileSync(join(home, file), "utf8").includes(text);
      } catch {
        return false;
      }
    };
    while (!holds("unsettled.json", "same 0")) await yieldToEvents();
    first.kill("SIGKILL");
    await once(first, "exit");
    const second = write("same", 1);
    const lines = createInterface({ input: second.stdout! });
    const said = once(lines, "line");
    // Blocks that pass while it starts would make what was sent too old to be taken up.
    while (!holds("lock", String(second.pid))) await yieldToEvents();
    node.setBlockTime(20);
    await said;
    await once(second, "exit");
    assert.deepEqual(values(), ['"data":"same 0"']);
  });
});

describe("a claim on a key", { timeout: HANG_GUARD }, () => {
  it("is waited for until the deadline, then says who holds it", async (t) => {
    const { clock, advance } = manualClock();
    const start = clock.now();
    const claims = openKeyClaims({ folder: await temporaryHome(t), genesisHash, clock, waitMs: 5000 });
    const held = await claims.claim("5Key", forever);
    let waits = true;
    const refused = assert
      .rejects(claims.claim("5Key", forever), coded("KEY_IN_USE", new RegExp(`process ${process.pid} `)))
      .finally(() => {
        waits = false;
      });
    const other = await claims.claim("5Other", forever);
    while (waits) {
      advance(100);
      await yieldToEvents();
    }
    await refused;
    assert.equal(clock.now() - start, 5000);
    other.release();
    held.release();
    held.release();
    (await claims.claim("5Key", forever)).release();
  });

  it("records nothing once another process took it over", async (t) => {
    const folder = await temporaryHome(t);
    const claim = await openKeyClaims({ folder, genesisHash }).claim("5Key", forever);
    const home = join(folder, genesisHash.slice(0, 16), "5Key");
    writeFileSync(join(home, "lock"), "another's");
    writeFileSync(join(home, "unsettled.json"), "another's");
    assert.throws(() => claim.record([]), coded("KEY_IN_USE", /took over/));
    claim.release();
    for (const file of ["lock", "unsettled.json"]) assert.equal(readFileSync(join(home, file), "utf8"), "another's");
  });

  it("ends with its signal", async (t) => {
    const { clock } = manualClock();
    const claims = openKeyClaims({ folder: await temporaryHome(t), genesisHash, clock });
    const held = await claims.claim("5Key", forever);
    const stop = new AbortController();
    const waiting = assert.rejects(claims.claim("5Key", stop.signal), coded("CHAIN_CLOSED", /closed/));
    stop.abort(new BlockZeroError("CHAIN_CLOSED", "closed", "connect again"));
    await waiting;
    held.release();
  });

  it("hands on what is open, whole or not at all, also after a crash in the middle of recording", async (t) => {
    const folder = await temporaryHome(t);
    const claims = openKeyClaims({ folder, genesisHash });
    const entry = (text: string) => ({ text, extrinsic: { bytes: `0x${text}`, hash: "h", nonce: 1 }, signedAt: 7 });
    const first = await claims.claim("5Key", forever);
    first.record([entry("one")]);
    first.release();
    const file = join(folder, genesisHash.slice(0, 16), "5Key", "unsettled.json");
    const next = JSON.stringify([entry("one"), entry("two")]);
    for (let torn = 0; torn <= next.length; torn++) {
      writeFileSync(`${file}.tmp`, next.slice(0, torn));
      const claim = await claims.claim("5Key", forever);
      assert.deepEqual(claim.unsettled, [entry("one")]);
      claim.release();
    }
  });

  it("needs a folder that it can write to", async (t) => {
    const folder = join(await temporaryHome(t), "file");
    writeFileSync(folder, "");
    const claims = openKeyClaims({ folder, genesisHash });
    await assert.rejects(claims.claim("5Key", forever), coded("KEY_FOLDER_UNUSABLE", /ENOTDIR/));
    assert.throws(() => checkKeyFolder(folder), coded("KEY_FOLDER_UNUSABLE", /EEXIST|ENOTDIR/));
    const other = keyFolderOf({ path: join(folder, "wallets"), keys_in_use: await temporaryHome(t) });
    checkKeyFolder(other);
    assert.deepEqual(readdirSync(other), []);
    (await openKeyClaims({ folder: other, genesisHash }).claim("5Key", forever)).release();
  });

  it("is refused where the record is not one, rather than risk a second write", async (t) => {
    const folder = await temporaryHome(t);
    const home = join(folder, genesisHash.slice(0, 16), "5Key");
    mkdirSync(home, { recursive: true });
    const claims = openKeyClaims({ folder, genesisHash });
    for (const text of ["", "[", "{}", '[{"text":"x"}]']) {
      writeFileSync(join(home, "unsettled.json"), text);
      await assert.rejects(claims.claim("5Key", forever), coded("KEY_RECORD_MALFORMED", /unsettled\.json/));
    }
  });
});
