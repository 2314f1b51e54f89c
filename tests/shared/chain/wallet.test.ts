import assert from "node:assert/strict";
import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createHotkey, loadHotkey, signerFromUri, verify } from "#shared/chain/wallet.js";
import { BlockZeroError, formatError } from "#shared/errors.js";
import { temporaryHome } from "./support.js";

const message = new TextEncoder().encode("message");
const coded = (code: string, hint?: RegExp) => (error: unknown) =>
  error instanceof BlockZeroError && error.code === code && (!hint || hint.test(error.hint));

describe("hotkeys", () => {
  it("are written for the owner's eyes only and read back", async (t) => {
    const path = await temporaryHome(t);
    const created = await createHotkey({ path, name: "alice", hotkey: "default" });
    const file = join(path, "alice", "hotkeys", "default");
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal((await stat(join(path, "alice", "hotkeys"))).mode & 0o777, 0o700);
    const keyfile = JSON.parse(await readFile(file, "utf8"));
    assert.deepEqual(Object.keys(keyfile).sort(), [
      "accountId",
      "publicKey",
      "secretPhrase",
      "secretSeed",
      "ss58Address",
    ]);
    assert.equal(
      JSON.parse(await readFile(join(path, "alice", "coldkeypub.txt"), "utf8")).ss58Address,
      created.address,
    );
    const loaded = await loadHotkey({ path, name: "alice", hotkey: "default" });
    assert.equal(loaded.address, created.address);
    assert.ok(verify(message, loaded.sign(message), created.address));
    const { secretSeed: _, ...phraseOnly } = keyfile;
    await writeFile(file, JSON.stringify(phraseOnly));
    assert.equal((await loadHotkey({ path, name: "alice", hotkey: "default" })).address, created.address);
  });

  it("come from a seed as in Substrate", async (t) => {
    const path = await temporaryHome(t);
    // The seed and address of the well-known development account.
    const seed = Buffer.from("e5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a", "hex");
    const signer = await createHotkey({ path, name: "a", hotkey: "h", seed });
    assert.equal(signer.address, "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY");
    assert.equal((await signerFromUri("//Alice")).address, signer.address);
    await assert.rejects(createHotkey({ path, name: "a", hotkey: "h" }), coded("WALLET_EXISTS"));
  });

  it("that are missing name those that exist, or how to make one", async (t) => {
    const path = await temporaryHome(t);
    await assert.rejects(
      loadHotkey({ path, name: "a", hotkey: "h" }),
      coded("WALLET_NOT_FOUND", /blockzero wallet create/),
    );
    await createHotkey({ path, name: "a", hotkey: "one" });
    await createHotkey({ path, name: "a", hotkey: "two" });
    await assert.rejects(loadHotkey({ path, name: "a", hotkey: "h" }), coded("WALLET_NOT_FOUND", /one, two/));
    await assert.rejects(loadHotkey({ path, name: "../a", hotkey: "h" }), coded("WALLET_NAME_INVALID"));
  });

  it("that cannot be used say so without a word of the secret", async (t) => {
    const path = await temporaryHome(t);
    const hotkeys = join(path, "a", "hotkeys");
    await mkdir(hotkeys, { recursive: true });
    const load = async (content: string) => {
      await writeFile(join(hotkeys, "h"), content);
      return loadHotkey({ path, name: "a", hotkey: "h" });
    };
    const secret = "5eb5".repeat(16);
    for (const content of [
      "",
      "{",
      `{"secretSeed": "0x${secret}" broken`,
      `{"secretSeed":"${secret}"}`,
      `{"secretSeed":"0x${secret}","ss58Address":"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"}`,
      '{"secretPhrase":"secret secret secret"}',
      '{"ss58Address":"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"}',
      "[]",
    ]) {
      await assert.rejects(load(content), (error) => {
        assert.ok(coded("WALLET_MALFORMED")(error), content);
        const whole = formatError(error as BlockZeroError) + String((error as Error).cause ?? "");
        assert.ok(!whole.includes("5eb5") && !whole.includes("secret secret"));
        return true;
      });
    }
    await assert.rejects(load("$NACL..."), coded("WALLET_UNREADABLE"));
    if (process.getuid?.() !== 0) {
      await chmod(join(hotkeys, "h"), 0);
      await assert.rejects(loadHotkey({ path, name: "a", hotkey: "h" }), coded("WALLET_UNREADABLE"));
    }
    await assert.rejects(
      loadHotkey({ path: join(path, "a"), name: "hotkeys", hotkey: "h" }),
      coded("WALLET_NOT_FOUND"),
    );
  });
});

describe("verify", () => {
  it("accepts the signer's signature alone and never throws", async () => {
    const [alice, bob] = [await signerFromUri("//Alice"), await signerFromUri("//Bob")];
    const signature = alice.sign(message);
    assert.ok(verify(message, signature, alice.address));
    assert.ok(!verify(message, signature, bob.address));
    assert.ok(!verify(new Uint8Array(7), signature, alice.address));
    for (const length of [0, 63, 65]) assert.ok(!verify(message, new Uint8Array(length), alice.address));
    for (const address of ["", "x", `${alice.address}x`]) assert.ok(!verify(message, signature, address));
  });
});
