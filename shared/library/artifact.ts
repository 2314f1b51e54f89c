/** Files: safetensors, updates in a codec, and stores of blobs by hash. */

export type { Codec } from "#shared/artifact/codec/codec.js";
export { encodeUpdate } from "#shared/artifact/codec/encode-update.js";
export { CODECS } from "#shared/artifact/codec/index.js";
export { decodeFloats, encodeFloats, type FloatTensors } from "#shared/artifact/update.js";
export { type BlobStore, directoryStore, type LocalStore } from "#shared/blobs/blob-store.js";
export type { BlobWriter, WrittenBlob } from "#shared/blobs/blob-writer.js";
export { type ByteSource, bytesSource } from "#shared/files/byte-source.js";
export { encodeSafetensors, parseSafetensors, type Safetensors } from "#shared/tensor-files/safetensors.js";
export type { TensorShapes } from "#shared/tensor-files/tensor-shapes.js";
