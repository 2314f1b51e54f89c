import { z } from "zod";
import { namesSchema, participantSettings, pathSchema, signerAddressSchema } from "#shared/config/common.js";
import { defineConfig, setting } from "#shared/config/settings.js";
import { pathBeside } from "#shared/files/beside.js";
import { SIGNER_ADDRESS_FORMS } from "#shared/signing/signer-address.js";
import { UNDERSTOOD_CALLS } from "./decode/call.js";
import { UNDERSTOOD_DOCUMENTS } from "./decode/document.js";
import { UNDERSTOOD_RECORDS } from "./decode/records.js";

/** Some of some words, as a list or with commas between. */
const someOf = (words: readonly string[]) =>
  namesSchema.pipe(z.array(z.string().refine((word) => words.includes(word))).min(1));

const formOf = (words: readonly string[]): string => `${words.join(", ")}; several as a list or with commas between`;

const listOf = <T>(item: z.ZodType<T, string>) =>
  z
    .union([
      z.string().transform((text) => text.split(",").map((part) => part.trim())),
      z.number().transform((number) => [String(number)]),
      z.array(z.union([z.string(), z.number()]).transform(String)),
    ])
    .pipe(z.array(item).min(1))
    .optional();

const { "wallet.name": name, "wallet.hotkey": hotkey, "wallet.path": path } = participantSettings;
const { "log.level": level, "log.format": format } = participantSettings;

const perMinute = (standard: number, what: string, env: string) =>
  setting({
    schema: z.int().min(1).max(1_000_000),
    default: standard,
    env,
    describe: `${what} that are signed a minute at most.`,
  });

/** What a hotkey needs for mining and validating. */
const USUAL_CALLS = UNDERSTOOD_CALLS.filter((call) => !/serveAxon|burnedRegister|addStake/.test(call));
const USUAL_RECORDS = UNDERSTOOD_RECORDS.filter((record) => record !== "network");

/** The settings of `blockzero signer`. */
export const signerSettings = defineConfig({
  "wallet.name": name,
  "wallet.hotkey": hotkey,
  "wallet.path": path,
  listen: setting({
    schema: signerAddressSchema,
    default: "unix:///run/blockzero/signer.sock",
    env: "BLOCKZERO_SIGNER_LISTEN",
    allowed: SIGNER_ADDRESS_FORMS,
    describe: "Where programs ask for signatures; port 0 takes a free one. A socket is its owner's alone (mode 0600).",
  }),
  home: setting({
    schema: pathSchema,
    beside: pathBeside,
    default: "./signer",
    env: "BLOCKZERO_SIGNER_HOME",
    describe: "Where the journal of what was signed is kept, a folder a hotkey. One copy of a key, one journal.",
  }),
  token: setting({
    schema: pathSchema.optional(),
    beside: pathBeside,
    env: "BLOCKZERO_SIGNER_TOKEN",
    describe: "A file with the token that programs show. Needed unless `listen` is a Unix socket.",
  }),
  "tls.certificate": setting({
    schema: pathSchema.optional(),
    beside: pathBeside,
    env: "BLOCKZERO_SIGNER_TLS_CERTIFICATE",
    describe: "The certificate, PEM, of https.",
  }),
  "tls.key": setting({
    schema: pathSchema.optional(),
    beside: pathBeside,
    env: "BLOCKZERO_SIGNER_TLS_KEY",
    describe: "The certificate's private key, PEM, readable by its owner alone.",
  }),
  "allow.calls": setting({
    schema: someOf(UNDERSTOOD_CALLS),
    default: USUAL_CALLS.join(","),
    env: "BLOCKZERO_SIGNER_ALLOW_CALLS",
    allowed: formOf(UNDERSTOOD_CALLS),
    describe: "The calls that are signed. None that is not in this list is understood at all.",
  }),
  "allow.records": setting({
    schema: someOf(UNDERSTOOD_RECORDS),
    default: USUAL_RECORDS.join(","),
    env: "BLOCKZERO_SIGNER_ALLOW_RECORDS",
    allowed: formOf(UNDERSTOOD_RECORDS),
    describe: "The records that commitments may hold. A subnet's owner allows `network`, and nothing else.",
  }),
  "allow.documents": setting({
    schema: someOf(UNDERSTOOD_DOCUMENTS),
    default: UNDERSTOOD_DOCUMENTS.join(","),
    env: "BLOCKZERO_SIGNER_ALLOW_DOCUMENTS",
    allowed: formOf(UNDERSTOOD_DOCUMENTS),
    describe: "The documents that are signed.",
  }),
  "allow.chains": setting({
    schema: listOf(z.string().regex(/^[0-9a-f]{64}$/)),
    env: "BLOCKZERO_SIGNER_ALLOW_CHAINS",
    allowed: "hashes of block 0, 64 hex digits each, as a list or with commas between",
    describe: "The chains whose extrinsics are signed. Unset: any.",
  }),
  "allow.networks": setting({
    schema: listOf(z.string().regex(/^[0-9a-f]{8,64}$/)),
    env: "BLOCKZERO_SIGNER_ALLOW_NETWORKS",
    allowed: "hashes of network files, their first 8 hex digits or all, as a list or with commas between",
    describe: "The networks whose records and documents are signed. Unset: any.",
  }),
  "allow.netuids": setting({
    schema: listOf(
      z
        .string()
        .regex(/^\d{1,5}$/)
        .transform(Number)
        .pipe(z.int().max(65535)),
    ),
    env: "BLOCKZERO_SIGNER_ALLOW_NETUIDS",
    allowed: "numbers of subnets, as a list or with commas between",
    describe: "The subnets of the calls that are signed. Unset: any.",
  }),
  "rates.extrinsics": perMinute(60, "Extrinsics", "BLOCKZERO_SIGNER_RATES_EXTRINSICS"),
  "rates.documents": perMinute(30, "Documents", "BLOCKZERO_SIGNER_RATES_DOCUMENTS"),
  "rates.requests": perMinute(6000, "Requests to blob servers", "BLOCKZERO_SIGNER_RATES_REQUESTS"),
  "rates.draws": perMinute(6000, "Draws of duty", "BLOCKZERO_SIGNER_RATES_DRAWS"),
  "log.level": level,
  "log.format": format,
});
