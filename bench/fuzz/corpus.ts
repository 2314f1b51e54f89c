import { loadNetworkTemplate } from "#owner/network/network-template.js";
import { encodeUpdate } from "#shared/artifact/codec/encode-update.js";
import { CODECS } from "#shared/artifact/codec/index.js";
import type { FloatTensors } from "#shared/artifact/update.js";
import { signContribution } from "#shared/beacon/contributions/contribution.js";
import { SEALED_BYTES } from "#shared/beacon/contributions/seal.js";
import { type GroupDocument, type GroupDocumentKind, signGroupDocument } from "#shared/beacon/group/documents.js";
import { createRandom } from "#shared/data/random.js";
import { signDutyAnswers } from "#shared/duty/answers-document.js";
import { signDutyDocument } from "#shared/duty/duty-document.js";
import { signPlantedDocument } from "#shared/duty/planted-document.js";
import { PRESETS } from "#shared/model/presets.js";
import { signChecks } from "#shared/protocol/checks.js";
import { hashJson } from "#shared/protocol/hash-json.js";
import { signUpdateManifest } from "#shared/protocol/manifest.js";
import type { ModelManifest } from "#shared/protocol/model-manifest.js";
import type { Network } from "#shared/protocol/network.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { signReport, type UnsignedReport } from "#shared/protocol/report.js";
import { signNonces } from "#shared/sprint/proof/all-nonces.js";
import { noncesTree } from "#shared/sprint/proof/nonces-tree.js";
import { signWinners } from "#shared/sprint/proof/winners.js";
import { byteLength, DTYPES } from "#shared/tensor-files/dtype.js";
import { encodeSafetensors, type Tensor } from "#shared/tensor-files/safetensors.js";
import { signerFromUri } from "#shared/wallet/signer.js";

/** Hashes of nothing in particular. */
const hashOf = (what: string): string => hashJson(what);

export const NETWORK_HASH = hashOf("network");
export const BASE_HASH = hashOf("base");
export const CYCLE = 7;
export const GROUP = "prose";

export const signer = await signerFromUri("//Alice");
const OTHER_HOTKEY = (await signerFromUri("//Bob")).address;

/** Shapes of an update that every codec cuts up: whole blocks and chunks, parts of them, one element. */
export const SHAPES: ReadonlyMap<string, readonly number[]> = new Map([
  ["layers.0.experts.0.up", [16, 17]],
  ["layers.0.experts.1.up", [1]],
]);

/** Uniform in ±0.01. */
export const update = (): FloatTensors => {
  const random = createRandom("fuzz/update");
  return new Map(
    [...SHAPES].map(([name, shape]) => {
      const data = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => (random.next() - 0.5) / 50);
      return [name, { shape, data }];
    }),
  );
};

/** The update's blob in each codec. */
export const updateBlobs = async (): Promise<ReadonlyMap<keyof typeof CODECS, Uint8Array>> => {
  const blobs = new Map<keyof typeof CODECS, Uint8Array>();
  for (const codec of Object.values(CODECS)) blobs.set(codec.name, (await encodeUpdate(codec, update())).bytes);
  return blobs;
};

/** A file with a tensor of every dtype, one with odd names and metadata, and an empty one. */
export const tensorFiles = (): readonly [Uint8Array, ...Uint8Array[]] => {
  const tensor = (dtype: Tensor["dtype"], shape: readonly number[]): Tensor => ({
    dtype,
    shape,
    data: new Uint8Array(byteLength(dtype, shape)!).fill(0x3c),
  });
  const all = new Map(DTYPES.map((dtype) => [`of ${dtype}`, tensor(dtype, [2, 4])]));
  const odd = new Map([
    ["", tensor("F32", [])],
    ["__proto__", tensor("U8", [3])],
    ["😀", tensor("I64", [0, 4])],
    ["b", tensor("BF16", [1, 1, 1, 1, 1, 1, 1, 2])],
  ]);
  return [encodeSafetensors(all), encodeSafetensors(odd, new Map([["format", "pt"]])), encodeSafetensors(new Map())];
};

export const updateManifest = await signUpdateManifest(
  {
    network: NETWORK_HASH,
    cycle: CYCLE,
    group: GROUP,
    base: BASE_HASH,
    codec: "float32",
    tensors: hashOf("tensors"),
    bytes: 2048,
    steps: 20,
    tokens: 20_480,
  },
  signer,
);

export const modelManifest = (): ModelManifest => ({
  version: 2,
  kind: "model",
  network: NETWORK_HASH,
  cycle: CYCLE,
  parent: BASE_HASH,
  parts: {
    hub: { hash: hashOf("hub"), bytes: 4096 },
    groups: {
      [GROUP]: { weights: { hash: hashOf("w"), bytes: 512 }, momentum: { hash: hashOf("m"), bytes: 512 } },
      math: { weights: { hash: hashOf("w2"), bytes: 512 }, momentum: null },
    },
  },
  config: PRESETS.bench,
  steps: { [GROUP]: 7, math: 0 },
  merged: [
    { uid: 3, hotkey: signer.address, group: GROUP, artifact: hashOf("a"), tensors: hashOf("t"), share: 0.75 },
    { uid: 9, hotkey: signer.address, group: GROUP, artifact: hashOf("b"), tensors: hashOf("u"), share: 0.25 },
  ],
});

const reportFields = (): UnsignedReport => {
  const entry = { hotkey: signer.address, group: GROUP, artifact: hashOf("a"), detail: null };
  const unmeasured = {
    lossReduction: null,
    standardError: null,
    batches: null,
    growth: null,
    independence: null,
    score: 0,
  };
  return {
    network: NETWORK_HASH,
    cycle: CYCLE,
    base: BASE_HASH,
    seeds: { [GROUP]: hashOf("seed") },
    baseline: { [GROUP]: { loss: 4.25, batches: 12 } },
    entries: [
      {
        ...entry,
        uid: 1,
        verdict: "scored",
        reason: null,
        lossReduction: 0.02,
        standardError: 1e-3,
        batches: 12,
        growth: 1,
        independence: 1,
        score: 0.018,
      },
      { ...entry, uid: 2, verdict: "rejected", reason: "norm", ...unmeasured },
      { ...entry, uid: 3, verdict: "abstained", reason: "unreachable", ...unmeasured, group: null, artifact: null },
    ],
  };
};

export const report = await signReport(reportFields(), signer);

const DRAW = "5a".repeat(96);

export const dutyDocument = await signDutyDocument(
  {
    network: NETWORK_HASH,
    cycle: CYCLE,
    duties: [
      { task: hashOf("a"), draw: DRAW, verdict: "valid", reason: null, evidence: hashOf("e") },
      { task: hashOf("b"), draw: DRAW, verdict: "invalid", reason: "nonce 7 does not win" },
      { task: hashOf("c"), draw: DRAW, verdict: "abstain", reason: "not checked within 1000 ms" },
    ],
  },
  signer,
);

export const dutyAnswers = await signDutyAnswers(
  {
    network: NETWORK_HASH,
    cycle: CYCLE,
    answers: [
      { task: hashOf("a"), draw: DRAW },
      { task: hashOf("b"), draw: DRAW },
    ],
    votes: [{ task: hashOf("c"), verdict: "invalid" }],
  },
  signer,
);

export const plantedDocument = await signPlantedDocument(
  { network: NETWORK_HASH, cycle: CYCLE, task: hashOf("a"), draw: DRAW },
  signer,
);

export const contribution = await signContribution(
  { network: NETWORK_HASH, cycle: CYCLE, round: 1000, sealed: new Uint8Array(SEALED_BYTES) },
  signer,
);

const groupAt = { network: NETWORK_HASH, cycle: CYCLE };
const member = signer.address;
const point = "97".repeat(48);
const shares = [{ member, ephemeral: point, sealed: "5e".repeat(48) }];

/** A document of each kind of the beacon's group. */
export const groupDocuments: { readonly [K in GroupDocumentKind]: GroupDocument<K> } = {
  "group-key": await signGroupDocument("group-key", { ...groupAt, key: point }, signer),
  dealing: await signGroupDocument("dealing", { ...groupAt, commitments: [point + point], shares }, signer),
  complaint: await signGroupDocument("complaint", { ...groupAt, against: [member] }, signer),
  answer: await signGroupDocument("answer", { ...groupAt, answers: [{ member, ephemeral: "01".repeat(32) }] }, signer),
  partial: await signGroupDocument("partial", { ...groupAt, partials: [point] }, signer),
};

/** The localnet's, with the hash of some genesis. */
export const networkFile = (): Network => ({ ...loadNetworkTemplate(TEMPLATE), genesis: hashOf("genesis") });

const TEMPLATE = "configs/localnet/network.yaml";

export const records = (): readonly [string, ...string[]] => {
  const at = { network: shortHash(NETWORK_HASH), cycle: CYCLE };
  const location = "https://[2001:db8::1]:9000";
  return [
    encodeRecord({ type: "commit", ...at, commitment: hashOf("c") }),
    encodeRecord({ type: "reveal", ...at, group: GROUP, artifact: hashOf("a"), location }),
    encodeRecord({ type: "report", ...at, report: hashOf("r"), location: "http://10.0.0.7:9000" }),
    encodeRecord({ type: "model", ...at, model: BASE_HASH, location: "https://models.example.org" }),
    encodeRecord({ type: "enter", ...at, difficulty: 60, location }),
    encodeRecord({ type: "sprint", ...at, proof: hashOf("p"), wins: 417, nonces: 45_000, location }),
    encodeRecord({ type: "prefix", ...at, thirds: 1, root: hashOf("t"), nonces: 15_104 }),
    encodeRecord({ type: "checks", ...at, checks: hashOf("k"), location }),
    encodeRecord({ type: "duty", ...at, duty: hashOf("d"), location }),
    encodeRecord({ type: "answers", ...at, answers: hashOf("a"), location }),
    encodeRecord({ type: "seal", ...at, contribution: hashOf("s"), location }),
    encodeRecord({ type: "checksheld", ...at, held: [0, 1, 7] }),
    encodeRecord({ type: "sealheld", ...at, held: [0, 2, 9] }),
    encodeRecord({ type: "deal", ...at, document: hashOf("d"), location }),
    encodeRecord({ type: "group", ...at, group: hashOf("g"), location }),
    encodeRecord({ type: "partial", ...at, held: [0, 63], partials: hashOf("p"), location }),
    encodeRecord({ type: "partial", ...at, held: [], partials: null, location }),
    encodeRecord({ type: "pulse", ...at, pulse: "97".repeat(48) }),
    encodeRecord({ type: "network", network: at.network, hash: NETWORK_HASH, location }),
  ];
};

/** A verdict of each kind. */
const none = { detail: null, wins: null, checked: 0, nonce: null };
const verdicts = [
  { verdict: "valid", reason: null, ...none, wins: 417, checked: 417 },
  { verdict: "invalid", reason: "no_win", ...none, wins: 438, checked: 91, nonce: 2 ** 40 },
  { verdict: "invalid", reason: "malformed", ...none, detail: "not JSON in UTF-8" },
  { verdict: "abstain", reason: "unreachable", ...none },
] as const;

export const checks = await signChecks(
  {
    network: NETWORK_HASH,
    cycle: CYCLE,
    entries: verdicts.map((entry, uid) => ({ uid, hotkey: OTHER_HOTKEY, proof: hashOf("p"), ...entry })),
    reputations: [{ hotkey: OTHER_HOTKEY, value: 66_668, idle: 3, missTest: { ratio: -95_310, isNegligent: true } }],
  },
  signer,
);

const sprint = { network: NETWORK_HASH, cycle: CYCLE, difficulty: 60 };

/** Wins far apart and close together, so that gaps have one byte and several. */
export const winners = await signWinners(
  { ...sprint, nonces: 2 ** 40, wins: [0, 1, 127, 255, 20_000, 2 ** 35, 2 ** 40 - 1] },
  signer,
);

/** The tree over 600 nonces, whose digests count up. */
export const sprintTree = () => {
  const tree = noncesTree();
  tree.append(Uint8Array.from({ length: 8 * 600 }, (_, i) => i % 256));
  return tree;
};

const noncesFields = (): Parameters<typeof signNonces>[0] => {
  const tree = sprintTree();
  const whole = { nonces: tree.nonces, root: tree.root() };
  const [first, second] = [256, 512].map((nonces) => {
    const until = noncesTree();
    until.append(Uint8Array.from({ length: 8 * nonces }, (_, i) => i % 256));
    return until.prefix();
  }) as [ReturnType<typeof tree.prefix>, ReturnType<typeof tree.prefix>];
  const prefixes: Parameters<typeof signNonces>[0]["prefixes"] = [
    { ...first, consistency: [...tree.consistency(first, second)] },
    { ...second, consistency: [...tree.consistency(second, whole)] },
  ];
  return { ...sprint, ...whole, prefixes, wins: [9, 80, 81, 300, 599] };
};

/** A Sprint of 600 nonces, of which 256 were recorded at ⅓ and 512 at ⅔. */
export const allNonces = await signNonces(noncesFields(), signer);
