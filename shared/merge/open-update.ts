import { CODECS } from "#shared/artifact/codec/index.js";
import { type UpdateReader, updateReader } from "#shared/artifact/update-reader.js";
import type { ByteSource } from "#shared/files/byte-source.js";
import type { CodecName } from "#shared/protocol/codec-name.js";
import { openSafetensors } from "#shared/tensor-files/safetensors-file.js";
import type { TensorShapes } from "#shared/tensor-files/tensor-shapes.js";

/** Reads an update that passed the gates. The caller closes the file. */
export const openUpdate = async (file: ByteSource, codec: CodecName, shapes: TensorShapes): Promise<UpdateReader> =>
  updateReader(await openSafetensors(file), CODECS[codec], shapes);
