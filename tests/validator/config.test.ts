import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfig } from "#shared/config/load.js";
import { BlockZeroError, formatError } from "#shared/errors/error.js";
import { validatorSettings } from "#validator/config.js";

test("a validator needs no setting", () => {
  const config = loadConfig(validatorSettings, { env: {}, flags: {} });
  const endpoints: readonly string[] = config.chain_endpoint;
  assert.deepEqual(endpoints, ["ws://127.0.0.1:9944"]);
  assert.equal(config.wandb_project, undefined);
});

test("an endpoint that is no WebSocket is refused", () => {
  assert.throws(
    () => loadConfig(validatorSettings, { env: { BLOCKZERO_CHAIN_ENDPOINT: "http://node:9944" }, flags: {} }),
    (thrown) =>
      thrown instanceof BlockZeroError &&
      formatError(thrown) ===
        '✖ CONFIG_INVALID_VALUE BLOCKZERO_CHAIN_ENDPOINT: chain_endpoint is "http://node:9944", which is not a ws:// or wss:// URL or one of finney, test, archive, local; or several, as a list or with commas between → give a ws:// or wss:// URL or one of finney, test, archive, local; or several, as a list or with commas between',
  );
});

test("several endpoints come as a list or with commas between", () => {
  const several = ["ws://127.0.0.1:9944", "wss://node.example"];
  const endpointsOf = (chain_endpoint: string) =>
    loadConfig(validatorSettings, { env: {}, flags: { chain_endpoint } }).chain_endpoint;
  assert.deepEqual(endpointsOf(several.join(", ")), several);
  assert.deepEqual(endpointsOf("finney"), ["finney"]);
  assert.throws(() => endpointsOf("ws://127.0.0.1:9944,"), { code: "CONFIG_INVALID_VALUE" });
});
