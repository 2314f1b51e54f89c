import type { BlockZeroError } from "#shared/errors/error.js";
import type { Instruments } from "#shared/telemetry/instruments/instruments.js";
import type { Log } from "#shared/telemetry/log.js";
import type { Clock } from "../clock.js";

export interface ConnectOptions {
  /** Addresses of nodes of one chain, e.g. `ws://127.0.0.1:9944`. The first that answers is used until it fails. */
  readonly endpoint: string | readonly string[];
  readonly log?: Log | undefined;
  readonly instruments?: Instruments | undefined;
  /** Aborting it closes the chain. */
  readonly signal?: AbortSignal | undefined;
  /** For the first connection only. Later outages have no limit. Default 5000. */
  readonly timeoutMs?: number | undefined;
  /** Called once when the chain is lost for good after the first contact, for example because another chain answers at the endpoint. */
  readonly onLost?: ((error: BlockZeroError) => void) | undefined;
  /** Folder in which the processes of this machine coordinate writes with a key, and record what a crash left open. Unset: no coordination. */
  readonly keyFolder?: string | undefined;
  /** Longest wait for another process that writes with the same key. Default 60,000. */
  readonly keyWaitMs?: number | undefined;
  /** Number of blocks on top of a write's block before the write is reported. Default 0. */
  readonly confirmations?: number | undefined;
  /** Age of the newest block at which another endpoint is tried. Default two minutes. */
  readonly staleMs?: number | undefined;
  readonly clock?: Clock | undefined;
  /** Uniform in [0, 1), for the jitter of reconnection. */
  readonly random?: (() => number) | undefined;
}
