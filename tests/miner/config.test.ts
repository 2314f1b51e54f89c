import assert from "node:assert/strict";
import { homedir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { minerSettings } from "#miner/config.js";
import { loadConfig } from "#shared/config/load.js";
import { BlockZeroError, formatError } from "#shared/errors/error.js";

test("a miner's configuration is typed and nested", () => {
  const config = loadConfig(minerSettings, { env: {}, flags: { expert_group: "math", "wallet-hotkey": "h1" } });
  const rate: number = config.learning_rate;
  const hotkey: string = config.wallet.hotkey;
  const publicUrl: string | undefined = config.listen.public_url;
  assert.equal(rate, 3e-5);
  assert.equal(hotkey, "h1");
  assert.equal(publicUrl, undefined);
  assert.equal(config.wallet.path, join(homedir(), ".bittensor/wallets"));
  assert.equal(config.behaviour, "honest");
});

test("a miner without an expert group is told how to name one", () => {
  assert.throws(
    () => loadConfig(minerSettings, { env: {}, flags: {} }),
    (thrown) =>
      thrown instanceof BlockZeroError &&
      formatError(thrown) ===
        "✖ CONFIG_MISSING_KEY expert_group is not set: The expert group to train. → add expert_group to the file, or give --expert_group or BLOCKZERO_EXPERT_GROUP",
  );
});
