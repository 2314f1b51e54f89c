import { createScratch } from "#shared/files/scratch.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { OpenPart } from "./open-part.js";

/** All tensors of a part, in memory. Closes it. */
export const loadPart = async (opening: OpenPart | Promise<OpenPart>): Promise<Parameters> => {
  const part = await opening;
  try {
    const loaded: Record<string, Parameters[string]> = {};
    for (const [name, { shape }] of part.tensors)
      loaded[name] = { dtype: "float32", shape, data: await part.read(name, createScratch()) };
    return loaded;
  } finally {
    await part.close();
  }
};
