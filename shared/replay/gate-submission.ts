import { CODECS, encodedLength } from "#shared/artifact/codec/index.js";
import { checkManifest, checkTensors, type GateFailure, mostBytes, type TensorGates } from "#shared/artifact/gates.js";
import type { FloatTensors } from "#shared/artifact/update.js";
import { loadTensors, type UpdateMemory } from "#shared/artifact/update-reader.js";
import type { OpenChange } from "#shared/evaluation/change.js";
import { type ByteSource, withSource } from "#shared/files/byte-source.js";
import { openUpdate } from "#shared/merge/open-update.js";
import { groupShapeMap } from "#shared/model/groups.js";
import { MAX_MANIFEST_BYTES, type UpdateManifest } from "#shared/protocol/manifest.js";
import { verify } from "#shared/wallet/index.js";
import type { CycleSource } from "./source.js";
import type { Submission } from "./submissions.js";

/** An update that passed every gate except the loss. Its tensors stay in the file. */
export interface GatedUpdate {
  readonly group: string;
  readonly artifact: string;
  readonly manifest: UpdateManifest;
  /** Hash of its tensor blob. */
  readonly tensorsHash: string;
  /** Origin that was announced for it. */
  readonly location: string;
}

export type GateResult = { readonly ok: true; readonly update: GatedUpdate } | GateFailure;

/** An update with its tensors open for reading. */
export interface OpenGated {
  readonly ok: true;
  readonly update: GatedUpdate;
  readonly file: ByteSource;
  /** L2 norm over all its tensors. */
  readonly norm: number;
}

/** The agreed model that an update must have been trained from, with only what the gates need. */
export interface GateBase {
  readonly hash: string;
  /** By expert group: L2 norm of its weights. */
  readonly groups: ReadonlyMap<string, { readonly norm: number }>;
}

export interface GateOptions {
  readonly base: GateBase;
  readonly cycle: number;
}

/** By expert group: greatest number of bytes of an update's file. */
export const artifactLimits = ({
  artifact,
  groups,
  limits,
  model,
}: CycleSource["network"]): ReadonlyMap<string, number> => {
  const codec = CODECS[artifact.codec];
  return new Map(
    Object.keys(groups).map((name) => {
      const length = encodedLength(codec, groupShapeMap({ model, groups }, name));
      return [name, mostBytes(length, limits.artifact_bytes)];
    }),
  );
};

/** The gates for the tensors of a group's update, given the L2 norm of the weights that it changes. */
export const tensorGates = (network: CycleSource["network"], group: string, baseNorm: number): TensorGates => ({
  shapes: groupShapeMap(network, group),
  baseNorm,
  maxUpdateNorm: network.scoring.max_update_norm,
  maxBytes: artifactLimits(network).get(group)!,
});

/**
 * Puts a submission through the gates: manifest, then tensors. A fault of the miner is a result, never an exception.
 *
 * @throws what the source throws for a file that is not available
 */
export const gateSubmission = async (
  source: Pick<CycleSource, "network" | "networkHash" | "fetch" | "open">,
  submission: Submission,
  options: GateOptions,
): Promise<GateResult> => {
  const result = await openSubmission(source, submission, options);
  if (!result.ok) return result;
  await result.file.close();
  return { ok: true, update: result.update };
};

/** A manifest that passed its gates. */
export interface GatedManifest {
  readonly ok: true;
  readonly manifest: UpdateManifest;
  readonly artifact: string;
  /** Origin that was announced for it. */
  readonly location: string;
}

/** Puts a submission through the gates of records and manifest alone. @throws what the source throws for a file that is not available */
export const gateManifest = async (
  { network, networkHash, fetch }: Pick<CycleSource, "network" | "networkHash" | "fetch">,
  { hotkey, publicKey, commitment, reveal }: Submission,
  { base, cycle }: { readonly base: Pick<GateBase, "hash">; readonly cycle: number },
): Promise<GatedManifest | GateFailure> => {
  if (!commitment) return { ok: false, reason: "no_commit", detail: "nothing was committed in time" };
  if (!reveal) return { ok: false, reason: "no_reveal", detail: "nothing was revealed in time" };
  const { group, artifact, location } = reveal;
  const checked = checkManifest(
    await fetch({ hash: artifact, what: "the artifact", maxBytes: MAX_MANIFEST_BYTES, location }),
    {
      artifact,
      group,
      commitment: commitment.hash,
      hotkey,
      publicKey,
      network: networkHash,
      cycle,
      base: base.hash,
      groups: artifactLimits(network),
      codec: network.artifact.codec,
      verify,
    },
  );
  return checked.ok ? { ok: true, manifest: checked.manifest, artifact, location } : checked;
};

/** The same for a caller that then reads the update. The caller closes the file. */
export const openSubmission = async (
  source: Pick<CycleSource, "network" | "networkHash" | "fetch" | "open">,
  submission: Submission,
  { base, cycle }: GateOptions,
): Promise<OpenGated | GateFailure> => {
  const { network, open } = source;
  const checked = await gateManifest(source, submission, { base, cycle });
  if (!checked.ok) return checked;
  const { manifest, artifact, location } = checked;
  const { group, tensors: tensorsHash } = manifest;
  const file = await open({ hash: tensorsHash, what: "the update", maxBytes: manifest.bytes, location });
  let passed: Awaited<ReturnType<typeof checkTensors>> | null = null;
  try {
    passed = await checkTensors(manifest, file, tensorGates(network, group, base.groups.get(group)!.norm));
  } finally {
    if (!passed?.ok) await file.close();
  }
  if (!passed.ok) return passed;
  return { ok: true, update: { group, artifact, manifest, tensorsHash, location }, file, norm: passed.norm };
};

/** All tensors of an update that passed, in ascending order of name. @throws what the source throws for a file that is not available */
export const loadUpdate = async (
  { network, open }: Pick<CycleSource, "network" | "open">,
  { group, manifest, tensorsHash, location }: GatedUpdate,
): Promise<FloatTensors> => {
  const shapes = groupShapeMap(network, group);
  const file = await open({ hash: tensorsHash, maxBytes: manifest.bytes, location });
  return withSource(file, async () => loadTensors(await openUpdate(file, manifest.codec, shapes)));
};

/**
 * The same with its tensors read from its file one by one, as a change of the model. Close it.
 *
 * @param memory that a tensor is read into. Changes that are read in turns share one: hotkeys choose how many are open at a time
 * @throws as `loadUpdate`
 */
export const openChange = async (
  source: Pick<CycleSource, "network" | "open">,
  update: GatedUpdate,
  memory: UpdateMemory,
): Promise<OpenChange> => {
  const { group, manifest, tensorsHash, location } = update;
  const shapes = groupShapeMap(source.network, group);
  const file = await source.open({ hash: tensorsHash, maxBytes: manifest.bytes, location });
  try {
    const reader = await openUpdate(file, manifest.codec, shapes);
    return {
      read: async (name) => {
        const elements = await reader.read(name, memory);
        if (elements instanceof Float32Array) return elements;
        throw new TypeError(`the update passed the gates, and its tensor ${name} cannot be read`);
      },
      close: () => file.close(),
    };
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
};
