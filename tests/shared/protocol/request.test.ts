import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import {
  isRequestSigned,
  parseRequestHeader,
  requestMessage,
  requestNonces,
  signRequest,
} from "#shared/protocol/request.js";
import { devSigner, verify } from "./keys.js";
import { loadVectors } from "./vectors.js";

const request = z.object({
  method: z.string(),
  origin: z.string(),
  path: z.string(),
  hotkey: z.string(),
  nonce: z.number(),
});
const { cases, malformed } = loadVectors(
  "request",
  z.object({
    about: z.string(),
    cases: z.array(z.object({ request, message: z.string(), header: z.string() })),
    malformed: z.array(z.string()),
  }),
);

test("requests are signed as the vectors say", () => {
  assert.ok(cases.length >= 2);
  for (const { request, message, header } of cases) {
    assert.equal(Buffer.from(requestMessage(request)).toString(), message);
    const claim = parseRequestHeader(header);
    assert.ok(claim);
    assert.deepEqual([claim.hotkey, claim.nonce], [request.hotkey, request.nonce]);
    assert.ok(isRequestSigned(claim, request, verify));
    for (const change of [{ method: "PUT" }, { origin: "http://a" }, { path: "/blob/" }])
      assert.ok(!isRequestSigned(claim, { ...request, ...change }, verify), JSON.stringify(change));
    assert.ok(!isRequestSigned({ ...claim, nonce: claim.nonce + 1 }, request, verify));
  }
  for (const header of malformed) assert.equal(parseRequestHeader(header), null, header);
});

test("whatever is signed is read back and holds", async () => {
  const signer = devSigner("//Alice");
  const property = fc.asyncProperty(fc.webPath(), fc.integer({ min: 1, max: 1e14 }), async (path, nonce) => {
    const asked = { method: "GET", origin: "http://a.example", path, nonce };
    const claim = parseRequestHeader(await signRequest(asked, signer));
    assert.ok(claim && claim.nonce === nonce && isRequestSigned(claim, asked, verify));
  });
  await fc.assert(property, { seed: 11, numRuns: 8 });
});

test("no nonce comes twice, also while the clock stands still or goes back", () => {
  const times = [5, 5, 3, 9, 9];
  const next = requestNonces(() => times.shift() ?? 0);
  assert.deepEqual([next(), next(), next(), next(), next()], [5, 6, 7, 9, 10]);
});

test("nonces come back with a clock that was hours ahead: servers refuse what is not of this minute", () => {
  const ahead = 3 * 3_600_000;
  const times = [1, ahead, ahead, 7, 7, 8];
  const next = requestNonces(() => times.shift() ?? 0);
  assert.deepEqual([next(), next(), next(), next(), next(), next()], [1, ahead, ahead + 1, 7, 8, 9]);
});
