import { checkManifest, checkTensors } from "#shared/artifact/gates.js";
import type { FloatTensors } from "#shared/artifact/update.js";
import { BlockZeroError, reasonOf } from "#shared/errors.js";
import { groupShapes } from "#shared/model/groups.js";
import type { BaseModel } from "#shared/participant/base-model.js";
import type { Participant } from "#shared/participant/join.js";
import { MAX_MANIFEST_BYTES } from "#shared/protocol/manifest.js";
import { MAX_DETAIL_CHARS } from "#shared/protocol/parsed.js";
import type { ReasonCode } from "#shared/protocol/verdict.js";
import { verify } from "#shared/wallet/index.js";
import type { Submission } from "./submissions.js";

/** An update that passed every gate but the loss. */
export interface GatedUpdate {
  readonly group: string;
  readonly artifact: string;
  /** Hash of its tensors' blob. */
  readonly tensorsHash: string;
  readonly tensors: FloatTensors;
}

export type GateResult =
  | { readonly ok: true; readonly update: GatedUpdate }
  | { readonly ok: false; readonly reason: ReasonCode; readonly detail: string };

export interface GateOptions {
  /** The agreed model that the update must have been trained from. */
  readonly base: BaseModel;
  readonly cycle: number;
  /** Aborts when there is no more time to wait for the miner's server. */
  readonly until?: AbortSignal;
}

/** Fetches a submission's manifest and tensors and puts them through the gates; never throws for what the miner did. */
export const gateSubmission = async (
  {
    blobs,
    models,
    network,
    networkHash,
    signal,
  }: Pick<Participant, "blobs" | "models" | "network" | "networkHash" | "signal">,
  { hotkey, publicKey, commitment, reveal }: Submission,
  { base, cycle, until }: GateOptions,
): Promise<GateResult> => {
  if (!commitment) return { ok: false, reason: "no_commit", detail: "nothing was committed in time" };
  if (!reveal) return { ok: false, reason: "no_reveal", detail: "nothing was revealed in time" };
  const { group, artifact, location } = reveal;
  const maxBytes = network.limits.artifact_bytes;
  // Once validators have it, the miner's own server need not be up.
  const locations = async () => [location, ...(await models.servers())];
  const fetching = until ? AbortSignal.any([signal, until]) : signal;
  const fetch = (hash: string, limit: number) => blobs.get({ hash, maxBytes: limit, locations, signal: fetching });
  try {
    const checked = checkManifest(await fetch(artifact, MAX_MANIFEST_BYTES), {
      artifact,
      group,
      commitment: commitment.hash,
      hotkey,
      publicKey,
      network: networkHash,
      cycle,
      base: base.hash,
      groups: new Set(base.groups.keys()),
      codec: network.artifact.codec,
      maxBytes,
      verify,
    });
    if (!checked.ok) return checked;
    const { manifest } = checked;
    const result = checkTensors(manifest, await fetch(manifest.tensors, manifest.bytes), {
      shapes: new Map(Object.entries(groupShapes(network.model, network.groups[group]!))),
      baseNorm: base.groups.get(group)!.norm,
      maxUpdateNorm: network.scoring.max_update_norm,
      maxBytes,
    });
    if (!result.ok) return result;
    return { ok: true, update: { group, artifact, tensorsHash: manifest.tensors, tensors: result.tensors } };
  } catch (thrown) {
    signal.throwIfAborted();
    return { ok: false, ...fetchFailure(thrown) };
  }
};

/** What a failed fetch says: the server's lie or silence is the miner's, everything else our own failure. */
const fetchFailure = (thrown: unknown): { reason: ReasonCode; detail: string } => {
  const code = thrown instanceof BlockZeroError ? thrown.code : "";
  const isSlow = thrown instanceof Error && thrown.name === "AbortError";
  const detail = isSlow ? "it did not answer in time" : reasonOf(thrown).slice(0, MAX_DETAIL_CHARS);
  if (code === "FETCH_HASH_MISMATCH") return { reason: "hash_mismatch", detail };
  if (code === "FETCH_TOO_LARGE") return { reason: "too_large", detail };
  return { reason: isSlow || code.startsWith("FETCH_") ? "unreachable" : "validator_failed", detail };
};
