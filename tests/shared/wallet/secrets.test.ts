import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { describe, it } from "node:test";
import fc from "fast-check";
import { BlockZeroError } from "#shared/errors/error.js";
import {
  MNEMONIC_LENGTHS,
  newMnemonic,
  operatorPassword,
  parseMnemonic,
  parseSecret,
  signerFromUri,
  verify,
} from "#shared/wallet/index.js";
import { hiddenPrompt } from "#shared/wallet/prompt.js";
import { publicKeyOf, toHalfEd25519 } from "#shared/wallet/secret-key.js";
import { COLDKEY_PHRASE, coded } from "./support.js";

const faultOf = (act: () => unknown): BlockZeroError => {
  try {
    act();
  } catch (error) {
    if (error instanceof BlockZeroError) return error;
  }
  return assert.fail("no fault");
};

describe("mnemonics", () => {
  it("are taken however they are typed", () => {
    assert.equal(parseMnemonic(`  ${COLDKEY_PHRASE.toUpperCase().replaceAll(" ", "\n\t ")}\n`), COLDKEY_PHRASE);
    for (const length of MNEMONIC_LENGTHS) {
      const phrase = newMnemonic(length);
      assert.equal(phrase.split(" ").length, length);
      assert.equal(parseMnemonic(phrase), phrase);
    }
  });

  it("that are wrong are told by count, position or checksum, never by their words", () => {
    const words = COLDKEY_PHRASE.split(" ");
    const said = (changed: readonly string[]) => faultOf(() => parseMnemonic(changed.join(" "))).message;
    assert.match(said(words.slice(1)), /^the mnemonic has 11 words$/);
    assert.match(said([]), /^the mnemonic has no words$/);
    assert.match(said(words.with(2, "zzzz")), /^word 3 of the mnemonic is not in BIP-39's English list$/);
    assert.match(said(words.with(0, "zzzz").with(11, "yyyy")), /^words 1, 12 of the mnemonic are not /);
    assert.match(said(words.with(3, "zoo")), /checksum is wrong/);
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z]{5,9}$/), { minLength: 0, maxLength: 30 }), (typed) => {
        const text = typed.join(" ");
        const { code, message, hint } = faultOf(() => parseMnemonic(text));
        assert.equal(code, "MNEMONIC_INVALID");
        const ours = new Set(
          "mnemonic word words compare checksum wrong order another spelling mistake there their English".split(" "),
        );
        for (const word of typed) assert.ok(ours.has(word) || !`${message} ${hint}`.includes(word));
      }),
      { seed: 4, numRuns: 200 },
    );
  });
});

describe("secrets with a path", () => {
  it("are a mnemonic's derived keys, or development keys", () => {
    assert.deepEqual(parseSecret(` ${COLDKEY_PHRASE}\n`), { phrase: COLDKEY_PHRASE });
    assert.deepEqual(parseSecret(`${COLDKEY_PHRASE}//a/b\n`), { phrase: COLDKEY_PHRASE, path: "//a/b" });
    const { path } = parseSecret("//Alice") as { path: string };
    assert.equal(path, "//Alice");
    for (const wrong of ["//", "//a b", "///password", "//a///password", `${COLDKEY_PHRASE}/`])
      assert.ok(coded("DERIVATION_INVALID")(faultOf(() => parseSecret(wrong))), wrong);
    assert.ok(coded("MNEMONIC_INVALID")(faultOf(() => parseSecret("abandon//a"))));
  });
});

describe("passwords", () => {
  const request = { kind: "coldkey", file: "/w/a/coldkey" } as const;
  const text = async (password: Promise<Uint8Array>) => Buffer.from(await password).toString();

  it("come from the environment, which forgets them, else from the terminal", async () => {
    const env = { BLOCKZERO_WALLET_PASSWORD: "pass word", BLOCKZERO_HOTKEY_PASSWORD: "other", HOME: "/" };
    const passwords = operatorPassword({ env });
    assert.deepEqual(env, { HOME: "/" });
    assert.equal(await text(passwords(request)), "pass word");
    assert.equal(await text(passwords(request)), "pass word", "for every file");
    assert.equal(await text(passwords({ ...request, kind: "hotkey" })), "other");

    const asked: string[] = [];
    const prompt = async (question: string) => {
      asked.push(question);
      return " typed password ";
    };
    assert.equal(await text(operatorPassword({ env: {}, prompt })(request)), "typed password");
    assert.equal(await text(operatorPassword({ env: {}, prompt })({ ...request, isNew: true })), "typed password");
    assert.equal(asked.length, 3);
    await assert.rejects(
      operatorPassword({ env: { BLOCKZERO_WALLET_PASSWORD: "" } })(request),
      coded("WALLET_PASSWORD_NEEDED", /BLOCKZERO_WALLET_PASSWORD/),
    );
  });

  it("that are new must be strong and typed twice alike", async () => {
    for (const weak of ["sesame", "aaaaaaaaaaaa", " leading space", "aбaбaбaбaб"])
      await assert.rejects(
        operatorPassword({ env: { BLOCKZERO_WALLET_PASSWORD: weak } })({ ...request, isNew: true }),
        (error) => coded("WALLET_PASSWORD_WEAK")(error) && !(error as Error).message.includes(weak),
      );
    let times = 0;
    const prompt = async () => `good password ${times++}`;
    await assert.rejects(
      operatorPassword({ env: {}, prompt })({ ...request, isNew: true }),
      coded("WALLET_PASSWORD_MISMATCH"),
    );
  });
});

describe("the hidden prompt", () => {
  /** A terminal's two ends: what is typed, and what is shown. */
  const terminal = () => {
    const shown: string[] = [];
    const modes: boolean[] = [];
    const input = Object.assign(new EventEmitter(), {
      setRawMode: (isRaw: boolean) => modes.push(isRaw),
      resume: () => {},
      pause: () => {},
    });
    const prompt = hiddenPrompt({ input: input as never, output: { write: (text) => shown.push(text) } });
    const type = (typed: string) => {
      const chunk = Buffer.from(typed);
      input.emit("data", chunk);
      return chunk;
    };
    return { prompt, type, shown, modes };
  };

  it("shows nothing, edits whole characters, and wipes what it has read", async () => {
    const { prompt, type, shown, modes } = terminal();
    const answer = prompt("Password: ");
    const chunks = [type("wrong\x15hé"), type("x\x7f\x7f"), type("ö\r")];
    assert.equal(await answer, "hö");
    assert.deepEqual(shown, ["Password: ", "\n"]);
    assert.deepEqual(modes, [true, false]);
    for (const chunk of chunks) assert.ok(chunk.every((byte) => byte === 0));
  });

  it("keeps what was typed ahead for the next question, and gives up on Ctrl-C", async () => {
    const { prompt, type } = terminal();
    const first = prompt("1");
    type("one\ntwo\nthr");
    assert.equal(await first, "one");
    assert.equal(await prompt("2"), "two");
    const third = prompt("3");
    type("ee\n");
    assert.equal(await third, "three");
    const fourth = prompt("4");
    type("secret\x03");
    await assert.rejects(fourth, coded("CANCELLED"));
  });
});

describe("secret keys", () => {
  it("convert into the form that polkadot.js signs with, and give their public key", () => {
    const secret = Buffer.from(
      "33a6f3093f158a7109f679410bef1a0c54168145e0cecb4df006c1c2fffb1f09925a225d97aa00682d6a59b95b18780c10d7032336e88f3442b42361f4a66011",
      "hex",
    );
    const half = toHalfEd25519(secret);
    assert.match(
      Buffer.from(half).toString("hex"),
      /^98319d4ff8a9508c4bb0cf0b5a78d760a0b2082c02775e6e82370816fedfff48/,
    );
    assert.deepEqual(half.subarray(32), new Uint8Array(secret.subarray(32)));
    assert.equal(
      Buffer.from(publicKeyOf(secret) ?? []).toString("hex"),
      "d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d",
    );
  });
});

describe("verify", () => {
  it("accepts the signer's signature alone and never throws", async () => {
    const message = new TextEncoder().encode("message");
    const [alice, bob] = [await signerFromUri("//Alice"), await signerFromUri("//Bob")];
    const signature = alice.signBytes(message);
    assert.equal(alice.address, "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY");
    assert.ok(verify(message, signature, alice.address));
    assert.ok(!verify(message, signature, bob.address));
    assert.ok(!verify(new Uint8Array(7), signature, alice.address));
    for (const length of [0, 63, 65]) assert.ok(!verify(message, new Uint8Array(length), alice.address));
    for (const address of ["", "x", `${alice.address}x`]) assert.ok(!verify(message, signature, address));
  });
});
