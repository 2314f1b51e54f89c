import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  type GroupDocument,
  type GroupDocumentKind,
  parseGroupDocument,
  readGroupDocument,
} from "#shared/beacon/group/documents.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { localGroupDocument } from "#tests/support/local-signing.js";
import { devSigner, verify } from "../protocol/keys.js";
import { groupVectors, network } from "./group-vectors.js";

const signer = devSigner("//Alice");
const at = { network, cycle: groupVectors.cycle };
const [{ hotkey: _, ...dealing }] = groupVectors.dealings as [(typeof groupVectors.dealings)[number]];
const point = groupVectors.message;
const member = signer.address;

const all: { readonly [K in GroupDocumentKind]: GroupDocument<K> } = {
  "group-key": localGroupDocument("group-key", { ...at, key: point }, signer),
  dealing: localGroupDocument("dealing", { ...at, ...dealing }, signer),
  complaint: localGroupDocument("complaint", { ...at, against: [member] }, signer),
  answer: localGroupDocument("answer", { ...at, answers: [{ member, ephemeral: "01".repeat(32) }] }, signer),
  partial: localGroupDocument("partial", { ...at, partials: [point] }, signer),
};
const kinds = Object.keys(all) as GroupDocumentKind[];

describe("the group's documents", () => {
  it("read as they were signed, and of nobody and nothing else", () => {
    for (const kind of kinds) {
      const bytes = canonicalBytes(all[kind]);
      const expected = { ...at, hotkey: signer.address };
      assert.deepEqual(readGroupDocument(kind, bytes, expected, verify), { ok: true, value: all[kind] });
      for (const [other, why] of [
        [{ ...expected, network: "0".repeat(64) }, "another network"],
        [{ ...expected, cycle: 6 }, "of cycle 5"],
        [{ ...expected, hotkey: devSigner("//Bob").address }, "another hotkey's"],
      ] as const) {
        const read = readGroupDocument(kind, bytes, other, verify);
        assert.ok(!read.ok && read.problem.includes(why));
      }
      const forged = canonicalBytes({ ...all[kind], signature: "0".repeat(128) });
      const read = readGroupDocument(kind, forged, expected, verify);
      assert.ok(!read.ok && read.problem.includes("not signed"));
      for (const other of kinds) if (other !== kind) assert.equal(parseGroupDocument(other, bytes).ok, false);
    }
  });

  it("never throw, whatever the bytes", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        fc.nat(),
        fc.uint8Array({ maxLength: 4 }),
        fc.nat(4),
        (kind, at, put, cut) => {
          const bytes = Buffer.from(canonicalBytes(all[kind]));
          const place = at % bytes.length;
          const changed = Buffer.concat([bytes.subarray(0, place), put, bytes.subarray(place + cut)]);
          const parsed = parseGroupDocument(kind, changed);
          if (parsed.ok) assert.deepEqual(Buffer.from(canonicalBytes(parsed.value)), changed);
          else assert.match(parsed.problem, /^[\x20-\x7e]{1,200}$/);
        },
      ),
      { seed: 1, numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.jsonValue(), (kind, value) => {
        assert.equal(parseGroupDocument(kind, Buffer.from(JSON.stringify(value))).ok, false);
      }),
      { seed: 2, numRuns: 100 },
    );
  });
});
