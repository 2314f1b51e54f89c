import type { BlockZeroError } from "#shared/errors/error.js";
import type { Log } from "#shared/telemetry/log.js";
import type { Clock } from "../clock.js";

export interface ConnectOptions {
  /** Where nodes of one chain are, e.g. `ws://127.0.0.1:9944`; the first that answers is used until it fails. */
  readonly endpoint: string | readonly string[];
  readonly log?: Log | undefined;
  /** Aborting it closes the chain. */
  readonly signal?: AbortSignal | undefined;
  /** For the first connection only; later outages are waited out. Default 5000. */
  readonly timeoutMs?: number | undefined;
  /** Told once when the chain is lost for good after the first contact: another chain answers at the endpoint, say. */
  readonly onLost?: ((error: BlockZeroError) => void) | undefined;
  /** Where processes of this machine agree who writes with a key, and what a crash left open. Unset: nowhere. */
  readonly keyFolder?: string | undefined;
  /** Longest wait for another process that writes with the same key. Default 60,000. */
  readonly keyWaitMs?: number | undefined;
  /** Blocks on top of the one that holds a write before it is reported. Default 0. */
  readonly confirmations?: number | undefined;
  /** Age of the newest block at which another endpoint is tried. Default two minutes. */
  readonly staleMs?: number | undefined;
  readonly clock?: Clock | undefined;
  /** Uniform in [0, 1); for the jitter of reconnection. */
  readonly random?: (() => number) | undefined;
}
