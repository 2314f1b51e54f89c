import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { commitmentOf } from "#shared/protocol/commitment.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import {
  artifactHash,
  isUpdateSigned,
  parseUpdateManifest,
  signUpdateManifest,
  updateManifestSchema,
} from "#shared/protocol/manifest.js";
import {
  blobsOfModel,
  MAX_MODEL_BLOBS,
  modelHash,
  modelManifestSchema,
  parseModelManifest,
} from "#shared/protocol/model-manifest.js";
import { isReportSigned, parseReport, reportHash, reportSchema, signReport } from "#shared/protocol/report.js";
import { explainReason, REASON_CODES, verdictFor } from "#shared/protocol/verdict.js";
import { devSigner, verify } from "./keys.js";
import { loadVectors } from "./vectors.js";

const signed = { signer: z.string(), signingBytes: z.string(), hash: z.string() };
const vectors = loadVectors(
  "documents",
  z.object({
    update: z.object({ document: updateManifestSchema, ...signed }),
    genesis: z.object({ document: modelManifestSchema, hash: z.string() }),
    model: z.object({ document: modelManifestSchema, hash: z.string() }),
    report: z.object({ document: reportSchema, ...signed }),
  }),
);

const bytesOf = (document: object, change: object = {}): Uint8Array => canonicalBytes({ ...document, ...change });

test("vectors: commitments", () => {
  const { cases } = loadVectors(
    "commitment",
    z.object({
      cases: z.array(
        z.object({ artifact: z.string(), publicKey: z.string(), cycle: z.number(), commitment: z.string() }),
      ),
    }),
  );
  for (const { artifact, publicKey, cycle, commitment } of cases) {
    assert.equal(commitmentOf(artifact, Buffer.from(publicKey, "hex"), cycle), commitment);
  }
  assert.equal(new Set(cases.map(({ commitment }) => commitment)).size, cases.length);
  assert.throws(() => commitmentOf("0".repeat(64), new Uint8Array(31), 0), RangeError);
});

test("vectors: an update manifest's signing bytes, hash and signature", () => {
  const { document, signingBytes, hash, signer } = vectors.update;
  const { signature, ...body } = document;
  assert.equal(Buffer.from(canonicalBytes(body)).toString(), signingBytes);
  assert.equal(artifactHash(document), hash);
  assert.equal(document.hotkey, signer);
  assert.ok(isUpdateSigned(document, verify));
  assert.ok(!isUpdateSigned({ ...document, steps: document.steps + 1 }, verify));
  assert.ok(!isUpdateSigned({ ...document, hotkey: devSigner("//Bob").address }, verify));
  assert.ok(!isUpdateSigned({ ...document, signature: `00${signature.slice(2)}` }, verify));
});

test("vectors: model manifests' hashes, and reports'", () => {
  assert.equal(modelHash(vectors.genesis.document), vectors.genesis.hash);
  assert.equal(modelHash(vectors.model.document), vectors.model.hash);
  assert.equal(vectors.model.document.parent, vectors.genesis.hash);
  const { document, hash, signingBytes } = vectors.report;
  const { signature: _, ...body } = document;
  assert.equal(Buffer.from(canonicalBytes(body)).toString(), signingBytes);
  assert.equal(reportHash(document), hash);
  assert.ok(isReportSigned(document, verify));
  assert.ok(!isReportSigned({ ...document, entries: document.entries.slice(1) }, verify));
});

test("a document signed here reads back and holds", async () => {
  const alice = devSigner("//Alice");
  const { version: _v, kind: _k, hotkey: _h, signature: _s, ...fields } = vectors.update.document;
  const manifest = await signUpdateManifest(fields, alice);
  assert.deepEqual(parseUpdateManifest(bytesOf(manifest)), { ok: true, value: manifest });
  assert.ok(isUpdateSigned(manifest, verify));

  const { version, kind, validator, signature, ...body } = vectors.report.document;
  const report = await signReport(body, alice);
  assert.deepEqual(parseReport(bytesOf(report)), { ok: true, value: report });
  assert.ok(isReportSigned(report, verify));
  assert.ok(!isReportSigned({ ...report, signature }, verify));
  assert.deepEqual([report.version, report.kind, report.validator === validator], [version, kind, false]);
});

test("a verifier that throws has not verified", () => {
  const broken = () => {
    throw new Error("no such curve");
  };
  assert.equal(isUpdateSigned(vectors.update.document, broken), false);
});

test("a document that is not as the schema says is refused with one line", () => {
  const update = vectors.update.document;
  for (const change of [
    { extra: 1 },
    { version: 2 },
    { kind: "report" },
    { bytes: 0 },
    { cycle: 1.5 },
    { codec: "zip" },
    { group: "__proto__" },
    { hotkey: "../../etc/passwd" },
    { signature: "" },
    { tensors: update.tensors.toUpperCase() },
  ]) {
    assert.equal(parseUpdateManifest(bytesOf(update, change)).ok, false, JSON.stringify(change));
  }
  const genesis = vectors.genesis.document;
  for (const change of [
    { cycle: 1 },
    { network: "0".repeat(64) },
    { parent: "0".repeat(64) },
    { merged: vectors.model.document.merged },
    { steps: { math: 0 } },
  ]) {
    assert.equal(parseModelManifest(bytesOf(genesis, change)).ok, false, JSON.stringify(change));
  }
});

test("a model has 4,096 blobs at most, over all its parts", () => {
  const { document } = vectors.genesis;
  const { groups } = document.parts;
  const blobs = (count: number) => Array.from({ length: count }, () => ({ hash: "0".repeat(64), bytes: 1 }));
  const others = blobsOfModel({ parts: { hub: blobs(2), groups } }).length - 2;
  const withHub = (count: number) => parseModelManifest(bytesOf(document, { parts: { hub: blobs(count), groups } }));
  assert.ok(withHub(MAX_MODEL_BLOBS - others).ok);
  const refused = withHub(MAX_MODEL_BLOBS - others + 1);
  assert.match(refused.ok ? "" : refused.problem, /4096 blobs/);
});

test("one document has one text: spaces, other key orders, doubled keys and other bytes are refused", () => {
  const text = Buffer.from(bytesOf(vectors.update.document)).toString();
  const { version, ...rest } = vectors.update.document;
  for (const other of [
    `${text} `,
    JSON.stringify({ version, ...rest }),
    text.replace('"version":1', '"version":1,"version":1'),
    text.replace('"version":1', '"version":1,"__proto__":{}'),
    text.replace("122880", "1.2288e5"),
    `\ufeff${text}`,
    "",
    "null",
    "[".repeat(4000),
  ]) {
    assert.equal(parseUpdateManifest(Buffer.from(other)).ok, false, other.slice(0, 40));
  }
  assert.equal(parseUpdateManifest(new Uint8Array([0xff, 0xfe])).ok, false);
  assert.equal(parseUpdateManifest(Buffer.alloc(5000, " ")).ok, false);
});

test("no bytes make a parser throw", () => {
  const documents = [vectors.update, vectors.model, vectors.report].map(({ document }) => bytesOf(document));
  const mutated = fc
    .tuple(fc.constantFrom(...documents), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }))
    .map(([bytes, changes]) => {
      const copy = Uint8Array.from(bytes);
      for (const [at, value] of changes) copy[at % copy.length] = value;
      return copy;
    });
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 64 })), (bytes) => {
      for (const parsed of [parseUpdateManifest(bytes), parseModelManifest(bytes), parseReport(bytes)]) {
        if (parsed.ok) assert.deepEqual(Buffer.from(canonicalBytes(parsed.value)), Buffer.from(bytes));
        else assert.match(parsed.problem, /^[\x20-\x7e]{1,200}$/);
      }
    }),
    { seed: 5, numRuns: 300 },
  );
});

test("a report's entries agree with their verdicts, ascend by uid, and are bounded", () => {
  const report = vectors.report.document;
  const [scored, rejected] = report.entries;
  assert.ok(scored !== undefined && rejected !== undefined);
  for (const entries of [
    [rejected, scored],
    [scored, scored],
    [{ ...scored, artifact: null }],
    [{ ...scored, lossReduction: null }],
    [{ ...scored, growth: null }],
    [{ ...scored, independence: null }],
    [{ ...scored, lossReduction: 1.6e308 }],
    [{ ...scored, standardError: 1001 }],
    [{ ...scored, growth: 2.01 }],
    [{ ...scored, growth: 0.49 }],
    [{ ...scored, independence: -1 }],
    [{ ...scored, independence: 1025 }],
    [{ ...rejected, growth: 1 }],
    [{ ...scored, reason: "norm" }],
    [{ ...scored, score: -1 }],
    [{ ...rejected, score: 1 }],
    [{ ...rejected, reason: null }],
    [{ ...rejected, reason: "unreachable" }],
    [{ ...rejected, detail: "x".repeat(201) }],
    Array.from({ length: 1025 }, (_, uid) => ({ ...rejected, uid })),
  ]) {
    assert.equal(parseReport(bytesOf(report, { entries })).ok, false);
  }
  for (const loss of [1001, -1001, 1e308])
    assert.equal(parseReport(bytesOf(report, { baseline: { prose: { loss, batches: 8 } } })).ok, false);
  assert.ok(
    parseReport(bytesOf(report, { entries: [{ ...rejected, verdict: "abstained", reason: "unreachable" }] })).ok,
  );
});

test("every reason has one sentence and one verdict", () => {
  for (const reason of REASON_CODES) {
    assert.match(explainReason(reason), /^[A-Z][^.]*\.$/);
    const own = ["unreachable", "validator_failed"].includes(reason);
    assert.equal(verdictFor(reason), own ? "abstained" : "rejected");
  }
});
