import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../shared/artifact/temporary.js";
import { run } from "./process.js";

test("a .env as an editor writes it is honoured; what is misspelt in it is said, and what is unreadable refused", async (t) => {
  const cwd = temporaryFolder(t);
  const show = async (content: string | Uint8Array) => {
    writeFileSync(join(cwd, ".env"), content);
    return run("blockzero", ["wallet", "show", "--wallet.path", "none"], { cwd });
  };
  const honoured = await show(Buffer.from("\ufeff# mine\r\n   \r\nBLOCKZERO_WALLET_NAME=abc\r\n", "utf16le"));
  assert.match(
    honoured.stderr,
    /^✖ WALLET_NOT_FOUND .*abc.* → .*; of the environment BLOCKZERO_WALLET_NAME, which goes before a file$/m,
  );

  const misspelt = await show("BLOCKZERO_WALET_NAME=secret\n");
  assert.match(
    misspelt.stderr,
    /^▲ ENV_NAME_UNKNOWN BLOCKZERO_WALET_NAME is no setting, did you mean BLOCKZERO_WALLET_NAME\? → .+\n✖ WALLET_NOT_FOUND .*default/,
  );

  const malformed = await show("BLOCKZERO_WALLET_NAME: abc\n");
  assert.deepEqual(malformed, {
    status: 2,
    stdout: "",
    stderr: "✖ ENV_FILE_MALFORMED .env:1: not NAME=value → write NAME=value, or # before a comment\n",
  });
});
