import type { Environment } from "#shared/hub/hub.js";
import type { PackSettings } from "./settings.js";
import type { PackLimits } from "./stages/pack-limits.js";

export interface PackOptions {
  /** Files, folders, and data sets of the Hub at a commit. */
  readonly sources: readonly string[];
  readonly out: string;
  readonly settings: PackSettings;
  /** `byte`, or a `tokenizer.json`. */
  readonly tokenizer: string;
  /** The `tokenizer_config.json` whose chat template writes conversations out. */
  readonly chat?: string | undefined;
  /** Files of text that must not be trained on. */
  readonly benchmarks: readonly string[];
  readonly isStrict: boolean;
  readonly threads: number;
  readonly env: Environment;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: PackProgress) => void;
  /** Text of a piece, bytes. */
  readonly pieceBytes?: number | undefined;
  /** What a manifest has room for; as the format says if not given. */
  readonly limits?: Partial<PackLimits> | undefined;
}

export type PackStage = "fetch" | "read" | "duplicates" | "overlap" | "encode";

/** How far a stage is, in a unit of its own. */
export interface PackProgress {
  readonly stage: PackStage;
  readonly done: number;
  readonly total: number;
}
