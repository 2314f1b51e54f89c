/** Files: safetensors, updates in a codec, and stores of blobs by hash. */
export { type BlobStore, directoryStore, type LocalStore } from "#shared/artifact/blob-store.js";
export { type ByteSource, bytesSource } from "#shared/artifact/byte-source.js";
export type { Codec } from "#shared/artifact/codec/codec.js";
export { encodeUpdate } from "#shared/artifact/codec/encode-update.js";
export { CODECS, type TensorShapes } from "#shared/artifact/codec/index.js";
export { encodeSafetensors, parseSafetensors, type Safetensors } from "#shared/artifact/safetensors.js";
export type { BlobWriter, WrittenBlob } from "#shared/artifact/store/blob-writer.js";
export { decodeFloats, encodeFloats, type FloatTensors } from "#shared/artifact/update.js";
