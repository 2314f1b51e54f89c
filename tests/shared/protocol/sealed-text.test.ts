import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { sealText } from "#owner/seal/seal.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { sealedTextSchema } from "#shared/protocol/expert-group.js";
import { sha256 } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { networkHash, networkSchema } from "#shared/protocol/network.js";
import {
  encodeDocuments,
  envelopeHash,
  envelopeOf,
  indexBytes,
  MAX_ENVELOPE_BYTES,
  parseDocuments,
  roundOf,
} from "#shared/protocol/sealed-text.js";
import { envelopeReader, openEnvelope } from "#shared/replay/evaluation-text.js";
import { publicBeacon } from "#shared/simulators/devchain/beacon.js";
import { seededBytes } from "../../interop/timelock-ours.js";
import { template } from "../../support/micro-network.js";
import { temporaryFolder } from "../artifact/temporary.js";
import { loadVectors } from "./vectors.js";

const vectors = loadVectors(
  "sealed-text",
  z.object({
    sealed: sealedTextSchema,
    index: z.string(),
    envelopes: z.array(
      z.object({ round: z.int(), signature: z.string(), ciphertext: z.string(), documents: z.array(z.string()) }),
    ),
    cycles: z.array(z.object({ after: z.int(), until: z.int(), envelope: z.int().nullable() })),
    refused: z.array(z.string()),
  }),
);
const hex = (text: string) => Buffer.from(text, "hex");

const schedules = fc.record({
  first_round: fc.integer({ min: 1, max: 500 }),
  spacing: fc.integer({ min: 1, max: 40 }),
  envelopes: fc.integer({ min: 1, max: 60 }),
});

describe("the envelope of a cycle", () => {
  it("is the first that opens after commits have closed and before evaluation begins", () => {
    fc.assert(
      fc.property(schedules, fc.nat(2000), fc.nat(100), (schedule, after, length) => {
        const until = after + length;
        const all = Array.from({ length: schedule.envelopes }, (_, i) => i);
        const expected = all.find((i) => roundOf(schedule, i) > after && roundOf(schedule, i) <= until) ?? null;
        assert.equal(envelopeOf(schedule, { after, until }), expected);
      }),
      { seed: 1 },
    );
  });

  it("serves no other cycle, and is there whenever envelopes are no further apart than the time between", () => {
    fc.assert(
      fc.property(schedules, fc.array(fc.tuple(fc.nat(50), fc.nat(50)), { maxLength: 30 }), (schedule, cycles) => {
        const used = new Set<number>();
        let now = 0;
        for (const [pause, length] of cycles) {
          const after = now + pause;
          now = after + length;
          const envelope = envelopeOf(schedule, { after, until: now });
          const isCovered = after >= schedule.first_round && now <= roundOf(schedule, schedule.envelopes - 1);
          if (isCovered && schedule.spacing <= length) assert.notEqual(envelope, null);
          if (envelope === null) continue;
          assert.ok(!used.has(envelope));
          used.add(envelope);
        }
      }),
      { seed: 2 },
    );
  });
});

describe("sealed text in bytes", () => {
  it("is as the vectors say", async (t) => {
    const { sealed, envelopes } = vectors;
    const index = hex(vectors.index);
    assert.equal(index.length, indexBytes(sealed));
    assert.equal(sha256(index), sealed.index);
    const blobs = new Map(envelopes.map(({ ciphertext }) => [sha256(hex(ciphertext)), hex(ciphertext)]));
    blobs.set(sealed.index, index);
    const fetch = async ({ hash }: { readonly hash: string }) => blobs.get(hash)!;
    const read = await envelopeReader({ fetch }, sealed);
    for (const [envelope, { round, signature, documents }] of envelopes.entries()) {
      assert.equal(roundOf(sealed, envelope), round);
      assert.ok(blobs.has(envelopeHash(index, envelope)));
      const ciphertext = await read(envelope);
      assert.deepEqual(openEnvelope(ciphertext, { sealed, envelope, signature: hex(signature) }), documents);
    }
    for (const { envelope, ...time } of vectors.cycles) assert.equal(envelopeOf(sealed, time), envelope);
    for (const text of vectors.refused) assert.equal(parseDocuments(Buffer.from(text)).ok, false, text);

    const made = await sealText(directoryStore(temporaryFolder(t)), {
      documents: envelopes.flatMap(({ documents }) => documents),
      beacon: publicBeacon({
        seed: "5e".repeat(32),
        genesisTime: sealed.beacon.genesis_time,
        period: sealed.beacon.period,
      }),
      firstRound: sealed.first_round,
      spacing: sealed.spacing,
      envelopeBytes: 30,
      random: seededBytes("sealed text"),
    });
    assert.deepEqual(made, sealed);
  });

  it("keeps any documents, and takes nothing else for some", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme", minLength: 1 }), { minLength: 1 }), (documents) => {
        const parsed = parseDocuments(encodeDocuments(documents));
        assert.deepEqual(parsed.ok && parsed.value, documents);
      }),
      { seed: 3 },
    );
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => assert.equal(parseDocuments(bytes).ok, false)),
      { seed: 4 },
    );
    assert.equal(parseDocuments(new Uint8Array(MAX_ENVELOPE_BYTES + 1)).ok, false);
  });

  it("changes a network's hash where there is some, and only there", () => {
    const network = networkSchema.parse({ ...template, genesis: "0".repeat(64) });
    const math = network.groups.math!;
    assert.equal("sealed" in math, false);
    const sealed = networkSchema.parse({
      ...network,
      groups: { ...network.groups, math: { ...math, sealed: vectors.sealed } },
    });
    assert.notEqual(networkHash(sealed), networkHash(network));
    const unsealed = { ...sealed, groups: { ...sealed.groups, math: { ...math, sealed: undefined } } };
    assert.deepEqual(canonicalBytes(unsealed), canonicalBytes(network));
  });
});
