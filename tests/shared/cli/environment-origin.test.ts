import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { environmentOrigins } from "#shared/cli/environment-origin.js";

const missing = {
  message: "no hotkey at .blockzero/by-hand/wallets/demo/hotkeys/math-1",
  hint: "wallet demo has the hotkeys owner, math",
};

describe("where a fault's words come from", () => {
  it("is said of variables that a shell still has", () => {
    const env = {
      BLOCKZERO_WALLET_PATH: ".blockzero/by-hand/wallets",
      BLOCKZERO_WALLET_NAME: "demo",
      BLOCKZERO_NETUID: "1",
    };
    assert.deepEqual(environmentOrigins(missing, env), ["BLOCKZERO_WALLET_NAME", "BLOCKZERO_WALLET_PATH"]);
  });

  it("is not said of others, of parts of words, of secrets, nor where the fault says it", () => {
    for (const env of [
      {},
      { BLOCKZERO_WALLET_NAME: "dem" },
      { BLOCKZERO_WALLET_NAME: "math" },
      { BLOCKZERO_WALLET_PASSWORD: "demo" },
      { WALLET_NAME: "demo" },
    ])
      assert.deepEqual(environmentOrigins(missing, env), [], JSON.stringify(env));
    const told = { ...missing, hint: "set BLOCKZERO_WALLET_NAME" };
    assert.deepEqual(environmentOrigins(told, { BLOCKZERO_WALLET_NAME: "demo" }), []);
  });
});
