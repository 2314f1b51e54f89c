import assert from "node:assert/strict";
import { test } from "node:test";
import { ownLocation } from "#shared/participant/files/own-location.js";

const at = (host: string, publicUrl?: string, isPrivateAllowed = false) =>
  ownLocation({ listen: { host, public_url: publicUrl }, allow_private_addresses: isPrivateAllowed });

test("a location that nobody elsewhere can reach is refused before any work", () => {
  for (const host of ["127.0.0.1", "0.0.0.0", "localhost", "::", "::1", "10.0.0.5", "169.254.1.1", "fe80::1"])
    assert.throws(() => at(host), { code: "LOCATION_PRIVATE" }, host);
  for (const url of ["http://127.0.0.1:9000", "http://localhost", "https://192.168.0.9", "http://[::1]:9000"])
    assert.throws(() => at("0.0.0.0", url), { code: "LOCATION_PRIVATE" }, url);
});

test("they are taken where private addresses are", () => {
  assert.equal(at("127.0.0.1", undefined, true), undefined);
  assert.equal(at("0.0.0.0", "http://10.0.0.5:9000", true), "http://10.0.0.5:9000");
});

test("a public location goes into records as an origin that fits", () => {
  assert.equal(at("8.8.8.8"), undefined);
  assert.equal(at("0.0.0.0", "https://miner.example.org/"), "https://miner.example.org");
  assert.throws(() => at("0.0.0.0", `https://${"long".repeat(10)}.example.org`), { code: "LOCATION_INVALID" });
});
