import { reasonOf } from "#shared/errors.js";
import { commitmentOf } from "#shared/protocol/commitment.js";
import { sha256 } from "#shared/protocol/hash.js";
import { isUpdateSigned, parseUpdateManifest, type UpdateManifest } from "#shared/protocol/manifest.js";
import type { CodecName } from "#shared/protocol/network.js";
import { MAX_DETAIL_CHARS, quote } from "#shared/protocol/parsed.js";
import type { Verify } from "#shared/protocol/signing.js";
import type { ReasonCode } from "#shared/protocol/verdict.js";
import { isFault } from "./codec/codec.js";
import { CODECS, decodeTensor, encodedSpecs, type TensorShapes } from "./codec/index.js";
import type { FloatTensor } from "./float32.js";
import { byName, isCanonical, parseSafetensors, type SafetensorsLimits } from "./safetensors.js";
import { type FloatTensors, l2Norm } from "./update.js";

/** The first gate that an update did not pass. */
export interface GateFailure {
  readonly ok: false;
  readonly reason: ReasonCode;
  /** The offending value, for people; printable ASCII, at most 200 characters. */
  readonly detail: string;
}

export interface ManifestGates {
  /** As revealed. */
  readonly artifact: string;
  readonly group: string;
  /** As committed on chain in this cycle's commit phase; null if nothing was. */
  readonly commitment: string | null;
  /** Who revealed it: SS58 address and its 32 bytes. */
  readonly hotkey: string;
  readonly publicKey: Uint8Array;
  /** Full hash of the network file. */
  readonly network: string;
  readonly cycle: number;
  /** Hash of the agreed model. */
  readonly base: string;
  /** The network's expert groups. */
  readonly groups: ReadonlySet<string>;
  /** The network's codec. */
  readonly codec: CodecName;
  readonly maxBytes: number;
  readonly verify: Verify;
}

export interface TensorGates {
  /** The group's tensors in the base model: name → shape. */
  readonly shapes: TensorShapes;
  /** L2 norm of those tensors in the base model. */
  readonly baseNorm: number;
  /** Largest allowed norm of the update, relative to `baseNorm`. */
  readonly maxUpdateNorm: number;
  readonly maxBytes: number;
  readonly limits?: SafetensorsLimits;
}

/**
 * What a manifest must pass before its tensors are worth fetching, in this order: no_commit, hash_mismatch, commitment_mismatch, malformed,
 * wrong_network, wrong_cycle, bad_signature, wrong_group, stale_base, wrong_codec, too_large.
 */
export const checkManifest = (
  bytes: Uint8Array,
  expected: ManifestGates,
): { readonly ok: true; readonly manifest: UpdateManifest } | GateFailure => {
  const { artifact, commitment, hotkey } = expected;
  if (commitment === null) return failed("no_commit", "nothing was committed in time");
  if (sha256(bytes) !== artifact) return failed("hash_mismatch", `the manifest's bytes are not ${artifact}`);
  if (commitmentOf(artifact, expected.publicKey, expected.cycle) !== commitment) {
    return failed("commitment_mismatch", `${artifact} is not what was committed`);
  }
  const parsed = parseUpdateManifest(bytes);
  if (!parsed.ok) return failed("malformed", `manifest: ${parsed.problem}`);
  const manifest = parsed.value;
  if (manifest.network !== expected.network) return failed("wrong_network", `made for network ${manifest.network}`);
  if (manifest.cycle !== expected.cycle) return failed("wrong_cycle", `made for cycle ${manifest.cycle}`);
  if (manifest.hotkey !== hotkey) return failed("bad_signature", `the manifest names ${manifest.hotkey}`);
  if (!isUpdateSigned(manifest, expected.verify)) return failed("bad_signature", `${hotkey} did not sign it`);
  if (manifest.group !== expected.group || !expected.groups.has(manifest.group)) {
    return failed("wrong_group", `made for ${quote(manifest.group)}, revealed for ${quote(expected.group)}`);
  }
  if (manifest.base !== expected.base) return failed("stale_base", `trained from ${manifest.base}`);
  if (manifest.codec !== expected.codec) {
    return failed("wrong_codec", `written as ${manifest.codec}, the network's is ${expected.codec}`);
  }
  if (manifest.bytes > expected.maxBytes) {
    return failed("too_large", `${manifest.bytes} bytes, at most ${expected.maxBytes}`);
  }
  return { ok: true, manifest };
};

/**
 * What an update's tensors must pass before they are scored, in this order: too_large, hash_mismatch, malformed (also a file that is not
 * in canonical form, so that equal tensors always have equal hashes), unknown_tensor, missing_tensor, wrong_dtype, wrong_shape, then per
 * tensor malformed (its encoding) and not_finite, and norm last. Tensors come in canonical order. Nothing is allocated but what the
 * shapes ask for, one decoded copy; that of codec float32 is a view of `bytes`.
 */
export const checkTensors = (
  manifest: UpdateManifest,
  bytes: Uint8Array,
  { shapes, baseNorm, maxUpdateNorm, maxBytes, limits }: TensorGates,
): { readonly ok: true; readonly tensors: FloatTensors; readonly norm: number } | GateFailure => {
  if (bytes.length > maxBytes) return failed("too_large", `${bytes.length} bytes, at most ${maxBytes}`);
  if (bytes.length !== manifest.bytes) {
    return failed("hash_mismatch", `${bytes.length} bytes, the manifest promised ${manifest.bytes}`);
  }
  if (sha256(bytes) !== manifest.tensors)
    return failed("hash_mismatch", `the tensors' bytes are not ${manifest.tensors}`);

  let parsed: ReturnType<typeof parseSafetensors>;
  try {
    parsed = parseSafetensors(bytes, limits);
  } catch (thrown) {
    return failed("malformed", reasonOf(thrown));
  }
  if (!isCanonical(bytes, parsed.tensors)) return failed("malformed", "not canonical safetensors");

  const codec = CODECS[manifest.codec];
  const specs = encodedSpecs(codec, shapes);
  for (const name of parsed.tensors.keys()) {
    if (!specs.has(name)) return failed("unknown_tensor", quote(name));
  }
  for (const [name, { dtype, shape }] of specs) {
    const tensor = parsed.tensors.get(name);
    if (tensor === undefined) return failed("missing_tensor", quote(name));
    if (tensor.dtype !== dtype) return failed("wrong_dtype", `${quote(name)} is ${tensor.dtype}, not ${dtype}`);
    if (`${tensor.shape}` !== `${shape}`) {
      return failed("wrong_shape", `${quote(name)} is [${tensor.shape}], not [${shape}]`);
    }
  }

  const tensors = new Map<string, FloatTensor>();
  for (const [name, shape] of byName(shapes)) {
    const data = decodeTensor(codec, name, shape, parsed.tensors);
    if (isFault(data)) return failed(data.reason, `${quote(name)}: ${data.problem}`);
    if (!Number.isFinite(l2Norm([{ shape, data }]))) return failed("not_finite", quote(name));
    tensors.set(name, { shape, data });
  }
  const norm = l2Norm(tensors.values());
  const allowed = maxUpdateNorm * baseNorm;
  if (!(norm <= allowed)) return failed("norm", `norm ${norm.toPrecision(4)}, at most ${allowed.toPrecision(4)}`);
  return { ok: true, tensors, norm };
};

/** Both, for a caller that has all the bytes at hand. */
export const checkUpdate = (inputs: {
  readonly manifest: Uint8Array;
  readonly tensors: Uint8Array;
  readonly expected: ManifestGates & TensorGates;
}): { readonly ok: true; readonly manifest: UpdateManifest; readonly tensors: FloatTensors } | GateFailure => {
  const checked = checkManifest(inputs.manifest, inputs.expected);
  if (!checked.ok) return checked;
  const result = checkTensors(checked.manifest, inputs.tensors, inputs.expected);
  return result.ok ? { ok: true, manifest: checked.manifest, tensors: result.tensors } : result;
};

const failed = (reason: ReasonCode, detail: string): GateFailure => ({
  ok: false,
  reason,
  detail: detail.slice(0, MAX_DETAIL_CHARS),
});
