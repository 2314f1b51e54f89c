import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeUpdate } from "#shared/artifact/codec/encode-update.js";
import { CODECS, decodeTensor } from "#shared/artifact/codec/index.js";
import {
  checkManifest,
  checkTensors,
  type GateFailure,
  type ManifestGates,
  mostBytes,
  type TensorGates,
} from "#shared/artifact/gates.js";
import { buildUpdate, encodeFloats, type FloatTensors, l2Norm } from "#shared/artifact/update.js";
import { loadTensors } from "#shared/artifact/update-reader.js";
import { createRandom } from "#shared/data/random.js";
import { bytesSource } from "#shared/files/byte-source.js";
import { CODEC_NAMES, type CodecName } from "#shared/protocol/codec-name.js";
import { commitmentOf } from "#shared/protocol/commitment.js";
import { sha256 } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { artifactHash, type UnsignedUpdateManifest, type UpdateManifest } from "#shared/protocol/manifest.js";
import type { ReasonCode } from "#shared/protocol/verdict.js";
import { encodeSafetensors, parseSafetensors, type Tensor } from "#shared/tensor-files/safetensors.js";
import { localUpdate } from "../../support/local-signing.js";
import { devSigner, verify } from "../protocol/keys.js";

const miner = devSigner("//Alice");
const other = devSigner("//Bob");
const hashOf = (text: string): string => sha256(Buffer.from(text));

const tensor = (shape: number[], ...values: number[]) => ({ shape, data: Float32Array.from(values) });
const base: FloatTensors = new Map([
  ["experts.1.up", tensor([2, 2], 1, 2, 3, 4)],
  ["experts.0.up", tensor([2], 5, 6)],
]);
const trained: FloatTensors = new Map([
  ["experts.0.up", tensor([2], 5.5, 6)],
  ["experts.1.up", tensor([2, 2], 1, 2, 3, 3.5)],
]);
const update = encodeFloats(buildUpdate(base, trained));

const fields: UnsignedUpdateManifest = {
  network: hashOf("network"),
  cycle: 7,
  group: "prose",
  base: hashOf("base"),
  codec: "float32",
  tensors: update.hash,
  bytes: update.bytes.length,
  steps: 10,
  tokens: 10_240,
};

const tensorGates: TensorGates = {
  shapes: new Map([...base].map(([name, { shape }]) => [name, shape])),
  baseNorm: Math.sqrt(91),
  maxUpdateNorm: 0.5,
  maxBytes: 1 << 20,
};

/** The manifest, and the gates that it and `update` pass. */
const submit = (change: Partial<UnsignedUpdateManifest> = {}, signer = miner) => {
  const manifest = localUpdate({ ...fields, ...change }, signer);
  return { manifest, bytes: canonicalBytes(manifest), gates: gatesFor(canonicalBytes(manifest)) };
};
const gatesFor = (manifest: Uint8Array): ManifestGates & TensorGates => ({
  artifact: sha256(manifest),
  group: "prose",
  commitment: commitmentOf(sha256(manifest), miner.publicKey, 7),
  hotkey: miner.address,
  publicKey: miner.publicKey,
  network: fields.network,
  cycle: 7,
  base: fields.base,
  groups: new Map([
    ["prose", tensorGates.maxBytes],
    ["code", tensorGates.maxBytes],
  ]),
  codec: "float32",
  verify,
  ...tensorGates,
});
const failsWith = (result: { ok: true } | GateFailure, reason: ReasonCode, detail = /^[\x20-\x7e]{1,200}$/): void => {
  assert.ok(!result.ok, `passed instead of ${reason}`);
  assert.equal(result.reason, reason, result.detail);
  assert.match(result.detail, detail);
};

test("an honest update passes every gate and is the difference that training made", async () => {
  const { manifest, bytes, gates } = submit();
  const checked = checkManifest(bytes, gates);
  assert.ok(checked.ok);
  assert.equal(artifactHash(checked.manifest), artifactHash(manifest));
  const result = await checkTensors(checked.manifest, bytesSource(update.bytes), gates);
  assert.ok(result.ok);
  const tensors = await loadTensors(result.update);
  assert.deepEqual([...tensors.keys()], ["experts.0.up", "experts.1.up"]);
  assert.deepEqual(tensors.get("experts.0.up")?.data, Float32Array.of(0.5, 0));
  assert.deepEqual(tensors.get("experts.1.up")?.data, Float32Array.of(0, 0, 0, -0.5));
});

test("each fault of a manifest has its reason", () => {
  const { bytes, gates } = submit();
  failsWith(checkManifest(bytes, { ...gates, commitment: null }), "no_commit");
  failsWith(checkManifest(Buffer.concat([bytes, Buffer.from(" ")]), gates), "hash_mismatch");
  failsWith(checkManifest(bytes, { ...gates, commitment: hashOf("another") }), "commitment_mismatch");
  failsWith(checkManifest(bytes, { ...gates, publicKey: other.publicKey }), "commitment_mismatch");

  const junk = Buffer.from("{}");
  failsWith(checkManifest(junk, gatesFor(junk)), "malformed");
  for (const [change, reason] of [
    [{ network: hashOf("elsewhere") }, "wrong_network"],
    [{ cycle: 6 }, "wrong_cycle"],
    [{ group: "code" }, "wrong_group"],
    [{ base: hashOf("older") }, "stale_base"],
    [{ codec: "int8" }, "wrong_codec"],
    [{ bytes: (1 << 20) + 1 }, "too_large"],
  ] as const) {
    const changed = submit(change);
    failsWith(checkManifest(changed.bytes, changed.gates), reason);
  }
  failsWith(checkManifest(bytes, { ...gates, groups: new Map([["code", 1]]) }), "wrong_group");
});

test("the signature is checked, its result is used, and it is the revealing hotkey's", () => {
  const forged = submit({}, other);
  failsWith(checkManifest(forged.bytes, forged.gates), "bad_signature");
  const renamed: UpdateManifest = { ...forged.manifest, hotkey: miner.address };
  const bytes = canonicalBytes(renamed);
  failsWith(checkManifest(bytes, gatesFor(bytes)), "bad_signature");
  const honest = submit();
  failsWith(checkManifest(honest.bytes, { ...honest.gates, verify: () => false }), "bad_signature");
});

test("a copier cannot reveal what somebody else committed", () => {
  const { bytes, gates } = submit();
  const copied = { ...gates, hotkey: other.address, publicKey: other.publicKey };
  failsWith(checkManifest(bytes, copied), "commitment_mismatch");
  const recommitted = commitmentOf(gates.artifact, other.publicKey, 7);
  failsWith(checkManifest(bytes, { ...copied, commitment: recommitted }), "bad_signature");
});

test("each fault of the tensors has its reason", async () => {
  const check = (tensors: FloatTensors, change: Partial<TensorGates> = {}) => {
    const blob = encodeFloats(tensors);
    const { manifest } = submit({ tensors: blob.hash, bytes: blob.bytes.length });
    return checkTensors(manifest, bytesSource(blob.bytes), { ...tensorGates, ...change });
  };
  const honest = buildUpdate(base, trained);
  const without = new Map([...honest].slice(1));
  const replaced = (value: ReturnType<typeof tensor>) => new Map([...honest, ["experts.0.up", value] as const]);

  failsWith(await check(honest, { maxBytes: 10 }), "too_large");
  failsWith(await check(new Map([...honest, ["\u202erouter\n", tensor([1], 1)] as const])), "unknown_tensor");
  failsWith(await check(new Map([...honest, ["__proto__", tensor([1], 1)] as const])), "unknown_tensor", /__proto__/);
  failsWith(await check(without), "missing_tensor");
  failsWith(await check(replaced(tensor([1, 2], 0, 0))), "wrong_shape", /\[1,2\], not \[2\]/);
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    failsWith(await check(replaced(tensor([2], 0, bad))), "not_finite", /experts\.0\.up/);
  }
  failsWith(await check(replaced(tensor([2], 3.4e38, -3.4e38))), "norm");
  failsWith(await check(honest, { maxUpdateNorm: 0.07 }), "norm");
  failsWith(await check(honest, { baseNorm: Number.NaN }), "norm");
  assert.ok((await check(honest, { maxUpdateNorm: 0.075 })).ok);
});

test("the bytes must be those promised, in the one form that the tensors have", async () => {
  const { manifest } = submit();
  failsWith(await checkTensors(manifest, bytesSource(update.bytes.subarray(1)), tensorGates), "hash_mismatch");
  const flipped = Uint8Array.from(update.bytes);
  flipped[flipped.length - 1]! ^= 1;
  failsWith(await checkTensors(manifest, bytesSource(flipped), tensorGates), "hash_mismatch");

  const check = (bytes: Uint8Array) =>
    checkTensors(submit({ tensors: sha256(bytes), bytes: bytes.length }).manifest, bytesSource(bytes), tensorGates);
  failsWith(await check(Buffer.from("not safetensors")), "malformed");
  const raw = new Map<string, Tensor>(
    [...buildUpdate(base, trained)].map(([name, { shape, data }]) => [
      name,
      { dtype: "F32", shape, data: new Uint8Array(data.buffer) },
    ]),
  );
  failsWith(await check(encodeSafetensors(raw, new Map([["salt", "1"]]))), "malformed", /canonical/);
  assert.ok((await check(encodeSafetensors(raw))).ok);
  const integers = new Map([...raw].map(([name, t]) => [name, { ...t, dtype: "I32" as const }]));
  failsWith(await check(encodeSafetensors(integers)), "wrong_dtype");
});

test("a header of far more than belongs there is not read", async () => {
  const check = (tensors: FloatTensors) => {
    const { bytes, hash } = encodeFloats(tensors);
    return checkTensors(submit({ tensors: hash, bytes: bytes.length }).manifest, bytesSource(bytes), tensorGates);
  };
  const honest = buildUpdate(base, trained);
  const more = (count: number, name: (i: number) => string) =>
    new Map([...honest, ...Array.from({ length: count }, (_, i) => [name(i), tensor([0])] as const)]);
  failsWith(await check(more(18, (i) => `e${i}`)), "unknown_tensor");
  failsWith(await check(more(19, (i) => `e${i}`)), "malformed", /more than 20/);
  failsWith(await check(more(18, (i) => `${i}`.padStart(256, "e"))), "malformed", /header of/);
  failsWith(await check(more(15_000, (i) => `e${i}`)), "malformed", /header of/);
});

test("of a wrong header no more is read than a program has time for, however many tensors the group has", async () => {
  const many = new Map(Array.from({ length: 3000 }, (_, i) => [`t${i}`, [1]] as const));
  const gates = { ...tensorGates, shapes: many, baseNorm: 1e9, maxBytes: 1 << 30 };
  const raw = (names: Iterable<string>) =>
    encodeSafetensors(new Map([...names].map((name) => [name, { dtype: "F32", shape: [1], data: new Uint8Array(4) }])));
  const check = (bytes: Uint8Array) =>
    checkTensors(submit({ tensors: sha256(bytes), bytes: bytes.length }).manifest, bytesSource(bytes), gates);
  assert.ok((await check(raw(many.keys()))).ok);
  const named = (count: number, length = 0) => Array.from({ length: count }, (_, i) => `${i}`.padStart(length, "e"));
  failsWith(await check(raw(named(2048))), "unknown_tensor");
  failsWith(await check(raw(named(2049))), "malformed", /more than 2048/);
  failsWith(await check(raw(named(1000, 250))), "malformed", /header of \d+ bytes, at most 262144/);
});

test("an update's file may be as long as its mistakes can be told, and no longer than the network allows", () => {
  assert.equal(mostBytes(1000, 1 << 20), 67_536);
  assert.equal(mostBytes(1000, 50_000), 50_000);
});

/** An update of 5,000 and 70 elements as one codec writes it, and the gates for it. */
const written = async (codec: CodecName) => {
  const random = createRandom("gates");
  const large: FloatTensors = new Map(
    [
      ["a", 5000],
      ["b", 70],
    ].map(([name, length]) => [
      String(name),
      tensor([Number(length)], ...Array.from({ length: Number(length) }, () => random.next() - 0.5)),
    ]),
  );
  const shapes = new Map([...large].map(([name, { shape }]) => [name, shape]));
  const { bytes } = await encodeUpdate(CODECS[codec], large);
  const { manifest } = submit({ codec });
  const check = (file: Uint8Array) =>
    checkTensors({ ...manifest, tensors: sha256(file), bytes: file.length }, bytesSource(file), {
      ...tensorGates,
      shapes,
      baseNorm: 1e6,
    });
  return { large, bytes, check };
};

for (const codec of CODEC_NAMES) {
  test(`${codec}: what is scored is what was decoded, also from bytes that lie anywhere`, async () => {
    const { large, bytes, check } = await written(codec);
    const { tensors } = parseSafetensors(bytes);
    for (const shift of [0, 1, 2, 3]) {
      const shifted = Buffer.alloc(bytes.length + shift).subarray(shift);
      shifted.set(bytes);
      const result = await check(shifted);
      assert.ok(result.ok, JSON.stringify(result));
      const decoded = await loadTensors(result.update);
      for (const [name, { shape }] of large)
        assert.deepEqual(decoded.get(name), { shape, data: decodeTensor(CODECS[codec], name, shape, tensors) });
      assert.equal(result.norm, l2Norm(decoded.values()));
    }
  });

  test(`${codec}: a damaged file passes with finite values or fails with a reason, and nothing throws`, async () => {
    const { large, bytes, check } = await written(codec);
    const { tensors } = parseSafetensors(bytes);
    const data = bytes.length - [...tensors.values()].reduce((sum, piece) => sum + piece.data.length, 0);
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: data, max: bytes.length - 1 }), fc.nat(255)), {
          minLength: 1,
          maxLength: 4,
        }),
        async (flips) => {
          const damaged = Uint8Array.from(bytes);
          for (const [at, value] of flips) damaged[at] = value;
          const result = await check(damaged);
          seen.add(result.ok ? "ok" : result.reason);
          if (!result.ok) return assert.match(result.detail, /^[\x20-\x7e]{1,200}$/);
          for (const [name, { data }] of await loadTensors(result.update)) {
            assert.equal(data.length, large.get(name)!.data.length);
            assert.ok(data.every(Number.isFinite));
          }
        },
      ),
      { seed: 6, numRuns: 300 },
    );
    assert.ok(seen.has("ok"), [...seen].join());
    if (codec === "topk-2bit") assert.ok(seen.has("malformed"), [...seen].join());
  });
}

test("a tensor of another codec's layout is named", async () => {
  const { large, check } = await written("int8");
  const shapeless = (bytes: Uint8Array, change: (pieces: Map<string, Tensor>) => void) => {
    const pieces = new Map(parseSafetensors(bytes).tensors);
    change(pieces);
    return check(encodeSafetensors(pieces));
  };
  const int8 = (await encodeUpdate(CODECS.int8, large)).bytes;
  const sparse = (await encodeUpdate(CODECS["topk-2bit"], large)).bytes;
  failsWith(await check(sparse), "unknown_tensor", /"a\.indices"/);
  failsWith(await shapeless(int8, (pieces) => pieces.delete("a.scales")), "missing_tensor", /"a\.scales"/);
  const scales = { dtype: "F32", shape: [21], data: new Uint8Array(84) } as const;
  failsWith(await shapeless(int8, (pieces) => pieces.set("a.scales", scales)), "wrong_shape", /\[21\], not \[20\]/);
  const halves = { dtype: "F16", shape: [20], data: new Uint8Array(40) } as const;
  failsWith(await shapeless(int8, (pieces) => pieces.set("a.scales", halves)), "wrong_dtype", /F16, not F32/);
  const huge = {
    dtype: "F32",
    shape: [20],
    data: new Uint8Array(Float32Array.from({ length: 20 }, () => 3e38).buffer),
  } as const;
  failsWith(await shapeless(int8, (pieces) => pieces.set("a.scales", huge)), "not_finite", /^"a"$/);
});

test("an update needs the same tensors before and after", () => {
  const mismatch = { code: "UPDATE_MISMATCH" };
  assert.throws(() => buildUpdate(base, new Map([...trained].slice(1))), mismatch);
  assert.throws(
    () => buildUpdate(base, new Map([...trained, ["experts.0.up", tensor([1, 2], 1, 2)] as const])),
    mismatch,
  );
});
