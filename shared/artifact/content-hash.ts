import { sha256 } from "#shared/protocol/hash.js";
import { canonicalParts, type Tensor } from "./safetensors.js";

/**
 * SHA-256 of the tensors' canonical file without metadata: covers names, dtypes, shapes and bytes, and nothing else, so neither a
 * file's order nor its metadata gives the same tensors a second hash.
 */
export const contentHash = (tensors: ReadonlyMap<string, Tensor>): string => sha256(...canonicalParts(tensors));
