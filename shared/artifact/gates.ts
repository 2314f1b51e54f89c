import { hasCode, reasonOf } from "#shared/errors/error.js";
import { type ByteSource, hashOfSource } from "#shared/files/byte-source.js";
import { addSquares } from "#shared/kernels/sum-of-squares.js";
import type { CodecName } from "#shared/protocol/codec-name.js";
import { commitmentOf } from "#shared/protocol/commitment.js";
import { sha256 } from "#shared/protocol/hash.js";
import { isUpdateSigned, parseUpdateManifest, type UpdateManifest } from "#shared/protocol/manifest.js";
import { MAX_DETAIL_CHARS, quote } from "#shared/protocol/parsed.js";
import type { Verify } from "#shared/protocol/signing.js";
import type { ReasonCode } from "#shared/protocol/verdict.js";
import {
  type CanonicalHeader,
  canonicalHeader,
  DEFAULT_SAFETENSORS_LIMITS,
  isCanonical,
  type SafetensorsLimits,
  type TensorSpec,
} from "#shared/tensor-files/safetensors.js";
import { openCanonical, openSafetensors, type SafetensorsReader } from "#shared/tensor-files/safetensors-file.js";
import type { TensorShapes } from "#shared/tensor-files/tensor-shapes.js";
import { isFault } from "./codec/codec.js";
import { CODECS, encodedSpecs } from "./codec/index.js";
import { createUpdateMemory, type UpdateReader, updateReader } from "./update-reader.js";

/** The first gate that an update did not pass. */
export interface GateFailure {
  readonly ok: false;
  readonly reason: ReasonCode;
  /** The value that failed, for people; printable ASCII, at most 200 characters. */
  readonly detail: string;
}

export interface ManifestGates {
  /** As revealed. */
  readonly artifact: string;
  readonly group: string;
  /** The commitment on chain from this cycle's commit phase. Null if there is none. */
  readonly commitment: string | null;
  /** Who revealed it: SS58 address and its 32 bytes. */
  readonly hotkey: string;
  readonly publicKey: Uint8Array;
  /** Full hash of the network file. */
  readonly network: string;
  readonly cycle: number;
  /** Hash of the agreed model. */
  readonly base: string;
  /** By expert group of the network: greatest number of bytes of an update's file. */
  readonly groups: ReadonlyMap<string, number>;
  /** The network's codec. */
  readonly codec: CodecName;
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
}

/** Allowance on top of twice the size of an update of the group, so that the fault of a file can still be named. */
const SPARE = { bytes: 65_536, headerBytes: 4096, tensors: 16 };

/**
 * Greatest size of an update's file that is worth fetching, in bytes. A valid file has exactly `length`. A much larger file cannot be an
 * honest mistake.
 *
 * @param length  of the canonical file in the network's codec, as `encodedLength` gives it
 * @param allowed the network file's `limits.artifact_bytes`
 */
export const mostBytes = (length: number, allowed: number): number => Math.min(allowed, 2 * length + SPARE.bytes);

/**
 * Greatest part of a wrong header that is read, however large the group. Parsing it takes 8 ms (25 ms the first time) on the thread that
 * does everything else.
 */
const MOST = { headerBytes: 256 << 10, tensors: 2048 };

/** How much of a wrong header is read, given the right one: reading more would cost the reader more than an honest file does. */
const limitsFor = ({ bytes, tensors }: CanonicalHeader): SafetensorsLimits => ({
  ...DEFAULT_SAFETENSORS_LIMITS,
  headerBytes: Math.min(MOST.headerBytes, 2 * bytes.length + SPARE.headerBytes),
  tensors: Math.min(MOST.tensors, 2 * tensors.size + SPARE.tensors),
});

/**
 * The gates that a manifest must pass before its tensors are worth fetching, in this order: no_commit, hash_mismatch, commitment_mismatch,
 * malformed, wrong_network, wrong_cycle, bad_signature, wrong_group, stale_base, wrong_codec, too_large.
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
  const maxBytes = expected.groups.get(manifest.group);
  if (manifest.group !== expected.group || maxBytes === undefined) {
    return failed("wrong_group", `made for ${quote(manifest.group)}, revealed for ${quote(expected.group)}`);
  }
  if (manifest.base !== expected.base) return failed("stale_base", `trained from ${manifest.base}`);
  if (manifest.codec !== expected.codec) {
    return failed("wrong_codec", `written as ${manifest.codec}, the network's is ${expected.codec}`);
  }
  if (manifest.bytes > maxBytes) {
    return failed("too_large", `${manifest.bytes} bytes, at most ${maxBytes}`);
  }
  return { ok: true, manifest };
};

/** An update that passed the gates of its tensors. Readable while its source is open. */
export interface PassedUpdate {
  readonly update: UpdateReader;
  /** L2 norm over all its tensors. */
  readonly norm: number;
}

/**
 * The gates that an update's tensors must pass before they are scored, in this order: too_large, hash_mismatch, malformed, unknown_tensor,
 * missing_tensor, wrong_dtype, wrong_shape, then per tensor malformed (its encoding) and not_finite, and norm last. The first malformed
 * includes a header above the limit for wrong headers, and a file that is not in canonical form, so that equal tensors always have equal
 * hashes. At most one tensor is in memory, encoded and decoded.
 *
 * @throws what reading the source throws
 */
export const checkTensors = async (
  manifest: Pick<UpdateManifest, "codec" | "tensors" | "bytes">,
  file: ByteSource,
  { shapes, baseNorm, maxUpdateNorm, maxBytes }: TensorGates,
): Promise<({ readonly ok: true } & PassedUpdate) | GateFailure> => {
  if (file.size > maxBytes) return failed("too_large", `${file.size} bytes, at most ${maxBytes}`);
  if (file.size !== manifest.bytes) {
    return failed("hash_mismatch", `${file.size} bytes, the manifest promised ${manifest.bytes}`);
  }
  if ((file.hash ?? (await hashOfSource(file))) !== manifest.tensors)
    return failed("hash_mismatch", `the tensors' bytes are not ${manifest.tensors}`);

  const codec = CODECS[manifest.codec];
  const specs = encodedSpecs(codec, shapes);
  const expected = canonicalHeader(specs);
  const reader = await openCanonical(file, expected);
  if (reader === null) return headerFault(file, specs, expected);

  const update = updateReader(reader, codec, shapes);
  const memory = createUpdateMemory();
  let squares = 0;
  for (const name of update.shapes.keys()) {
    const data = await update.read(name, memory);
    if (isFault(data)) return failed(data.reason, `${quote(name)}: ${data.problem}`);
    squares = addSquares(squares, data);
    // Squares of float32 do not overflow a float64, so the sum is finite exactly if every element is.
    if (!Number.isFinite(squares)) return failed("not_finite", quote(name));
  }
  const norm = Math.sqrt(squares);
  const allowed = maxUpdateNorm * baseNorm;
  if (!(norm <= allowed)) return failed("norm", `norm ${norm.toPrecision(4)}, at most ${allowed.toPrecision(4)}`);
  return { ok: true, update, norm };
};

/** What is wrong with a file whose header is not the header of its group's tensors. */
const headerFault = async (
  file: ByteSource,
  specs: ReadonlyMap<string, TensorSpec>,
  expected: CanonicalHeader,
): Promise<GateFailure> => {
  let reader: SafetensorsReader;
  try {
    reader = await openSafetensors(file, undefined, limitsFor(expected));
  } catch (thrown) {
    if (!hasCode(thrown, "SAFETENSORS_INVALID")) throw thrown;
    return failed("malformed", reasonOf(thrown));
  }
  const { tensors, dataStart } = reader.header;
  const header = new Uint8Array(dataStart);
  await file.fill(header, 0);
  if (!isCanonical(header, tensors)) return failed("malformed", "not canonical safetensors");
  for (const name of tensors.keys()) if (!specs.has(name)) return failed("unknown_tensor", quote(name));
  for (const [name, { dtype, shape }] of specs) {
    const tensor = tensors.get(name);
    if (tensor === undefined) return failed("missing_tensor", quote(name));
    if (tensor.dtype !== dtype) return failed("wrong_dtype", `${quote(name)} is ${tensor.dtype}, not ${dtype}`);
    if (`${tensor.shape}` !== `${shape}`)
      return failed("wrong_shape", `${quote(name)} is [${tensor.shape}], not [${shape}]`);
  }
  return failed("malformed", "its header is not that of its tensors");
};

const failed = (reason: ReasonCode, detail: string): GateFailure => ({
  ok: false,
  reason,
  detail: detail.slice(0, MAX_DETAIL_CHARS),
});
