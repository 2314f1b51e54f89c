import { writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { createBlobClient } from "#shared/blobs/blob-client.js";
import type { BlobStore } from "#shared/blobs/blob-store.js";
import { askHealth } from "#shared/blobs/health-request.js";
import { openStore } from "#shared/blobs/open-store.js";
import { connectChain } from "#shared/chain/connect.js";
import { connectDevchain } from "#shared/chain/devchain/client.js";
import { connectSubtensor } from "#shared/chain/subtensor/connect.js";
import { BlockZeroError, type ErrorCode, hasCode } from "#shared/errors/error.js";
import { fetchErrors } from "#shared/errors/fetching.js";
import { parseHubAddress } from "#shared/hub/hub-address.js";
import { pullFolder } from "#shared/hub/pull.js";
import { pushFolder } from "#shared/hub/push.js";
import { readModelConfig } from "#shared/planning/read-model.js";
import { sha256 } from "#shared/protocol/hash.js";
import { DUTY_CONTEXT } from "#shared/protocol/signer.js";
import { remoteSigner } from "#shared/signing/remote-signer.js";
import type { SignerAddress } from "#shared/signing/signer-address.js";
import { wandbApi } from "#shared/telemetry/wandb/api.js";
import { WandbFault } from "#shared/telemetry/wandb/fault.js";
import { signerFromUri, verify } from "#shared/wallet/index.js";
import { readNote } from "#upkeep/release/read-note.js";
import { parseReleaseNote } from "#upkeep/release/release-note.js";
import { temporaryFolder } from "../shared/artifact/temporary.js";
import { startHub } from "../shared/blobs/hub-server.js";
import { quiet } from "../shared/blobs/support.js";
import { type Behaviour, hostileServer, listenRaw } from "./hostile-server.js";
import { WEBSOCKET_BEHAVIOURS } from "./hostile-websocket.js";
import { ownCertificate } from "./own-certificate.js";

/** What a client asks, by name, one after the other. */
type Asks = Readonly<Record<string, () => Promise<unknown>>>;

/** A client that has been led to a server. */
export interface Line {
  /** The server's port, or the path of its Unix socket. */
  readonly target: string;
  readonly asks: Asks;
  /** Lets go of what it keeps for further questions. */
  readonly close?: () => void;
}

/** A client of somebody else's server. */
export interface Client {
  /** The files that open its connections, or name the library that does. */
  readonly through: readonly string[];
  /** Its counterpart behaves so. */
  readonly http: (t: TestContext, behave: Behaviour) => Promise<Line>;
  /** Its counterpart is at an https origin, and none that it may take anything from. Absent where it speaks no TLS. */
  readonly https?: (t: TestContext, origin: string) => Promise<Line>;
  /** What such a server may do beside all that a server of HTTP may. */
  readonly more?: Readonly<Record<string, Behaviour>>;
  /** Whether a fault is one of its own. */
  readonly isFault: (thrown: unknown) => boolean;
  /** Whether it may give this though its counterpart is none. Absent where it may give nothing. */
  readonly mayGive?: (name: string, given: unknown) => boolean;
}

/** Milliseconds for an answer. */
const ANSWER_MS = 150;
const ALLOWED = { allowPrivateAddresses: true };
const ANYWHERE = { BLOCKZERO_ALLOW_PRIVATE_ADDRESSES: "true" };
const TOKEN = "hf_secret";
const REPO = "somebody/model";
const never = new AbortController().signal;

const bytes = Buffer.from("a blob");
const hash = sha256(bytes);
const vera = await signerFromUri("//vera");
const certificate = ownCertificate("localhost");

const oneOf =
  (...codes: readonly ErrorCode[]) =>
  (thrown: unknown): boolean =>
    hasCode(thrown, ...codes);

const portOf = (origin: string): string => new URL(origin).port;

/** A client that is told an origin. */
const at = (asksAt: (t: TestContext, origin: string) => Promise<Asks>): Required<Pick<Client, "http" | "https">> => {
  const https = async (t: TestContext, origin: string) => ({ target: portOf(origin), asks: await asksAt(t, origin) });
  return { https, http: async (t, behave) => https(t, await hostileServer(t, behave)) };
};

/** All that a store can be asked. */
const asksOf = (t: TestContext, store: BlobStore): Asks => {
  const file = join(temporaryFolder(t), "a-blob");
  writeFileSync(file, bytes);
  return {
    size: () => store.size(hash),
    has: () => store.has(hash),
    get: () => store.get(hash),
    stream: () => store.stream(hash).toArray(),
    put: () => store.put(bytes),
    putFile: () => store.putFile(file, hash),
    delete: () => store.delete(hash),
    list: async () => {
      const found: string[] = [];
      for await (const one of store.list()) found.push(one);
      return found;
    },
  };
};

/** What of a store may be there is unknown; but nothing else is taken for the blob, and none is found that is not there. */
const nothingStored: NonNullable<Client["mayGive"]> = (name, given) =>
  (name !== "get" || given === null) && (name !== "list" || (Array.isArray(given) && given.length === 0));

const s3Asks = async (t: TestContext, endpoint: string): Promise<Asks> => {
  const env = { AWS_ENDPOINT_URL_S3: endpoint, AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "secret" };
  return asksOf(t, (await openStore({ kind: "s3", bucket: "blobs", prefix: "" }, env, { answerMs: ANSWER_MS }))!);
};

/** A line to an honest server, whose every connection is lost once it is switched: from then on it behaves so. */
const switchedServer = async (t: TestContext, honest: string, behave: Behaviour) => {
  let isHonest = true;
  const open = new Set<Socket>();
  const origin = await hostileServer(t, (socket) => {
    if (!isHonest) return behave(socket);
    open.add(socket);
    const there = connect(Number(new URL(honest).port), "127.0.0.1");
    const end = () => {
      socket.destroy();
      there.destroy();
    };
    for (const one of [socket, there]) one.on("error", end).on("close", end);
    socket.pipe(there).pipe(socket);
  });
  const turn = () => {
    isHonest = false;
    for (const socket of open) socket.destroy();
  };
  return { origin, turn };
};

const hubStore = (HF_ENDPOINT: string, isDownAllowed = false): Promise<BlobStore | null> =>
  openStore(
    { kind: "hf", repo: REPO },
    { HF_ENDPOINT, HF_TOKEN: TOKEN, ...ANYWHERE },
    { answerMs: ANSWER_MS, ...(isDownAllowed && { onDown: () => {} }) },
  );

/** An honest hub may be late on a busy machine; then it is asked again. */
const openedHubStore = async (t: TestContext, endpoint: string): Promise<BlobStore> => {
  for (;;)
    try {
      return (await hubStore(endpoint))!;
    } catch (thrown) {
      t.signal.throwIfAborted();
      if (!hasCode(thrown, "STORE_FAILED")) throw thrown;
    }
};

const hubEnvironment = (HF_ENDPOINT: string) => ({ HF_ENDPOINT, HF_TOKEN: TOKEN });

const signerLine = (t: TestContext, address: SignerAddress, cert?: string): Line => {
  const timeouts = { attemptMs: ANSWER_MS, requestMs: ANSWER_MS, extrinsicMs: 100, documentMs: 100, pauseMs: 60_000 };
  const client = remoteSigner({
    address,
    hotkey: vera.address,
    timeouts,
    ...(cert !== undefined && { certificate: cert }),
  });
  t.after(() => client.close());
  const message = Buffer.from("{}");
  const asks = {
    check: () => client.check(),
    request: async () => client.sign({ kind: "request", message }),
    extrinsic: async () => client.sign({ kind: "devchain-extrinsic", message }),
    document: async () => client.sign({ kind: "document", message }),
    draw: async () => client.vrf(message, DUTY_CONTEXT),
  };
  const target = address.transport === "unix" ? address.path : String(address.port);
  return { target, asks, close: () => client.close() };
};

/** By the name of this machine, to which its certificate is made out. */
const certifiedAt = (port: string) => ({ transport: "https", host: "localhost", port: Number(port) }) as const;

const SIGNER: Pick<Client, "through" | "isFault"> = {
  through: ["shared/signing/ask-signer.ts"],
  isFault: oneOf("SIGNER_UNREACHABLE", "SIGNER_TIMEOUT", "SIGNER_MALFORMED"),
};

const run = {
  id: "run",
  project: "p",
  name: "n",
  tags: [],
  config: {},
  sentRows: 0,
  sentBytes: 0,
  renewals: 0,
  summary: {},
};

/**
 * Every client of this software, held to what no server may do to it; a new one is a line here. Whatever a role asks for goes by one of these:
 * artifacts, reports, receipts, proofs, checks, texts and the beacon's documents by the blob client, registration, weights, heads and drand's pulses
 * by the chain.
 */
export const CLIENTS: Readonly<Record<string, Client>> = {
  "a blob client": {
    through: ["shared/blobs/blob-request.ts"],
    ...at(async (_, location) => {
      const settings = { ...ALLOWED, log: quiet, graceMs: 200, windowMs: 60, minBytesPerSecond: 10_000 };
      const wanted = { location, hash, maxBytes: 1 << 16 };
      return {
        anonymous: () => createBlobClient({ ...settings, busyPausesMs: [1] }).fetchBlob(wanted),
        signed: () => createBlobClient({ ...settings, busyPausesMs: [1], signer: vera }).fetchBlob(wanted),
      };
    }),
    isFault: (thrown) => thrown instanceof BlockZeroError && Object.hasOwn(fetchErrors, thrown.code),
  },
  "a question for a server's health": {
    through: ["shared/blobs/health-request.ts"],
    ...at(async (_, origin) => ({ health: () => askHealth(origin, ALLOWED, never, ANSWER_MS) })),
    isFault: oneOf("FETCH_FAILED", "FETCH_TIMEOUT"),
    // It reads the head of an answer alone, whatever follows.
    mayGive: () => true,
  },
  "a bucket": {
    through: ["shared/blobs/s3-store.ts"],
    ...at(s3Asks),
    isFault: oneOf("STORE_FAILED"),
    mayGive: nothingStored,
  },
  "a hub's store that is opened": {
    through: ["shared/blobs/hugging-face-store.ts", "shared/blobs/following-fetch.ts"],
    ...at(async (_, origin) => ({ open: () => hubStore(origin) })),
    isFault: oneOf("STORE_FAILED"),
  },
  "a hub's store that was opened": {
    through: ["shared/blobs/hugging-face-store.ts", "shared/blobs/following-fetch.ts"],
    http: async (t, behave) => {
      const { origin, turn } = await switchedServer(t, (await startHub(t, REPO, TOKEN)).url, behave);
      const store = await openedHubStore(t, origin);
      turn();
      return { target: portOf(origin), asks: asksOf(t, store) };
    },
    https: async (t, origin) => ({ target: portOf(origin), asks: asksOf(t, (await hubStore(origin, true))!) }),
    isFault: oneOf("STORE_FAILED"),
    mayGive: nothingStored,
  },
  "a hub's store whose files are elsewhere": {
    through: ["shared/blobs/public-request.ts", "shared/blobs/following-fetch.ts"],
    ...at(async (t, origin) => {
      const hub = await startHub(t, REPO, TOKEN);
      hub.commitElsewhere(`blob/${hash.slice(0, 2)}/${hash}`, bytes);
      hub.sendElsewhere(origin);
      const { size, get, stream } = asksOf(t, await openedHubStore(t, hub.url));
      return { size: size!, get: get!, stream: stream! };
    }),
    isFault: oneOf("STORE_FAILED"),
    mayGive: nothingStored,
  },
  "a pull from the Hub": {
    through: ["shared/hub/hub.ts", "shared/blobs/following-fetch.ts"],
    ...at(async (t, origin) => {
      const options = { env: hubEnvironment(origin), answerMs: ANSWER_MS };
      const out = join(temporaryFolder(t), "model");
      return { pull: () => pullFolder(parseHubAddress(`hf://${REPO}`), out, options) };
    }),
    isFault: oneOf("HUB_FAILED", "HUB_NOT_FOUND", "FETCH_REFUSED_ADDRESS"),
  },
  "a push to the Hub": {
    through: ["shared/hub/hub.ts", "shared/blobs/following-fetch.ts"],
    ...at(async (t, origin) => {
      const dir = temporaryFolder(t);
      writeFileSync(join(dir, "config.json"), "{}");
      const options = {
        title: "t",
        description: "d",
        isPrivate: true,
        env: hubEnvironment(origin),
        answerMs: ANSWER_MS,
      };
      return { push: () => pushFolder(dir, parseHubAddress(`hf://${REPO}`), options) };
    }),
    isFault: oneOf("HUB_FAILED", "FETCH_REFUSED_ADDRESS"),
  },
  "a model's config": {
    through: ["shared/hub/hub.ts", "shared/blobs/following-fetch.ts"],
    ...at(async (_, origin) => {
      const options = { env: hubEnvironment(origin), allowPrivateAddresses: false, answerMs: ANSWER_MS };
      return {
        "by its URL": () => readModelConfig(`${origin}/config.json`, options),
        "of the Hub": () => readModelConfig(`hf://${REPO}`, options),
      };
    }),
    isFault: oneOf(
      "CHECKPOINT_NOT_FOUND",
      "CHECKPOINT_MALFORMED",
      "HUB_FAILED",
      "HUB_NOT_FOUND",
      "FETCH_REFUSED_ADDRESS",
    ),
  },
  "Weights & Biases": {
    through: ["shared/telemetry/wandb/request.ts"],
    ...at(async (_, baseUrl) => {
      const api = wandbApi({ apiKey: "k".repeat(40), baseUrl }, ANSWER_MS);
      const place = { entity: "e", project: "p" };
      return {
        owner: () => api.owner(never),
        upsert: () => api.upsert(run, {}),
        rows: () => api.rows(run, place),
        send: () => api.send(run, place, 0, [{ loss: 1 }], {}),
        upload: () => api.upload(run, place, "a", bytes),
        finish: () => api.finish(run, place),
      };
    }),
    // Its faults become lines of the log, and `doctor`'s advice.
    isFault: (thrown) => thrown instanceof WandbFault,
    // Nothing of an answer is kept that says nothing.
    mayGive: (_, given) => given === null || given === undefined,
  },
  "a release note": {
    through: ["upkeep/release/read-note.ts"],
    ...at(async (_, origin) => {
      const read = () => readNote(`${origin}/note`, { answerMs: ANSWER_MS });
      return { note: async () => parseReleaseNote(await read(), vera.address, verify) };
    }),
    isFault: oneOf("RELEASE_NOTE_UNREACHABLE", "RELEASE_NOTE_INVALID"),
  },
  "a signer at a Unix socket": {
    ...SIGNER,
    http: async (t, behave) => {
      const path = join(temporaryFolder(t), "signer.sock");
      await listenRaw(t, createServer({ allowHalfOpen: true }), behave, { path });
      return signerLine(t, { transport: "unix", path });
    },
  },
  "a signer on this machine": {
    ...SIGNER,
    http: async (t, behave) => {
      const { hostname: host, port } = new URL(await hostileServer(t, behave));
      return signerLine(t, { transport: "http", host, port: Number(port) });
    },
    https: async (t, origin) => {
      const { hostname: host, port } = new URL(origin);
      return signerLine(t, { transport: "https", host, port: Number(port) });
    },
  },
  "a signer with its own certificate": {
    ...SIGNER,
    http: async (t, behave) => {
      const server = createTlsServer({ ...certificate, allowHalfOpen: true });
      server.on("tlsClientError", () => {});
      const address = await listenRaw(t, server, behave, { event: "secureConnection" });
      return signerLine(t, certifiedAt(address.split(":")[1]!), certificate.cert);
    },
    // Somebody else's certificate, and what is no TLS, is not the one that it was given.
    https: async (t, origin) => signerLine(t, certifiedAt(portOf(origin)), certificate.cert),
  },
  "a chain": {
    through: ["shared/chain/connection/rpc-socket.ts", "shared/chain/subtensor/connect.ts"],
    ...at(async (_, origin) => {
      const endpoint = origin.replace(/^http/, "ws");
      return {
        any: () => connectChain({ endpoint, timeoutMs: ANSWER_MS }),
        devchain: () => connectDevchain({ endpoint, timeoutMs: ANSWER_MS }),
        subtensor: () => connectSubtensor({ endpoint, timeoutMs: ANSWER_MS }),
      };
    }),
    more: WEBSOCKET_BEHAVIOURS,
    isFault: (thrown) =>
      thrown instanceof BlockZeroError &&
      /^(?:CHAIN_.*|NOT_A_DEVCHAIN|NOT_A_SUBSTRATE_NODE|NOT_SUBTENSOR)$/.test(thrown.code),
  },
};
