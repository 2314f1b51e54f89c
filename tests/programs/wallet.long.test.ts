import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fixedPassword, openColdkey } from "#shared/wallet/index.js";
import { compiled } from "#tests/support/compiled.js";
import { vectors } from "../shared/wallet/support.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { type Program, run } from "./process.js";

const PHRASE = `${"abandon ".repeat(11)}about`;
const ADDRESS = "5EPCUjPxiHAcNooYipQFWr9NmmXJKpNG5RhcntXwbtUySrgH";
const PASSWORD = "correct horse battery staple";
const main = compiled("cli/main.js");

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "blockzero-wallet-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const place = () => mkdtempSync(join(folder, "case-"));

/** Runs `blockzero wallet …` in a folder, with `wallets` as its folder of wallets, and this on standard input. */
const wallet = async (cwd: string, args: readonly string[], env: Record<string, string> = {}, input = "") => {
  const child = spawn(process.execPath, [main, "wallet", ...args, "--wallet.path", "wallets"], {
    cwd,
    env: { PATH: process.env.PATH ?? "", HOME: cwd, NO_COLOR: "1", ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  // A program that refuses its arguments has gone before it reads.
  child.stdin.on("error", () => {}).end(input);
  const status = await new Promise<number | null>((done) => child.once("close", done));
  return { status, stdout, stderr };
};

const succeeds = async (...call: Parameters<typeof wallet>): Promise<string> => {
  const { status, stdout, stderr } = await wallet(...call);
  assert.equal(status, 0, stderr);
  return stdout;
};

const refusal = async (...call: Parameters<typeof wallet>): Promise<string> => {
  const { status, stdout, stderr } = await wallet(...call);
  assert.equal(stdout, "");
  assert.match(stderr, /^✖ [A-Z][A-Z_]+ [^\n]+ → [^\n]+\n$/);
  for (const secret of ["abandon", "zzzzz", "horse", "sesame"]) assert.ok(!stderr.includes(secret), stderr);
  assert.equal(status, 2);
  return stderr.trimEnd();
};

/** Every file below a folder. */
const filesIn = (path: string): string[] =>
  readdirSync(path, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(path, name)).isFile())
    .sort();

const create = async (cwd: string, ...more: readonly string[]) =>
  JSON.parse(await succeeds(cwd, ["create", "--no-password", "--json", ...more]));

describe("blockzero wallet", { concurrency: 2, timeout: HANG_GUARD }, () => {
  it("says in JSON which keys it made, and whether the coldkey was there before", async () => {
    const cwd = place();
    const first = await create(cwd);
    assert.deepEqual(first.hotkey.file, "wallets/default/hotkeys/default");
    assert.deepEqual([first.coldkey.created, first.coldkey.encrypted], [true, false]);
    const second = await create(cwd, "--wallet.hotkey", "other");
    assert.deepEqual(second.coldkey, { ...first.coldkey, created: false, file: second.coldkey.file });
    assert.equal((await create(cwd, "--no-coldkey", "--wallet.hotkey", "third")).coldkey, null);
    const imported = await wallet(cwd, ["import", "--json", "--no-password", "--wallet.name", "alice"], {}, "//Alice");
    const { key, name, file } = JSON.parse(imported.stdout);
    assert.deepEqual([key, name, file], ["coldkey", "alice", "wallets/alice/coldkey"]);
  });

  it("creates a wallet whose coldkey only the password opens, without a word of it in any output", async () => {
    const cwd = place();
    const args = ["create", "--words", "24", "--wallet.name", "main", "--wallet.hotkey", "miner"];
    const { status, stdout, stderr } = await wallet(cwd, args, { BLOCKZERO_WALLET_PASSWORD: PASSWORD });
    assert.equal(status, 0, stderr);
    const wallets = join(cwd, "wallets");
    assert.deepEqual(
      filesIn(wallets),
      ["coldkey", "coldkeypub.txt", "hotkeys/miner", "hotkeys/minerpub.txt"].map((f) => join("main", f)),
    );
    for (const file of filesIn(wallets)) assert.equal(statSync(join(wallets, file)).mode & 0o777, 0o600);
    assert.equal(readFileSync(join(wallets, "main/coldkey"), "latin1").slice(0, 5), "$NACL");

    const { address } = await openColdkey({ path: wallets, name: "main" }, fixedPassword(PASSWORD));
    assert.match(stdout, new RegExp(`^coldkey +${address} \\(encrypted\\)$`, "m"));
    const { secretPhrase, secretSeed } = JSON.parse(readFileSync(join(wallets, "main/hotkeys/miner"), "utf8"));
    assert.equal(secretPhrase.split(" ").length, 24);
    const shown =
      stdout +
      stderr +
      (await succeeds(cwd, ["list"])) +
      (await succeeds(cwd, ["show", "--wallet.name", "main", "--json"]));
    for (const secret of [secretPhrase, secretSeed.slice(2), PASSWORD]) assert.ok(!shown.includes(secret));

    const again = ["create", "--wallet.name", "main", "--wallet.hotkey", "second"];
    assert.match(await succeeds(cwd, again), /\(kept as it was\)/, "an existing coldkey needs no password");
  });

  it("imports mnemonics from standard input or the environment, and shows them as a tree or JSON", async () => {
    const cwd = place();
    await succeeds(cwd, ["import", "--no-password", "--wallet.name", "a"], {}, ` ${PHRASE.toUpperCase()}\n`);
    const hotkey = ["import", "--key", "hotkey", "--wallet.name", "a", "--wallet.hotkey", "h"];
    assert.match(
      await succeeds(cwd, hotkey, { BLOCKZERO_WALLET_MNEMONIC: PHRASE }),
      new RegExp(`^address +${ADDRESS}$`, "m"),
    );
    await succeeds(cwd, ["create", "--no-coldkey", "--wallet.name", "b", "--wallet.hotkey", "h"]);

    const [root, ...tree] = (await succeeds(cwd, ["list"])).trimEnd().split("\n");
    assert.equal(root, "wallets");
    assert.equal(tree[0], `├── a      ${ADDRESS}  coldkey  plain`);
    assert.equal(tree[1], `│   └── h  ${ADDRESS}  hotkey  plain`);
    assert.match(tree[2]!, /^└── b +no coldkey$/);
    assert.match(tree[3]!, /^ {4}└── h {2}5\w{47} {2}hotkey {2}plain$/);
    const [a, b] = JSON.parse(await succeeds(cwd, ["list", "--json"]));
    assert.deepEqual(a.coldkey, {
      address: ADDRESS,
      encryption: "none",
      file: join("wallets", "a", "coldkey"),
      fault: null,
    });
    assert.deepEqual([b.coldkey, b.hotkeys.length], [null, 1]);
    assert.deepEqual(JSON.parse(await succeeds(cwd, ["show", "--wallet.name", "a", "--json"])), a);
    assert.match(
      await succeeds(cwd, ["show", "--wallet.name", "a"]),
      new RegExp(`^address +${ADDRESS}\npublic key +0x66933bd1f370.{52}\nfile +wallets/a/coldkey\nkept +plain$`, "m"),
    );
  });

  it("refuses bad mnemonics by position, and writes nothing", async () => {
    const cwd = place();
    const importing = (words: string, env = {}) => refusal(cwd, ["import", "--no-password"], env, words);
    assert.match(await importing(PHRASE.replace(" ", " zzzzz ")), /^✖ MNEMONIC_INVALID the mnemonic has 13 words → /);
    assert.match(
      await importing(PHRASE.replace("abandon", "zzzzz")),
      /^✖ MNEMONIC_INVALID word 1 of the mnemonic is not /,
    );
    assert.match(await importing(PHRASE.replace("about", "abandon")), /^✖ MNEMONIC_INVALID .* checksum is wrong/);
    assert.match(await importing(""), /^✖ MNEMONIC_NEEDED /);
    assert.match(await importing(`${PHRASE} `.repeat(100)), /^✖ MNEMONIC_INVALID standard input has more than /);
    assert.match(
      await importing("", { BLOCKZERO_WALLET_MNEMONIC: "zzzzz" }),
      /^✖ MNEMONIC_INVALID the mnemonic has 1 word → /,
    );
    assert.ok(!existsSync(join(cwd, "wallets")));
  });

  it("refuses secrets in arguments, quoting none", async () => {
    const cwd = place();
    for (const args of [
      ["import", ...PHRASE.split(" ")],
      ["import", PHRASE],
      ["import", `--mnemonic=${PHRASE}`],
      ["import", "--seed=0xzzzzz"],
      ["create", "--password", "sesame"],
    ])
      assert.match(
        await refusal(cwd, args),
        /^✖ SECRET_IN_ARGUMENTS .+ → .+; clear your shell's history$/,
        String(args),
      );
    assert.match(
      await refusal(cwd, ["create", "--wallet.name", PHRASE]),
      /^✖ WALLET_NAME_INVALID .+ character 8 is not /,
    );
    assert.match(await refusal(cwd, ["show", PHRASE]), /^✖ USAGE too many arguments/);
  });

  it("refuses to encrypt without a password, or with a weak one", async () => {
    const cwd = place();
    assert.match(
      await refusal(cwd, ["create"]),
      /^✖ WALLET_PASSWORD_NEEDED .+ → set BLOCKZERO_WALLET_PASSWORD, or give --no-password/,
    );
    assert.match(await refusal(cwd, ["create"], { BLOCKZERO_WALLET_PASSWORD: "sesame" }), /^✖ WALLET_PASSWORD_WEAK /);
    assert.match(await refusal(cwd, ["import"], {}, PHRASE), /^✖ WALLET_PASSWORD_NEEDED /);
    assert.ok(!existsSync(join(cwd, "wallets")));
  });

  it("refuses what is missing or exists", async () => {
    const cwd = place();
    await succeeds(cwd, ["create", "--no-password", "--wallet.name", "main"]);
    assert.match(
      await refusal(cwd, ["create", "--wallet.name", "main"]),
      /^✖ WALLET_EXISTS .+main\/hotkeys\/default exists already/,
    );
    assert.match(
      await refusal(cwd, ["import", "--wallet.name", "main"], {}, PHRASE),
      /^✖ WALLET_EXISTS .+main\/coldkey exists/,
    );
    assert.match(
      await refusal(cwd, ["show", "--wallet.name", "mian"]),
      /^✖ WALLET_NOT_FOUND .+ → create it: blockzero wallet create --wallet.name mian --wallet.path wallets; wallets there: main$/,
    );
  });
});

describe("a command that signs with the coldkey", { timeout: HANG_GUARD }, () => {
  it("refuses a password that is wrong or missing, before it asks the chain", async () => {
    const cwd = place();
    const home = join(cwd, "wallets/default");
    mkdirSync(join(home, "hotkeys"), { recursive: true });
    writeFileSync(join(home, "hotkeys/default"), JSON.stringify({ secretPhrase: PHRASE }), { mode: 0o600 });
    const vault = Buffer.from(vectors.files["vectors/hotkeys/vault"] ?? "", "base64");
    writeFileSync(join(home, "coldkey"), vault, { mode: 0o600 });
    const args = ["register", "--wallet.path", "wallets", "--chain_endpoint", "ws://127.0.0.1:9"];
    const refused = async (env: Record<string, string>) => {
      const { status, stdout, stderr } = await run("blockzero", args, { cwd, env });
      assert.deepEqual([status, stdout], [2, ""]);
      assert.ok(!/abandon|sesame|horse/.test(stderr), stderr);
      return stderr;
    };
    assert.match(
      await refused({ BLOCKZERO_WALLET_PASSWORD: "sesame" }),
      /^Decrypting the coldkey [^\n]+\n✖ WALLET_PASSWORD_WRONG the password does not open wallets\/default\/coldkey → [^\n]+\n$/,
    );
    assert.match(await refused({}), /^✖ WALLET_PASSWORD_NEEDED [^\n]+ → set BLOCKZERO_WALLET_PASSWORD\n$/);
    assert.match(await refused({ BLOCKZERO_WALLET_PASSWORD: vectors.password }), /^✖ CHAIN_UNREACHABLE /m);
  });
});

describe("a program that signs unattended refuses, before it asks the chain", {
  concurrency: 2,
  timeout: HANG_GUARD,
}, () => {
  const programs: readonly (readonly [Program, readonly string[]])[] = [
    ["blockzero-miner", ["--expert_group", "math"]],
    ["blockzero-validator", []],
  ];
  const started = async (
    program: Program,
    extra: readonly string[],
    content: string,
    mode: number,
  ): Promise<string> => {
    const cwd = place();
    const file = join(cwd, "wallets/default/hotkeys/default");
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    chmodSync(file, mode);
    const args = [
      "--wallet.path",
      "wallets",
      "--chain_endpoint",
      "ws://127.0.0.1:9",
      "--allow_private_addresses",
      "--metrics.listen",
      "off",
      ...extra,
    ];
    const { status, stdout, stderr } = await run(program, args, { cwd });
    assert.equal(stdout, "");
    assert.match(stderr, /^✖ [A-Z_]+ [^\n]+ → [^\n]+\n$/);
    assert.ok(!stderr.includes("abandon"));
    assert.equal(status, 2);
    return stderr;
  };
  const plain = JSON.stringify({ secretPhrase: PHRASE });

  for (const [program, extra] of programs)
    it(program, async () => {
      assert.match(
        await started(program, extra, plain, 0o644),
        /^✖ WALLET_MODE .+\(mode 0644\) → chmod 600 wallets\/default\/hotkeys\/default\n$/,
      );
      assert.match(
        await started(program, extra, `$NACL${"x".repeat(99)}`, 0o600),
        /^✖ WALLET_ENCRYPTED .+ plain hotkey/,
      );
      assert.match(await started(program, extra, plain, 0o600), /^✖ CHAIN_UNREACHABLE /);
    });
});
