import assert from "node:assert/strict";
import { test } from "node:test";
import { parseOrigin, unauthorizedHint } from "#shared/blobs/blob-request.js";
import { BlockZeroError } from "#shared/errors/error.js";

const NOON = Date.UTC(2026, 0, 2, 12);
const at = (ms: number) => new Date(ms).toUTCString();

test("a private address names the setting that allows it", () => {
  assert.throws(
    () => parseOrigin("http://192.168.1.2:80", { allowPrivateAddresses: false }),
    (thrown) =>
      thrown instanceof BlockZeroError &&
      thrown.code === "FETCH_REFUSED_ADDRESS" &&
      /allow_private_addresses/.test(thrown.hint),
  );
});

test("a refused signature: the clock where it is off, else the registration", () => {
  assert.match(
    unauthorizedHint(at(NOON), NOON + 300_000),
    /^set the clock: this machine's is 300 s ahead of the server's/,
  );
  assert.match(
    unauthorizedHint(at(NOON), NOON - 300_000),
    /^set the clock: this machine's is 300 s behind the server's/,
  );
  for (const date of [at(NOON), undefined, "yesterday"])
    assert.equal(unauthorizedHint(date, NOON + 59_000), "register the hotkey in the subnet");
});
