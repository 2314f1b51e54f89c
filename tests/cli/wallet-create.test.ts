import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createKeys } from "#cli/commands/wallet/create.js";
import { phrasesShown } from "#cli/commands/wallet/phrases.js";
import { newMnemonic, openColdkey, parseSecret, signerFromUri } from "#shared/wallet/index.js";
import { temporaryFolder } from "../shared/artifact/temporary.js";
import { capturingOutput } from "../shared/telemetry/capture.js";
import { coded } from "../support/coded.js";
import { HANG_GUARD } from "../support/hang-guard.js";

const never = () => assert.fail("asked for a password");

describe("a wallet's new keys", { timeout: HANG_GUARD }, () => {
  it("show their words though a later key cannot be written", async (t) => {
    const location = { path: temporaryFolder(t), name: "main", hotkey: "miner" };
    const folder = join(location.path, "main");
    const hotkeys = join(folder, "hotkeys");
    mkdirSync(folder);
    writeFileSync(hotkeys, "no folder");
    const wanted = { coldkey: true, newPhrase: () => newMnemonic(12), passwords: undefined };
    const shown: [key: string, phrase: string][] = [];
    const make = () => createKeys(location, wanted, (key, phrase) => shown.push([key, phrase]));
    await assert.rejects(make(), coded("WALLET_UNWRITABLE", /hotkeys/));
    assert.deepEqual(
      shown.map(([key]) => key),
      ["coldkey"],
    );
    const { address } = await openColdkey(location, never);
    assert.equal((await signerFromUri(shown[0]![1])).address, address);

    rmSync(hotkeys);
    const made = await make();
    assert.deepEqual([made.coldkey?.address, made.coldkey?.created], [address, false]);
    assert.deepEqual(
      shown.map(([key]) => key),
      ["coldkey", "hotkey"],
    );
    assert.ok(parseSecret(shown[1]![1]));
  });

  it("are shown on a terminal alone", () => {
    const [terminal, pipe] = [capturingOutput(true), capturingOutput(false)];
    for (const output of [terminal, pipe]) {
      const show = phrasesShown(output);
      show("coldkey", "one two");
      show("hotkey", "three four");
    }
    assert.match(
      terminal.text(),
      /^\nWrite these words on paper[^\n]+\n\n {2}coldkey: one two\n\n {2}hotkey: three four\n\n$/,
    );
    assert.match(pipe.text(), /^The mnemonics are not shown where there is no terminal[^\n]+\n$/);
  });
});
