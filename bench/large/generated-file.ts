import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { isFloatDType } from "#shared/tensor-files/float-dtype.js";
import type { CanonicalHeader } from "#shared/tensor-files/safetensors.js";
import { type Seeds, writeSeeded } from "./seeded-weights.js";

/** Writes a safetensors file behind its header: what is drawn, and holes elsewhere. @returns its bytes */
export const generateFile = (path: string, { bytes, tensors }: CanonicalHeader, seeds: Seeds): number => {
  const file = openSync(path, "wx");
  try {
    let size = writeSync(file, bytes);
    for (const [name, { dtype, shape, begin, end }] of tensors) {
      if (!isFloatDType(dtype)) throw new TypeError(`${name} is ${dtype}, which no weights are`);
      writeSeeded(file, bytes.length + begin, { name, shape, dtype }, seeds);
      size = bytes.length + end;
    }
    ftruncateSync(file, size);
    return size;
  } finally {
    closeSync(file);
  }
};
