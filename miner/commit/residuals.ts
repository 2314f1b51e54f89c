import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Feedback } from "#shared/artifact/codec/encode-update.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { syncFolder } from "#shared/files/sync-folder.js";
import type { Log } from "#shared/telemetry/log.js";
import { fromFloats, toFloats } from "#shared/tensor-files/float32.js";
import { openSafetensorsFile, type SafetensorsFile } from "#shared/tensor-files/safetensors-file.js";
import { createSafetensorsFile } from "#shared/tensor-files/safetensors-writer.js";
import type { TensorShapes } from "#shared/tensor-files/tensor-shapes.js";

/** What one update leaves unsent, while it is being encoded. */
export interface Residual extends Feedback {
  /**
   * The update is done and its artifact has this hash: what it left is on disk when this resolves, and may be carried by naming that
   * artifact. What it was carried from stays until then and beyond; everything older goes.
   */
  tie(artifact: string): Promise<void>;
  /** Leaves nothing behind; after `tie` it does nothing. */
  close(): Promise<void>;
}

const EXTENSION = ".safetensors";
const NEXT = `next${EXTENSION}`;

/**
 * Error feedback in files, one an artifact: which of them counts is the journal's to say, so a crash between writing this file and the
 * journal's line can neither lose what was left nor add it twice. Tensor by tensor, in little memory.
 *
 * @param from  the artifact whose residual is carried; null for none
 * @throws BlockZeroError FILE_UNWRITABLE; what cannot be read is logged and counts as nothing
 */
export const openResidual = async (
  { dir, log }: { readonly dir: string; readonly log: Log },
  shapes: TensorShapes,
  from: string | null,
): Promise<Residual> => {
  const lost = (thrown: unknown): null => {
    if (!(thrown instanceof BlockZeroError)) throw thrown;
    log.warn("the residual of earlier updates is lost", { artifact: from, reason: reasonOf(thrown) });
    return null;
  };
  const specs = new Map([...shapes].map(([name, shape]) => [name, { dtype: "F32", shape }] as const));
  const next = await createSafetensorsFile(join(dir, NEXT), specs, { mode: 0o600 });
  const earlier = from === null ? null : await openSafetensorsFile(join(dir, from + EXTENSION)).catch(lost);
  return {
    carried: (name, shape) => read(earlier, name, shape).catch(lost),
    keep: (name, left) => next.write(name, fromFloats({ shape: [left.length], data: left }).data),
    async tie(artifact) {
      await next.finish();
      await rename(join(dir, NEXT), join(dir, artifact + EXTENSION));
      await syncFolder(dir);
      const needed = new Set([artifact, ...(from === null ? [] : [from])].map((name) => name + EXTENSION));
      for (const name of await readdir(dir)) if (!needed.has(name)) await rm(join(dir, name), { force: true });
    },
    async close() {
      await earlier?.close();
      await next.discard();
    },
  };
};

/** A tensor of the file; null where there is none of that shape, as after a change of group. */
const read = async (
  file: SafetensorsFile | null,
  name: string,
  shape: readonly number[],
): Promise<Float32Array | null> => {
  const info = file?.header.tensors.get(name);
  if (!file || info?.dtype !== "F32" || `${info.shape}` !== `${shape}`) return null;
  const data = new Uint8Array(info.end - info.begin);
  await file.read(name, data);
  return toFloats({ data });
};
