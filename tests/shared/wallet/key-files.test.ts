import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import fc from "fast-check";
import { type BlockZeroError, type ErrorCode, formatError } from "#shared/errors/error.js";
import {
  createColdkey,
  createHotkey,
  describeWallet,
  fixedPassword,
  listWallets,
  loadHotkey,
  newMnemonic,
  openColdkey,
  openHotkey,
  parseSecret,
  signerFromUri,
  verify,
} from "#shared/wallet/index.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { COLDKEY_PHRASE, coded, temporaryFolder, vectors } from "./support.js";

const message = new TextEncoder().encode("message");
const never = () => assert.fail("asked for a password");
const modeOf = async (file: string) => (await stat(file)).mode & 0o777;
const secret = "5eb5".repeat(16);

/** A folder of wallets in which a file's content can be tried as hotkey a/h. */
const trial = async (t: TestContext) => {
  const path = await temporaryFolder(t);
  const location = { path, name: "a", hotkey: "h" };
  const hotkeys = join(path, "a", "hotkeys");
  const file = join(hotkeys, "h");
  await mkdir(hotkeys, { recursive: true });
  const put = (content: string | Uint8Array) => writeFile(file, content, { mode: 0o600 });
  return { path, location, file, put };
};

const isSilentRefusal = (code: ErrorCode) => (error: unknown) => {
  assert.ok(coded(code)(error), String(error));
  const whole = formatError(error as BlockZeroError) + String((error as Error).cause ?? "");
  return !whole.includes("5eb5") && !whole.includes("secret secret");
};

describe("keys", () => {
  it("are written for their owner's eyes only, with the fields of Bittensor's files, and read back", async (t) => {
    const path = await temporaryFolder(t);
    const location = { path, name: "alice", hotkey: "default" };
    const phrase = newMnemonic(24);
    const created = await createHotkey(location, { phrase });
    const coldkey = await createColdkey(location, { phrase: COLDKEY_PHRASE });
    assert.equal(coldkey.address, vectors.coldkey);

    const folder = join(path, "alice");
    for (const inner of [folder, join(folder, "hotkeys")]) assert.equal(await modeOf(inner), 0o700);
    assert.deepEqual((await readdir(folder)).sort(), ["coldkey", "coldkeypub.txt", "hotkeys"]);
    assert.deepEqual((await readdir(join(folder, "hotkeys"))).sort(), ["default", "defaultpub.txt"]);
    for (const file of ["coldkey", "coldkeypub.txt", "hotkeys/default", "hotkeys/defaultpub.txt"])
      assert.equal(await modeOf(join(folder, file)), 0o600);

    const keyfile = JSON.parse(await readFile(join(folder, "hotkeys/default"), "utf8"));
    // bittensor-wallet 2.1 to 4.0 reads no file with a number as `cryptoType`.
    const publicFields = ["accountId", "publicKey", "ss58Address"];
    assert.deepEqual(Object.keys(keyfile).sort(), [...publicFields, "secretPhrase", "secretSeed"].sort());
    for (const file of ["coldkeypub.txt", "hotkeys/defaultpub.txt"]) {
      const written = JSON.parse(await readFile(join(folder, file), "utf8"));
      assert.deepEqual(Object.keys(written).sort(), publicFields);
    }

    const loaded = await loadHotkey(location);
    assert.equal(loaded.address, created.address);
    assert.ok(verify(message, loaded.signBytes(message), created.address));
    assert.equal((await openColdkey(location, never)).address, vectors.coldkey);
    const { secretSeed: _, ...phraseOnly } = keyfile;
    await writeFile(join(folder, "hotkeys/default"), JSON.stringify(phraseOnly));
    assert.equal((await loadHotkey(location)).address, created.address);
  });

  it("derived along a path are kept as a private key, and sign as the derived key does", async (t) => {
    const path = await temporaryFolder(t);
    for (const uri of ["//Alice", `${COLDKEY_PHRASE}//hard/soft`]) {
      const location = { path, name: `w${uri.length}` };
      const { address } = await signerFromUri(uri);
      assert.equal((await createColdkey(location, parseSecret(uri))).address, address);
      const opened = await openColdkey(location, never);
      assert.ok(verify(message, opened.signBytes(message), address));
    }
  });

  it("never replace another, and leave nothing half done", async (t) => {
    const path = await temporaryFolder(t);
    const location = { path, name: "a", hotkey: "h" };
    const { address } = await createHotkey(location, { phrase: COLDKEY_PHRASE });
    const made = await Promise.allSettled(
      Array.from({ length: 8 }, () => createHotkey({ ...location, hotkey: "raced" }, { phrase: newMnemonic(12) })),
    );
    assert.equal(made.filter(({ status }) => status === "fulfilled").length, 1);
    for (const attempt of made)
      if (attempt.status === "rejected") assert.ok(coded("WALLET_EXISTS")(attempt.reason), String(attempt.reason));
    await assert.rejects(createHotkey(location, { phrase: newMnemonic(12) }), coded("WALLET_EXISTS"));
    assert.equal((await loadHotkey(location)).address, address);
    assert.deepEqual((await readdir(join(path, "a", "hotkeys"))).sort(), ["h", "hpub.txt", "raced", "racedpub.txt"]);

    await rm(join(path, "a", "hotkeys", "h"));
    await assert.rejects(createHotkey(location, { phrase: newMnemonic(12) }), coded("WALLET_EXISTS"));
    const refusal = new Error("no password");
    const refusing = () => Promise.reject(refusal);
    await assert.rejects(createColdkey(location, { phrase: newMnemonic(12) }, refusing), refusal);
    assert.deepEqual(await readdir(join(path, "a")), ["hotkeys"]);
    // Another program's, which came meanwhile.
    const publicFile = join(path, "a", "coldkeypub.txt");
    const late = async () => {
      await writeFile(publicFile, "another's");
      return fixedPassword("correct horse battery staple")({ kind: "coldkey", file: "", isNew: true });
    };
    await assert.rejects(createColdkey(location, { phrase: newMnemonic(12) }, late), coded("WALLET_EXISTS"));
    assert.deepEqual((await readdir(join(path, "a"))).sort(), ["coldkeypub.txt", "hotkeys"]);
  });

  it("that are missing name those that exist, or how to make one", async (t) => {
    const path = await temporaryFolder(t);
    const location = { path, name: "a", hotkey: "h" };
    await assert.rejects(
      loadHotkey(location),
      coded("WALLET_NOT_FOUND", /blockzero wallet create .*--wallet.hotkey h/),
    );
    for (const hotkey of ["one", "two"]) await createHotkey({ ...location, hotkey }, { phrase: newMnemonic(12) });
    await assert.rejects(loadHotkey(location), coded("WALLET_NOT_FOUND", /the hotkeys one, two$/));
    await assert.rejects(openColdkey({ path, name: "b" }, never), coded("WALLET_NOT_FOUND", /wallets there: a$/));
    await assert.rejects(
      loadHotkey({ path: join(path, "a"), name: "hotkeys", hotkey: "h" }),
      coded("WALLET_NOT_FOUND"),
    );
    for (const name of ["../a", "", ".", "..", "-a", "a/b", "secret secret secret"])
      await assert.rejects(loadHotkey({ ...location, name }), isSilentRefusal("WALLET_NAME_INVALID"));
  });

  it("that are damaged say so without a word of the secret", async (t) => {
    const { location, put } = await trial(t);
    for (const content of [
      "",
      "{",
      `{"secretSeed": "0x${secret}" broken`,
      `{"secretSeed":"${secret}"}`,
      `{"secretSeed":"0x${secret}","ss58Address":"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"}`,
      '{"secretPhrase":"secret secret secret"}',
      '{"ss58Address":"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"}',
      `{"privateKey":"0x${"00".repeat(64)}"}`,
      `{"privateKey":"0x${"ff".repeat(64)}"}`,
      `{"privateKey":"0x${secret}"}`,
      "[]",
      "x".repeat(100_000),
    ]) {
      await put(content);
      await assert.rejects(loadHotkey(location), isSilentRefusal("WALLET_MALFORMED"), content);
    }
    await put(`{"secretSeed":"0x${secret}","cryptoType":0}`);
    await assert.rejects(loadHotkey(location), isSilentRefusal("WALLET_UNSUPPORTED"));
  });

  it("of any content give a signer or a fault of one line", async (t) => {
    const { location, put } = await trial(t);
    const start = fc.constantFrom("", "$NACL", "$ANSIBLE_VAULT;1.1;AES256\n", "gAAAAA", '{"secretSeed":');
    await fc.assert(
      fc.asyncProperty(start, fc.uint8Array({ maxLength: 39 }), async (mark, rest) => {
        // Shorter than any sealed box, so that no key is derived.
        await put(Buffer.concat([Buffer.from(mark), mark === "$ANSIBLE_VAULT;1.1;AES256\n" ? hexLine(rest) : rest]));
        await assert.rejects(
          openHotkey(location, fixedPassword("password")),
          /not a hotkey file|does not open|is encrypted/,
        );
      }),
      { seed: 4, numRuns: 150 },
    );
  });

  it("that others can reach are refused with the command that mends it", {
    skip: process.platform === "win32",
  }, async (t) => {
    const path = await temporaryFolder(t);
    const location = { path, name: "a", hotkey: "h" };
    await createHotkey(location, { phrase: COLDKEY_PHRASE });
    await createColdkey(location, { phrase: COLDKEY_PHRASE });
    const [hotkey, coldkey] = [join(path, "a", "hotkeys", "h"), join(path, "a", "coldkey")];
    for (const mode of [0o640, 0o604, 0o660, 0o777]) {
      for (const file of [hotkey, coldkey]) await chmod(file, mode);
      await assert.rejects(loadHotkey(location), coded("WALLET_MODE", new RegExp(`^chmod 600 ${hotkey}$`)));
      await assert.rejects(openColdkey(location, never), coded("WALLET_MODE"));
    }
    assert.equal((await describeWallet(location))?.coldkey?.fault?.code, "WALLET_MODE");
    for (const mode of [0o600, 0o400]) {
      await chmod(hotkey, mode);
      await loadHotkey(location);
    }
    if (process.getuid?.() === 0) return;
    await chmod(hotkey, 0);
    await assert.rejects(loadHotkey(location), coded("WALLET_UNREADABLE"));
  });

  it("are not waited for where a pipe or a folder stands in the place of one", {
    skip: process.platform === "win32",
    timeout: HANG_GUARD,
  }, async (t) => {
    const { file, location } = await trial(t);
    execFileSync("mkfifo", ["-m", "600", file]);
    await assert.rejects(loadHotkey(location), coded("WALLET_UNREADABLE"));
    await rm(file);
    await mkdir(file, { mode: 0o700 });
    await assert.rejects(loadHotkey(location), coded("WALLET_UNREADABLE"));
  });

  it("are listed, with what is wrong with them", async (t) => {
    const path = await temporaryFolder(t);
    assert.deepEqual(await listWallets(join(path, "nowhere")), []);
    const location = { path, name: "b", hotkey: "h" };
    await createHotkey(location, { phrase: COLDKEY_PHRASE });
    await createHotkey({ path, name: "a", hotkey: "z" }, { phrase: newMnemonic(12) });
    await createColdkey({ path, name: "c" }, { phrase: COLDKEY_PHRASE });
    await rm(join(path, "c", "coldkey"));
    await rm(join(path, "a", "hotkeys", "zpub.txt"));
    await symlink(join(path, "b"), join(path, "linked"));
    await writeFile(join(path, "a", "hotkeys", ".half.tmp"), "");
    await writeFile(join(path, "a file"), "");
    const other = await createHotkey({ path, name: "b", hotkey: "other" }, { phrase: newMnemonic(12) });
    await writeFile(join(path, "b", "hotkeys", "hpub.txt"), JSON.stringify({ ss58Address: other.address }));

    const wallets = await listWallets(path);
    assert.deepEqual(
      wallets.map(({ name }) => name),
      ["a", "b", "c", "linked"],
    );
    assert.deepEqual(
      wallets.map(({ coldkey, hotkeys }) => [
        coldkey?.encryption,
        ...hotkeys.map(({ name, fault }) => [name, fault?.code]),
      ]),
      [
        [undefined, ["z", undefined]],
        [undefined, ["h", "WALLET_MISMATCH"], ["other", undefined]],
        ["absent"],
        [undefined, ["h", "WALLET_MISMATCH"], ["other", undefined]],
      ],
    );
    assert.equal(wallets[2]?.coldkey?.address, vectors.coldkey);
  });
});

/** As Ansible has its parts, with whatever bytes. */
const hexLine = (bytes: Uint8Array) => Buffer.from(Buffer.from(bytes).toString("hex"));
