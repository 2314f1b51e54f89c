import assert from "node:assert/strict";
import { test } from "node:test";
import { participantSettings } from "#shared/config/common.js";
import { loadConfig } from "#shared/config/load.js";
import { BlockZeroError, formatError } from "#shared/errors/error.js";

const { store } = participantSettings;
const load = (text: string) => loadConfig({ store }, { env: { BLOCKZERO_STORE: text }, flags: {} });

test("a store is read from the environment like every setting", () => {
  assert.deepEqual(load("s3://a-bucket/models").store, { kind: "s3", bucket: "a-bucket", prefix: "models" });
  assert.deepEqual(load("").store, { kind: "http" });
});

test("credentials in a store's URL are refused, and not repeated", () => {
  for (const text of ["s3://KEYID:hunter2@bucket/x", "hf://hunter2@me/blobs"]) {
    assert.throws(
      () => load(text),
      (thrown) => {
        assert.ok(thrown instanceof BlockZeroError);
        assert.equal(thrown.code, "CONFIG_INVALID_VALUE");
        assert.doesNotMatch(formatError(thrown), /hunter2|KEYID/);
        return true;
      },
    );
  }
});
