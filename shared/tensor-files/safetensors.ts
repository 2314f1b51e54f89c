import { BlockZeroError } from "#shared/errors/error.js";
import { quote } from "#shared/protocol/parsed.js";
import { byteLength, type DType, isDType, isOfficialDType, measureShape } from "./dtype.js";
import { ambiguityOf } from "./strict-json.js";

/** What a tensor is, without its elements. */
export interface TensorSpec {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** Row-major little-endian elements. */
export interface Tensor extends TensorSpec {
  readonly data: Uint8Array;
}

/** A tensor as the header announces it; `begin` and `end` count from the end of the header. */
export interface TensorInfo extends TensorSpec {
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  /** In the order of their data. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: ReadonlyMap<string, string>;
  /** Offset of the first byte after the header. */
  readonly dataStart: number;
}

export interface Safetensors {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** What a reader is willing to take, before it takes it. */
export interface SafetensorsLimits {
  readonly headerBytes: number;
  /** Also the most entries of `__metadata__`. */
  readonly tensors: number;
  /** UTF-16 units of a tensor's name. */
  readonly nameLength: number;
  /**
   * Takes what the official library takes beyond the protocol's files: no metadata as `null`, further keys of a tensor, more dimensions, the
   * dtypes F8_E4M3FNUZ and F8_E5M2FNUZ.
   */
  readonly asOfficial?: boolean;
}

export const DEFAULT_SAFETENSORS_LIMITS: SafetensorsLimits = { headerBytes: 8 << 20, tensors: 65_536, nameLength: 256 };

/** For files of other programs. */
export const OFFICIAL_SAFETENSORS_LIMITS: SafetensorsLimits = { ...DEFAULT_SAFETENSORS_LIMITS, asOfficial: true };

/** Bytes before the header: its length, u64 little-endian. */
export const PREFIX_BYTES = 8;

/**
 * The canonical file: tensors in ascending order of their names' UTF-8 bytes, data in that order without gaps, the header compact JSON
 * with `__metadata__` first if given (keys in the same order) and each tensor's keys as dtype, shape, data_offsets, padded
 * with spaces to a multiple of 8 bytes. Same tensors, same bytes.
 */
export const encodeSafetensors = (
  tensors: ReadonlyMap<string, Tensor>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array => Buffer.concat(canonicalParts(tensors, metadata));

/** The canonical file in pieces, for hashing or writing without a copy: prefix and header, then each tensor's data. */
const canonicalParts = (
  tensors: ReadonlyMap<string, Tensor>,
  metadata?: ReadonlyMap<string, string>,
): readonly Uint8Array[] => {
  const { bytes, tensors: placed } = canonicalHeader(tensors, metadata);
  const data = [...placed].map(([name, { begin, end }]) => {
    const tensor = tensors.get(name)!;
    if (tensor.data.length !== end - begin)
      throw invalid(`tensor ${quote(name)} has data that does not fill its shape`);
    return tensor.data;
  });
  return [bytes, ...data];
};

/** What stands before the data of a canonical file. */
export interface CanonicalHeader {
  /** Length prefix and header. */
  readonly bytes: Uint8Array;
  /** In the order of their data, which begins after `bytes`. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
}

/** The beginning of the canonical file of such tensors. @throws BlockZeroError SAFETENSORS_INVALID for what cannot be read back */
export const canonicalHeader = (
  specs: ReadonlyMap<string, TensorSpec>,
  metadata: ReadonlyMap<string, string> = new Map(),
): CanonicalHeader => {
  const entries: string[] = [];
  if (metadata.size > 0) {
    const pairs = byName(metadata).map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
    entries.push(`"__metadata__":{${pairs.join(",")}}`);
  }
  const tensors = new Map<string, TensorInfo>();
  let begin = 0;
  for (const [name, { dtype, shape }] of byName(specs)) {
    const bytes = byteLength(dtype, shape);
    if (name === "__metadata__" || !isUnicode(name) || bytes === null)
      throw invalid(`tensor ${quote(name)} has a reserved name or an impossible shape`);
    const end = begin + bytes;
    entries.push(`${JSON.stringify(name)}:{"dtype":"${dtype}","shape":[${shape}],"data_offsets":[${begin},${end}]}`);
    tensors.set(name, { dtype, shape, begin, end });
    begin = end;
  }
  const header = Buffer.from(`{${entries.join(",")}}`);
  const padded = Math.ceil(header.length / 8) * 8;
  const bytes = Buffer.alloc(PREFIX_BYTES + padded, " ");
  bytes.writeBigUInt64LE(BigInt(padded));
  header.copy(bytes, PREFIX_BYTES);
  return { bytes, tensors };
};

/**
 * Whether a file that `parseSafetensors` took is the canonical one of its tensors, without metadata: of the file that
 * they make nothing but the header can differ.
 */
export const isCanonical = (file: Uint8Array, tensors: ReadonlyMap<string, TensorSpec>): boolean => {
  const { bytes } = canonicalHeader(tensors);
  return Buffer.compare(file.subarray(0, bytes.length), bytes) === 0;
};

/**
 * Length of the header that follows the prefix, in bytes.
 *
 * @param prefix    the file's first 8 bytes or more
 * @param fileBytes length of the whole file
 * @throws BlockZeroError SAFETENSORS_INVALID
 */
export const headerLength = (
  prefix: Uint8Array,
  fileBytes: number,
  limits: SafetensorsLimits = DEFAULT_SAFETENSORS_LIMITS,
): number => {
  if (fileBytes < PREFIX_BYTES || prefix.length < PREFIX_BYTES) throw invalid("shorter than its length prefix");
  const length = new DataView(prefix.buffer, prefix.byteOffset, PREFIX_BYTES).getBigUint64(0, true);
  if (length > BigInt(limits.headerBytes)) throw invalid(`header of ${length} bytes, at most ${limits.headerBytes}`);
  if (length > BigInt(fileBytes - PREFIX_BYTES)) throw invalid("header longer than the file");
  return Number(length);
};

/**
 * Checks everything about a file that can be known before its data is read.
 *
 * @param header    the header's bytes, without the prefix
 * @param fileBytes length of the whole file
 * @throws BlockZeroError SAFETENSORS_INVALID
 */
export const parseHeader = (
  header: Uint8Array,
  fileBytes: number,
  limits: SafetensorsLimits = DEFAULT_SAFETENSORS_LIMITS,
): SafetensorsHeader => {
  const json = headerJson(header, limits);
  let metadata: ReadonlyMap<string, string> = new Map();
  const infos: [string, TensorInfo][] = [];
  for (const [name, value] of Object.entries(json)) {
    if (name === "__metadata__") {
      if (value !== null || !limits.asOfficial) metadata = parseMetadata(value);
      continue;
    }
    if (infos.length >= limits.tensors) throw invalid(`more than ${limits.tensors} tensors`);
    if (name.length > limits.nameLength || !isUnicode(name))
      throw invalid(`the name ${quote(name)} is too long or not Unicode`);
    infos.push([name, parseInfo(name, value, limits)]);
  }
  infos.sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const [name, { begin, end }] of infos) {
    if (begin !== covered) throw invalid(`tensor ${quote(name)} begins at ${begin}, not at ${covered}`);
    covered = end;
  }
  const dataStart = PREFIX_BYTES + header.length;
  if (dataStart + covered !== fileBytes)
    throw invalid(`tensors take ${covered} bytes, the file has ${fileBytes - dataStart}`);
  return { tensors: new Map(infos), metadata, dataStart };
};

/**
 * Reads a file from a stranger: strict, bounded by `limits`, without copying (tensors are views of `bytes`).
 *
 * @throws BlockZeroError SAFETENSORS_INVALID
 */
export const parseSafetensors = (
  bytes: Uint8Array,
  limits: SafetensorsLimits = DEFAULT_SAFETENSORS_LIMITS,
): Safetensors => {
  const length = headerLength(bytes, bytes.length, limits);
  const header = parseHeader(bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + length), bytes.length, limits);
  const tensors = new Map<string, Tensor>();
  for (const [name, { dtype, shape, begin, end }] of header.tensors) {
    tensors.set(name, { dtype, shape, data: bytes.subarray(header.dataStart + begin, header.dataStart + end) });
  }
  return { tensors, metadata: header.metadata };
};

const headerJson = (header: Uint8Array, { tensors, asOfficial = false }: SafetensorsLimits): object => {
  if (header[0] !== 0x7b) throw invalid("the header does not begin with {");
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(header);
  } catch (cause) {
    throw invalid("the header is not UTF-8", cause);
  }
  const ambiguity = ambiguityOf(text, { depth: asOfficial ? 16 : 3, members: tensors + 1, digits: !asOfficial });
  if (ambiguity !== null) throw invalid(`the header's JSON: ${ambiguity}`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid("the header is not JSON", cause);
  }
};

const parseMetadata = (value: unknown): ReadonlyMap<string, string> => {
  if (!isObject(value)) throw invalid("__metadata__ is not an object");
  return new Map(
    Object.entries(value).map(([key, text]) => {
      if (typeof text !== "string") throw invalid(`__metadata__ ${quote(key)} is not a string`);
      return [key, text];
    }),
  );
};

/** Of files of other programs: far more than any tensor has. */
const OFFICIAL_DIMENSIONS = 1024;

const parseInfo = (name: string, value: unknown, { asOfficial = false }: SafetensorsLimits): TensorInfo => {
  const bad = (what: string) => invalid(`tensor ${quote(name)}: ${what}`);
  if (!isObject(value) || (!asOfficial && Object.keys(value).length !== 3))
    throw bad("is not {dtype, shape, data_offsets}");
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isOfficialDType(dtype) || !(asOfficial || isDType(dtype))) throw bad("unknown dtype");
  if (!Array.isArray(shape)) throw bad("shape is not a list");
  if (!Array.isArray(offsets) || offsets.length !== 2) throw bad("data_offsets is not a pair");
  const [begin, end]: readonly unknown[] = offsets;
  const tooLarge = (what: string) => invalid(`tensor ${quote(name)}: ${what}`, undefined, TOO_LARGE_HINT);
  if (isBeyondCounting(begin) || isBeyondCounting(end))
    throw tooLarge("data_offsets of 2^53 bytes or more, which no file has");
  if (!isOffset(begin) || !isOffset(end)) throw bad("data_offsets are not whole numbers");
  const measured = measureShape(dtype, shape, asOfficial ? OFFICIAL_DIMENSIONS : undefined);
  if (!measured.ok) throw measured.isTooLarge ? tooLarge(measured.problem) : bad(measured.problem);
  if (end - begin !== measured.bytes) throw bad("data_offsets do not fit dtype and shape");
  return { dtype, shape: shape.map(Number), begin, end };
};

const isOffset = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

const isBeyondCounting = (value: unknown): boolean => typeof value === "number" && value > Number.MAX_SAFE_INTEGER;

/** JavaScript strings may hold lone surrogates, which UTF-8 cannot. */
const isUnicode = (text: string): boolean => !/\p{Surrogate}/u.test(text);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** In the canonical order: ascending by the names' UTF-8 bytes. */
export const byName = <T>(map: ReadonlyMap<string, T>): readonly (readonly [string, T])[] =>
  [...map].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

const TOO_LARGE_HINT = "its header was made up: ask who made the file, or take another";

const invalid = (
  problem: string,
  cause?: unknown,
  hint = "the file is damaged or not safetensors: fetch or write it again",
): BlockZeroError => new BlockZeroError("SAFETENSORS_INVALID", problem, hint, { cause });
