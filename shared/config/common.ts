import { join } from "node:path";
import { z } from "zod";
import { STORE_FORMS, storeBeside, storeSchema } from "#shared/blobs/store-setting.js";
import { parseSignerAddress, SIGNER_ADDRESS_FORMS, type SignerAddress } from "#shared/signing/signer-address.js";
import { OFF, parseListenAddress } from "#shared/telemetry/listen-address.js";
import { NAMED_NETWORKS } from "../chain/subtensor/networks.js";
import { type DeviceChoice, deviceChoices } from "../engine/runtime/device-choice.js";
import { pathBeside } from "../files/beside.js";
import { homeFolder } from "../files/home-folder.js";
import { logFormats, logLevels } from "../telemetry/logger.js";
import { setting } from "./settings.js";

const name = z.string().min(1);

/** A path; a leading `~/` is the home folder. */
export const pathSchema = name.transform((path) => (path.startsWith("~/") ? join(homeFolder(), path.slice(2)) : path));

/** A program of the operator's own and its arguments; no shell reads them. */
export const commandSchema = z.union([
  z
    .string()
    .transform((text) => text.split(/\s+/).filter((word) => word !== ""))
    .pipe(z.array(z.string()).min(1)),
  z.array(z.string()).min(1),
]);

export const COMMAND_FORM = "a program and its arguments: a list, or a text with spaces between them";

/** Names of environment variables. */
export const namesSchema = z.union([
  z.string().transform((text) => text.split(",").map((variable) => variable.trim())),
  z.array(name),
]);

export const NAMES_FORM = "names of variables, as a list or with commas between";

const NETWORK_NAMES = Object.keys(NAMED_NETWORKS).join(", ");
const endpointSchema = z.union([z.url({ protocol: /^wss?$/ }), z.enum(Object.keys(NAMED_NETWORKS))]);

const endpointsSchema = z
  .union([z.string().transform((text) => text.split(",").map((part) => part.trim())), z.array(z.string())])
  .pipe(z.array(endpointSchema).min(1));

/** What the model runs on, where `standard` is the program's own choice. */
export const deviceSetting = (standard: DeviceChoice) =>
  setting({
    schema: z.enum(deviceChoices),
    default: standard,
    describe:
      "What the model runs on; auto takes CUDA or WebGPU where one agrees with the CPU and is faster, else the CPU.",
  });

/** Where a program tells how it is. @param standard the address that is taken unless another is set */
export const metricsSetting = (standard: string) =>
  setting({
    schema: z.string().refine((text) => text === OFF || parseListenAddress(text) !== null),
    default: standard,
    allowed: "an address and a port, or off",
    describe:
      "Where /metrics (for Prometheus) and /health are served; port 0 takes a free one. Only this machine reaches 127.0.0.1; 0.0.0.0 is for all. Where the port is taken, the program warns and runs without.",
  });

/** Where a signer is. */
export const signerAddressSchema = z.string().transform((text, context): SignerAddress => {
  const address = parseSignerAddress(text);
  if (address !== null) return address;
  context.addIssue({ code: "custom", message: SIGNER_ADDRESS_FORMS });
  return z.NEVER;
});

/** Settings of every program that takes part in a subnet. */
export const participantSettings = {
  chain_endpoint: setting({
    schema: endpointsSchema,
    default: "ws://127.0.0.1:9944",
    allowed: `a ws:// or wss:// URL or one of ${NETWORK_NAMES}; or several, as a list or with commas between`,
    describe:
      "The chain's WebSocket endpoint. Of several of one chain, the next is used when one fails or lags behind.",
  }),
  netuid: setting({ schema: z.int().min(0).max(65535), default: 1, describe: "The subnet's number." }),
  network: setting({
    schema: pathSchema.optional(),
    beside: pathBeside,
    describe: "The network file. Unset, it is fetched by the hash that the subnet owner committed on chain.",
  }),
  "wallet.name": setting({ schema: name, default: "default", describe: "The coldkey's name." }),
  "wallet.hotkey": setting({ schema: name, default: "default", describe: "The hotkey's name within the wallet." }),
  "wallet.path": setting({
    schema: pathSchema,
    beside: pathBeside,
    default: "~/.bittensor/wallets",
    describe: "The folder of wallets.",
  }),
  "wallet.keys_in_use": setting({
    schema: pathSchema.optional(),
    beside: pathBeside,
    describe:
      "Where the programs of this machine agree who writes with a key: one folder for all of them. Unset, keys-in-use beside the folder of wallets; to be set where that cannot be written, as where wallets are mounted read-only.",
  }),
  "wallet.signer": setting({
    schema: signerAddressSchema.optional(),
    allowed: SIGNER_ADDRESS_FORMS,
    describe:
      "Where `blockzero signer` signs with the hotkey, whose key file need not be here then, only its public half. Unset, the hotkey's file signs.",
  }),
  "wallet.signer_token": setting({
    schema: pathSchema.optional(),
    beside: pathBeside,
    describe: "A file with the token that the signer wants to see. Needed unless it is a Unix socket.",
  }),
  "wallet.signer_certificate": setting({
    schema: pathSchema.optional(),
    beside: pathBeside,
    describe: "The signer's certificate, or that of who signed it, PEM. Unset, the authorities that the system trusts.",
  }),
  checkpoint_dir: setting({
    schema: pathSchema,
    beside: pathBeside,
    default: "./checkpoints",
    describe: "Where models, artifacts, metrics and the journal of cycles are kept.",
  }),
  checkpoint_keep_top_k: setting({
    schema: z.int().min(1),
    default: 3,
    describe:
      "Cycles whose files are kept, two at least; older ones are deleted, but for the model in force. Documents of at most 1 MiB (reports, manifests, checks) stay for scoring.window - 1 cycles more, which a cycle's pay depends on.",
  }),
  cache_gib: setting({
    schema: z.number().min(0),
    default: 0,
    describe:
      "GiB of fetched and made files up to which older ones stay too, the least recently used going first; what the last checkpoint_keep_top_k cycles used always stays, and the model in force.",
  }),
  store: setting({
    schema: storeSchema,
    beside: storeBeside,
    default: "http",
    allowed: STORE_FORMS,
    describe:
      "Where a copy of everything that we publish goes; http keeps it on this machine alone. Credentials come from the environment: see stores.md.",
  }),
  threads: setting({
    schema: z.int().min(0).max(1024),
    default: 0,
    describe: "Processor threads for the model; 0 takes all.",
  }),
  "listen.host": setting({
    schema: name,
    default: "127.0.0.1",
    describe: "The address that artifacts are served on; 0.0.0.0 for all.",
  }),
  "listen.port": setting({
    schema: z.int().min(0).max(65535),
    default: 0,
    describe: "The port that artifacts are served on; 0 takes a free one.",
  }),
  "listen.public_url": setting({
    schema: z.url({ protocol: /^https?$/ }).optional(),
    allowed: "an http:// or https:// URL",
    describe:
      "Where others reach this server: needed with 0.0.0.0, or behind a proxy or NAT. Unset, the address and port above.",
  }),
  "listen.strangers": setting({
    schema: z.boolean(),
    default: true,
    describe: "Serve what is revealed also to those who sign no requests with a hotkey of the subnet.",
  }),
  "listen.requests_per_minute": setting({
    schema: z.int().min(1),
    default: 3000,
    describe: "Requests a minute that each hotkey of the subnet may send.",
  }),
  "listen.stranger_requests_per_minute": setting({
    schema: z.int().min(1),
    default: 600,
    describe: "Requests a minute from each address that no hotkey of the subnet signed.",
  }),
  "listen.connections_per_address": setting({
    schema: z.int().min(1),
    default: 64,
    describe: "Connections that each address may hold at the same time.",
  }),
  allow_private_addresses: setting({
    schema: z.boolean(),
    default: false,
    describe:
      "Fetch from loopback and private addresses too, and announce them. Only for a network on one machine or one LAN.",
  }),
  dry_run: setting({
    schema: z.boolean(),
    default: false,
    describe:
      "Do everything but write to the chain: each extrinsic that would be sent is logged. What is kept of it is in folders `dry-run`.",
  }),
  wandb: setting({
    schema: z.boolean(),
    default: false,
    describe:
      "Send metrics to Weights & Biases as well; needs WANDB_API_KEY in the environment. WANDB_MODE and WANDB_DISABLED there keep them for later or switch it off.",
  }),
  wandb_entity: setting({
    schema: name.optional(),
    allowed: "text",
    describe:
      "The Weights & Biases team or user. Unset, WANDB_ENTITY of the environment, else whom the key belongs to.",
  }),
  "log.level": setting({
    schema: z.enum(logLevels),
    default: "info",
    describe: "The least urgent lines that are shown.",
  }),
  "log.format": setting({
    schema: z.enum(logFormats),
    default: "pretty",
    describe: "Lines for a person, or JSON for a collector.",
  }),
};
