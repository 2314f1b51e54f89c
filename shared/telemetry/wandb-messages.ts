import type { MetricValues } from "./metrics.js";

/** What the worker starts with. */
export interface WandbJob {
  readonly apiKey: string;
  readonly baseUrl: string | undefined;
  readonly project: string;
  readonly entity: string | undefined;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
}

export type ToWandb = { readonly type: "log"; readonly values: MetricValues } | { readonly type: "finish" };

export type FromWandb =
  | { readonly type: "started"; readonly url: string }
  /** The server answered with an error status; the SDK drops what it was sending. */
  | { readonly type: "refused"; readonly status: number }
  | { readonly type: "failed"; readonly reason: string };
