/** What the worker starts with. */
export interface WandbJob {
  readonly apiKey: string;
  readonly baseUrl: string;
  /** Whether the service may name an address of a private network for a file, beside its own. */
  readonly allowPrivateAddresses?: boolean;
  /** Folder of the run's journal. */
  readonly folder: string;
}

export interface ToWandb {
  readonly type: "finish";
}

export type FromWandb =
  | { readonly type: "started"; readonly url: string }
  /** A request failed; it is made again. */
  | { readonly type: "trouble"; readonly reason: string }
  /** The service refuses the run. Nothing more is sent until the next start. */
  | { readonly type: "failed"; readonly reason: string };
