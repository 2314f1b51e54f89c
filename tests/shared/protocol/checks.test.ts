import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import {
  CHECK_REASONS,
  CHECK_VERDICTS,
  checksHash,
  checksSchema,
  explainCheck,
  isChecksSigned,
  MAX_CHECKS_BYTES,
  parseChecks,
  signChecks,
  verdictOfCheck,
} from "#shared/protocol/checks.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { devSigner, verify } from "./keys.js";
import { loadVectors } from "./vectors.js";

const { document, signingBytes, hash, accepted, refused } = loadVectors(
  "checks",
  z.object({
    document: checksSchema,
    signingBytes: z.string(),
    hash: z.string(),
    accepted: z.array(z.record(z.string(), z.unknown())),
    refused: z.array(z.record(z.string(), z.unknown())),
  }),
);

test("vectors: a document of checks, its signing bytes, hash and signature", () => {
  const { signature: _, ...body } = document;
  assert.equal(Buffer.from(canonicalBytes(body)).toString(), signingBytes);
  assert.equal(checksHash(document), hash);
  assert.deepEqual(parseChecks(canonicalBytes(document)), { ok: true, value: document });
  assert.ok(isChecksSigned(document, verify));
  assert.ok(!isChecksSigned({ ...document, entries: document.entries.slice(1) }, verify));
});

test("vectors: nonces with other outputs are a reason too", () => {
  for (const change of accepted) assert.ok(parseChecks(canonicalBytes({ ...document, ...change })).ok);
});

test("vectors: what is no document of checks is refused with one line", () => {
  for (const change of refused) {
    const parsed = parseChecks(canonicalBytes({ ...document, ...change }));
    assert.match(parsed.ok ? "" : parsed.problem, /^[\x20-\x7e]{1,200}$/, JSON.stringify(change));
  }
  assert.equal(parseChecks(new Uint8Array(MAX_CHECKS_BYTES + 1)).ok, false);
});

test("what is signed here reads back, and hostile bytes never throw", async () => {
  const { version: _v, kind: _k, validator: _h, signature: _s, ...fields } = document;
  const signed = await signChecks(fields, devSigner("//Alice"));
  assert.deepEqual(parseChecks(canonicalBytes(signed)), { ok: true, value: signed });
  assert.ok(isChecksSigned(signed, verify));
  const bytes = Buffer.from(canonicalBytes(document));
  fc.assert(
    fc.property(fc.nat(bytes.length), fc.nat(8), fc.uint8Array({ maxLength: 8 }), (at, cut, put) => {
      const parsed = parseChecks(Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + cut)]));
      assert.ok(parsed.ok || parsed.problem.length > 0);
    }),
    { seed: 15, numRuns: 50 },
  );
});

test("each reason goes with one verdict and has a sentence", () => {
  for (const reason of CHECK_REASONS) {
    assert.ok(CHECK_VERDICTS.includes(verdictOfCheck(reason)));
    assert.match(explainCheck(reason), /^[A-Z].*\.$/);
  }
});
