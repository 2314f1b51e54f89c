import { hasCode } from "#shared/errors/error.js";
import { hashJson } from "#shared/protocol/hash-json.js";
import type { ModelManifest } from "#shared/protocol/model-manifest.js";
import { modelConfigOf } from "#shared/protocol/network.js";
import type { CycleContext } from "./source.js";

/**
 * Why a manifest cannot be that of a cycle's model, whoever committed it. Null if it can. A pure function of bytes that their hash names,
 * so everybody who has the bytes falls back to the same older model.
 */
export const misfitOf = (
  manifest: ModelManifest,
  { network, networkHash }: Pick<CycleContext, "network" | "networkHash">,
  cycle: number,
): string | null => {
  if (manifest.network !== networkHash) return `it is of network ${manifest.network}`;
  if (manifest.cycle !== cycle) return `it is of cycle ${manifest.cycle}`;
  if (hashJson(manifest.config) !== hashJson(modelConfigOf(network))) return "its config is not the network file's";
  const missing = Object.keys(network.groups).find((group) => !Object.hasOwn(manifest.parts.groups, group));
  return missing === undefined ? null : `it has no group "${missing}"`;
};

/** Whether reading a manifest failed because the bytes are no manifest, and not because nobody has them. */
export const isNoManifest = (thrown: unknown): boolean => hasCode(thrown, "MODEL_MANIFEST_MALFORMED");
