import { checkManifest, checkTensors, type GateFailure } from "#shared/artifact/gates.js";
import type { FloatTensors } from "#shared/artifact/update.js";
import { groupShapes } from "#shared/model/groups.js";
import { MAX_MANIFEST_BYTES, type UpdateManifest } from "#shared/protocol/manifest.js";
import { verify } from "#shared/wallet/index.js";
import type { CycleSource } from "./source.js";
import type { Submission } from "./submissions.js";

/** An update that passed every gate but the loss. */
export interface GatedUpdate {
  readonly group: string;
  readonly artifact: string;
  readonly manifest: UpdateManifest;
  /** Hash of its tensors' blob. */
  readonly tensorsHash: string;
  readonly tensors: FloatTensors;
  /** The tensors' blob, as its codec writes it. */
  readonly bytes: Uint8Array;
}

export type GateResult = { readonly ok: true; readonly update: GatedUpdate } | GateFailure;

/** The agreed model that an update must have been trained from, as far as the gates ask. */
export interface GateBase {
  readonly hash: string;
  /** By expert group: L2 norm of its weights. */
  readonly groups: ReadonlyMap<string, { readonly norm: number }>;
}

/**
 * Puts a submission through the gates: manifest, then tensors. What the miner did wrong is a result, never an exception.
 *
 * @throws what the source throws for a file that it cannot have
 */
export const gateUpdate = async (
  { network, networkHash, fetch }: CycleSource,
  { hotkey, publicKey, commitment, reveal }: Submission,
  { base, cycle }: { readonly base: GateBase; readonly cycle: number },
): Promise<GateResult> => {
  if (!commitment) return { ok: false, reason: "no_commit", detail: "nothing was committed in time" };
  if (!reveal) return { ok: false, reason: "no_reveal", detail: "nothing was revealed in time" };
  const { group, artifact, location } = reveal;
  const maxBytes = network.limits.artifact_bytes;
  const checked = checkManifest(await fetch({ hash: artifact, maxBytes: MAX_MANIFEST_BYTES, location }), {
    artifact,
    group,
    commitment: commitment.hash,
    hotkey,
    publicKey,
    network: networkHash,
    cycle,
    base: base.hash,
    groups: new Set(Object.keys(network.groups)),
    codec: network.artifact.codec,
    maxBytes,
    verify,
  });
  if (!checked.ok) return checked;
  const { manifest } = checked;
  const bytes = await fetch({ hash: manifest.tensors, maxBytes: manifest.bytes, location });
  const result = checkTensors(manifest, bytes, {
    shapes: new Map(Object.entries(groupShapes(network.model, network.groups[group]!))),
    baseNorm: base.groups.get(group)!.norm,
    maxUpdateNorm: network.scoring.max_update_norm,
    maxBytes,
  });
  if (!result.ok) return result;
  return {
    ok: true,
    update: { group, artifact, manifest, tensorsHash: manifest.tensors, tensors: result.tensors, bytes },
  };
};
