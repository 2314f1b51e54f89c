import { checkManifest, checkTensors } from "#shared/artifact/gates.js";
import { l2Norm } from "#shared/artifact/update.js";
import { readContribution } from "#shared/beacon/contributions/contribution.js";
import { type GroupDocumentKind, parseGroupDocument } from "#shared/beacon/group/documents.js";
import { parseNetwork } from "#shared/config/load-network.js";
import { areDutyAnswersSigned, parseDutyAnswers } from "#shared/duty/answers-document.js";
import { assessDuty } from "#shared/duty/assess-duty.js";
import { isDutyDocumentSigned, parseDutyDocument } from "#shared/duty/duty-document.js";
import { isPlanted } from "#shared/duty/planted.js";
import { isPlantedDocumentSigned, parsePlantedDocument } from "#shared/duty/planted-document.js";
import { type ErrorCode, hasCode } from "#shared/errors/error.js";
import { contentRangeStart, requestedRange } from "#shared/files/byte-range.js";
import { bytesSource } from "#shared/files/byte-source.js";
import { isChecksSigned, parseChecks } from "#shared/protocol/checks.js";
import { commitmentOf } from "#shared/protocol/commitment.js";
import { sha256 } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { parseModelManifest } from "#shared/protocol/model-manifest.js";
import { parseRecord } from "#shared/protocol/records.js";
import { isReportSigned, parseReport } from "#shared/protocol/report.js";
import { parseRequestHeader, signRequest } from "#shared/protocol/request.js";
import { NONCES } from "#shared/sprint/exact/inputs.js";
import { checkNonces, encodeNonces, parseNonces } from "#shared/sprint/proof/all-nonces.js";
import { decodeGaps, encodeGaps } from "#shared/sprint/proof/gaps.js";
import type { ExpectedProof } from "#shared/sprint/proof/head.js";
import { checkOpening, encodeOpening } from "#shared/sprint/proof/opening.js";
import { checkWinners, encodeWinners, parseWinners } from "#shared/sprint/proof/winners.js";
import { encodeSafetensors, isCanonical, parseSafetensors } from "#shared/tensor-files/safetensors.js";
import { verify } from "#shared/wallet/verify.js";
import { verifyVrf } from "#shared/wallet/verify-vrf.js";
import * as corpus from "./corpus.js";
import {
  type Mutate,
  type Mutations,
  mutateBytes,
  mutateHeader,
  mutateJson,
  mutateLine,
  mutateValue,
} from "./mutate.js";

/** A reader of what strangers send. */
export interface FuzzTarget {
  readonly name: string;
  /** Valid inputs. */
  readonly seeds: readonly [Uint8Array, ...Uint8Array[]];
  readonly kinds: Mutations;
  /** What the reader said in one word: `accepted`, or why not. Anything it throws is a defect. */
  readonly read: (bytes: Uint8Array) => string | Promise<string>;
}

export const fuzzTargets = async (): Promise<readonly FuzzTarget[]> => [
  tensors,
  ...(await updates()),
  updateManifests(),
  ...documents(),
  ...sprintProofs(),
  ...beacon(),
  networks(),
  text("record", corpus.records(), (record) => parseRecord(record).ok),
  text("request header", [await signRequest(request, corpus.signer)], (header) => parseRequestHeader(header) !== null),
  text("range header", ["bytes=0-99", "bytes=5-", "bytes=-7"], (header) => requestedRange(header, 100) !== null),
  text("content range", ["bytes 5-9/10", "bytes 0-9/*"], (header) => contentRangeStart(header) !== null),
];

const request = { method: "GET", origin: "http://10.0.0.7:9000", path: "/blob/00", nonce: 1_700_000_000_000 };

const mutateCanonical = mutateValue(canonicalBytes);

/** As headers are written: without spaces, in the order of the keys. */
const mutateCompact = mutateValue((value) => Buffer.from(JSON.stringify(value)));

/** A change behind the header, of the same length: what reaches the codec. */
const mutateData: Mutate = (bytes, random) => {
  const copy = Buffer.from(bytes);
  const start = copy.length < 8 ? 0 : Number(copy.readBigUInt64LE() % BigInt(copy.length));
  for (let left = 1 + random.below(4); left > 0 && start < copy.length; left--)
    copy[start + random.below(copy.length - start)] = random.pick([0, 0x7f, 0x80, 0xff, random.below(256)]);
  return copy;
};

/** The code of an expected refusal; everything else is a defect and goes on. */
const refusal = (thrown: unknown, code: ErrorCode): string => {
  if (hasCode(thrown, code) && !/[\n\0]/.test(thrown.message)) return code;
  throw thrown;
};

const tensors: FuzzTarget = {
  name: "safetensors",
  seeds: corpus.tensorFiles(),
  kinds: [mutateBytes, mutateHeader(mutateJson), mutateHeader(mutateCompact)],
  read: (bytes) => {
    let read: ReturnType<typeof parseSafetensors>;
    try {
      read = parseSafetensors(bytes);
    } catch (thrown) {
      return refusal(thrown, "SAFETENSORS_INVALID");
    }
    for (const [name, { data }] of read.tensors)
      if (data.buffer !== bytes.buffer) throw new Error(`tensor ${JSON.stringify(name)} is a copy`);
    const again = encodeSafetensors(read.tensors);
    if (isCanonical(bytes, read.tensors) !== (Buffer.compare(again, bytes) === 0))
      throw new Error("isCanonical disagrees with the writer");
    return "accepted";
  },
};

/** Blobs whose manifest is right about them: the codec's own reading is reached. */
const updates = async (): Promise<readonly FuzzTarget[]> =>
  [...(await corpus.updateBlobs())].map(([codec, blob]) => ({
    name: `update, ${codec}`,
    seeds: [blob],
    kinds: [mutateBytes, mutateBytes, mutateData, mutateData, mutateHeader(mutateCompact)],
    read: async (bytes) => {
      const manifest = { ...announcement, codec, tensors: sha256(bytes), bytes: bytes.length };
      const result = await checkTensors(manifest, bytesSource(bytes), gates);
      return result.ok ? "accepted" : result.reason;
    },
  }));

const announcement = corpus.updateManifest;

const gates = {
  shapes: corpus.SHAPES,
  baseNorm: l2Norm(corpus.update().values()),
  maxUpdateNorm: 2,
  maxBytes: 1 << 20,
};

/** Manifests that are what was committed and revealed. */
const updateManifests = (): FuzzTarget => ({
  name: "update manifest",
  seeds: [canonicalBytes(corpus.updateManifest)],
  kinds: [mutateBytes, mutateJson, mutateCanonical],
  read: (bytes) => {
    const artifact = sha256(bytes);
    const { publicKey, address: hotkey } = corpus.signer;
    const result = checkManifest(bytes, {
      artifact,
      commitment: commitmentOf(artifact, publicKey, corpus.CYCLE),
      hotkey,
      publicKey,
      group: corpus.GROUP,
      groups: new Map([[corpus.GROUP, 1 << 20]]),
      network: corpus.NETWORK_HASH,
      cycle: corpus.CYCLE,
      base: corpus.BASE_HASH,
      codec: "float32",
      verify,
    });
    return result.ok ? "accepted" : result.reason;
  },
});

const documents = (): readonly FuzzTarget[] => {
  const kinds: Mutations = [mutateBytes, mutateJson, mutateCanonical];
  return [
    {
      name: "model manifest",
      seeds: [canonicalBytes(corpus.modelManifest())],
      kinds,
      read: (bytes) => (parseModelManifest(bytes).ok ? "accepted" : "refused"),
    },
    {
      name: "report",
      seeds: [canonicalBytes(corpus.report)],
      kinds,
      read: (bytes) => {
        const parsed = parseReport(bytes);
        if (!parsed.ok) return "refused";
        return isReportSigned(parsed.value, verify) ? "accepted" : "not signed";
      },
    },
    {
      name: "checks of proofs",
      seeds: [canonicalBytes(corpus.checks)],
      kinds,
      read: (bytes) => {
        const parsed = parseChecks(bytes);
        if (!parsed.ok) return "refused";
        return isChecksSigned(parsed.value, verify) ? "accepted" : "not signed";
      },
    },
    ...dutyDocuments(kinds),
  ];
};

/** Documents of duty, read and judged: a signature does not make what they claim true. */
const dutyDocuments = (kinds: Mutations): readonly FuzzTarget[] => {
  const { publicKey, address: hotkey } = corpus.signer;
  const [first] = corpus.dutyDocument.duties;
  const subject = { executorKey: publicKey, result: corpus.BASE_HASH, beacon: corpus.BASE_HASH };
  const tasks = [{ ...subject, task: first!.task, threshold: 2n ** 64n }];
  const claims = { hotkey, publicKey, tasks, auditSeed: corpus.BASE_HASH };
  return [
    {
      name: "duty document",
      seeds: [canonicalBytes(corpus.dutyDocument)],
      kinds,
      read: (bytes) => {
        const parsed = parseDutyDocument(bytes);
        if (!parsed.ok) return "refused";
        assessDuty({ ...claims, document: parsed.value, answers: null }, verifyVrf);
        return isDutyDocumentSigned(parsed.value, verify) ? "accepted" : "not signed";
      },
    },
    {
      name: "duty answers",
      seeds: [canonicalBytes(corpus.dutyAnswers)],
      kinds,
      read: (bytes) => {
        const parsed = parseDutyAnswers(bytes);
        if (!parsed.ok) return "refused";
        assessDuty({ ...claims, document: null, answers: parsed.value }, verifyVrf);
        return areDutyAnswersSigned(parsed.value, verify) ? "accepted" : "not signed";
      },
    },
    {
      name: "planted task",
      seeds: [canonicalBytes(corpus.plantedDocument)],
      kinds,
      read: (bytes) => {
        const parsed = parsePlantedDocument(bytes);
        if (!parsed.ok) return "refused";
        const at = { network: corpus.NETWORK_HASH, cycle: corpus.CYCLE, beacon: corpus.BASE_HASH };
        const claim = { document: parsed.value, subject: at, threshold: 2n ** 64n, commitment: corpus.BASE_HASH };
        if (isPlanted(claim, verifyVrf)) throw new Error("a false draw counts");
        return isPlantedDocumentSigned(parsed.value, verify) ? "accepted" : "not signed";
      },
    },
  ];
};

/** Proofs whose record is right about their bytes: what stands in them is reached. */
const sprintProofs = (): readonly FuzzTarget[] => {
  const kinds: Mutations = [mutateBytes, mutateLine(mutateJson), mutateLine(mutateCanonical)];
  const tree = corpus.sprintTree();
  const all = corpus.allNonces;
  const [first, second] = all.prefixes;
  const committed = (
    bytes: Uint8Array,
    { network, cycle, hotkey, difficulty, nonces, wins }: Proof,
  ): ExpectedProof => ({
    ...{ network, cycle, hotkey, difficulty, nonces, wins: wins.length },
    ...{ hash: sha256(bytes), included: 5, phase: { start: 0, end: 10 } },
  });
  return [
    {
      name: "winners proof",
      seeds: [encodeWinners(corpus.winners)],
      kinds,
      read: (bytes) => {
        const parsed = parseWinners(bytes);
        const checked = checkWinners(bytes, committed(bytes, parsed.ok ? parsed.value : corpus.winners), verify);
        if (parsed.ok && Buffer.compare(encodeWinners(parsed.value), bytes) !== 0) throw new Error("another text");
        return checked.ok ? "accepted" : checked.fault;
      },
    },
    {
      name: "proof of all nonces",
      seeds: [encodeNonces(all)],
      kinds,
      read: (bytes) => {
        const parsed = parseNonces(bytes);
        const checked = checkNonces(bytes, committed(bytes, parsed.ok ? parsed.value : all), [first, second], verify);
        if (parsed.ok && Buffer.compare(encodeNonces(parsed.value), bytes) !== 0) throw new Error("another text");
        return checked.ok ? "accepted" : checked.fault;
      },
    },
    {
      name: "gaps of wins",
      seeds: [encodeGaps(corpus.winners.wins)],
      kinds: [mutateBytes],
      read: (bytes) => {
        const read = decodeGaps(bytes, { wins: corpus.winners.wins.length, below: NONCES });
        if (read.ok && Buffer.compare(encodeGaps(read.value), bytes) !== 0) throw new Error("another text");
        return read.ok ? "accepted" : read.fault;
      },
    },
    {
      name: "opening of a nonce",
      seeds: [encodeOpening(tree.open(300)), encodeOpening(tree.open(256))],
      kinds: [mutateBytes, mutateJson, mutateCanonical],
      read: (bytes) => {
        const checked = checkOpening(bytes, 300, { nonces: tree.nonces, root: tree.root() });
        return checked.ok ? "accepted" : checked.fault;
      },
    },
  ];
};

type Proof = Pick<typeof corpus.winners, "network" | "cycle" | "hotkey" | "difficulty" | "nonces" | "wins">;

const beacon = (): readonly FuzzTarget[] => {
  const kinds: Mutations = [mutateBytes, mutateJson, mutateCanonical];
  const document = corpus.contribution;
  const expected = {
    network: corpus.NETWORK_HASH,
    cycle: corpus.CYCLE,
    hotkey: corpus.signer.address,
    round: document.round,
  };
  return [
    {
      name: "contribution",
      seeds: [canonicalBytes(document)],
      kinds,
      read: (bytes) => (readContribution(bytes, expected, verify).ok ? "accepted" : "refused"),
    },
    ...Object.entries(corpus.groupDocuments).map(([kind, one]) => ({
      name: `group document, ${kind}`,
      seeds: [canonicalBytes(one)] as const,
      kinds,
      read: (bytes: Uint8Array) => (parseGroupDocument(kind as GroupDocumentKind, bytes).ok ? "accepted" : "refused"),
    })),
  ];
};

const networks = (): FuzzTarget => ({
  name: "network file",
  seeds: [canonicalBytes(corpus.networkFile())],
  kinds: [mutateJson, mutateCanonical],
  read: (bytes) => {
    let value: unknown;
    try {
      value = JSON.parse(Buffer.from(bytes).toString());
    } catch {
      return "not JSON";
    }
    try {
      parseNetwork(value, "fuzz");
      return "accepted";
    } catch (thrown) {
      return refusal(thrown, "NETWORK_FILE_INVALID");
    }
  },
});

const text = (
  name: string,
  [first, ...others]: readonly [string, ...string[]],
  isAccepted: (text: string) => boolean,
): FuzzTarget => ({
  name,
  seeds: [Buffer.from(first), ...others.map((seed) => Buffer.from(seed))],
  kinds: [mutateBytes],
  read: (bytes) => (isAccepted(Buffer.from(bytes).toString("latin1")) ? "accepted" : "refused"),
});
