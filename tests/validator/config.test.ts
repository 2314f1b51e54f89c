import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfig } from "#shared/config/load.js";
import { BlockZeroError, formatError } from "#shared/errors.js";
import { validatorSettings } from "#validator/config.js";

test("a validator needs no setting", () => {
  const config = loadConfig(validatorSettings, { env: {}, flags: {} });
  const endpoint: string = config.chain_endpoint;
  assert.equal(endpoint, "ws://127.0.0.1:9944");
  assert.equal(config.wandb_project, "blockzero-validator");
});

test("an endpoint that is no WebSocket is refused", () => {
  assert.throws(
    () => loadConfig(validatorSettings, { env: { BLOCKZERO_CHAIN_ENDPOINT: "http://node:9944" }, flags: {} }),
    (thrown) =>
      thrown instanceof BlockZeroError &&
      formatError(thrown) ===
        '✖ CONFIG_INVALID_VALUE BLOCKZERO_CHAIN_ENDPOINT: chain_endpoint is "http://node:9944", which is not a ws:// or wss:// URL → give a ws:// or wss:// URL',
  );
});
