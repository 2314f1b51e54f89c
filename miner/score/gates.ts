import { checkTensors, type GateFailure } from "#shared/artifact/gates.js";
import type { FloatTensors } from "#shared/artifact/update.js";
import { loadTensors } from "#shared/artifact/update-reader.js";
import { hashOfSource, withSource } from "#shared/files/byte-source.js";
import { openRegularFile } from "#shared/files/regular-file.js";
import { commitmentOf } from "#shared/protocol/commitment.js";
import type { ReasonCode } from "#shared/protocol/verdict.js";
import { loadUpdate, openSubmission, tensorGates } from "#shared/replay/gate-submission.js";
import type { CycleSource } from "#shared/replay/source.js";
import type { LocalArtifact, SignedPart } from "./artifact.js";
import { GATES, type Gate, type GateName } from "./report.js";

/** What an update is held against. */
export interface Expected {
  readonly group: string;
  readonly cycle: number;
  readonly base: string;
  /** L2 norm of the weights that it changes. */
  readonly norm: number;
  /** Who submits it; null where neither a wallet nor a manifest says. */
  readonly hotkey: { readonly address: string; readonly publicKey: Uint8Array } | null;
}

export interface GatesPassed {
  readonly gates: readonly Gate[];
  readonly tensors: FloatTensors | null;
  readonly tensorsHash: string | null;
}

/** Where a failure says nothing of the gate itself: of manifest and tensors each may be malformed. */
const GATE_OF: Partial<Record<ReasonCode, GateName>> = {
  wrong_network: "network",
  wrong_cycle: "cycle",
  bad_signature: "signature",
  wrong_group: "group",
  stale_base: "base",
  wrong_codec: "codec",
  too_large: "size",
  not_finite: "values",
  norm: "norm",
};

/** The gates that the update's own files decide: from `manifest` to `norm`. */
const FILE_GATES = GATES.slice(GATES.indexOf("manifest"), GATES.indexOf("norm") + 1);

/** Of these a manifest decides. */
const MANIFEST_GATES = FILE_GATES.slice(0, FILE_GATES.indexOf("size"));

/** Puts an update through the validator's gates, as if it had been committed to and revealed. */
export const passGates = async (
  source: CycleSource,
  local: LocalArtifact,
  expected: Expected,
): Promise<GatesPassed> => {
  const { signed } = local;
  const { hotkey } = expected;
  if (signed === null) return passTensors(source, local, expected);
  if (hotkey === null) return failedAt({ ok: false, reason: "malformed", detail: "it is no manifest" }, "manifest");
  return passSigned(source, local, signed, { ...expected, hotkey });
};

const passSigned = async (
  source: CycleSource,
  { tensors: path }: LocalArtifact,
  { artifact, bytes }: SignedPart,
  { group, cycle, base, norm, hotkey }: Expected & { readonly hotkey: object },
): Promise<GatesPassed> => {
  let isOpened = false;
  const own: CycleSource = {
    ...source,
    fetch: async () => bytes,
    open: async () => {
      isOpened = true;
      return openRegularFile(path);
    },
  };
  const submission = {
    uid: 0,
    hotkey: hotkey.address,
    publicKey: hotkey.publicKey,
    commitment: { hash: commitmentOf(artifact, hotkey.publicKey, cycle), block: 0 },
    reveal: { group, artifact, location: "" },
  };
  const groups = new Map([[group, { norm }]]);
  const result = await openSubmission(own, submission, { base: { hash: base, groups }, cycle });
  if (!result.ok) return failedAt(result, isOpened ? "tensors" : "manifest");
  await result.file.close();
  const tensors = await loadUpdate(own, result.update);
  return { gates: passed(result.norm, source, norm, []), tensors, tensorsHash: result.update.tensorsHash };
};

/** Tensors that no manifest speaks for: only their own gates can be passed. */
const passTensors = async (
  source: CycleSource,
  { tensors: path }: LocalArtifact,
  { group, norm }: Expected,
): Promise<GatesPassed> => {
  const { network } = source;
  const file = await openRegularFile(path);
  return withSource(file, async () => {
    const tensorsHash = await hashOfSource(file);
    const manifest = { codec: network.artifact.codec, tensors: tensorsHash, bytes: file.size };
    const result = await checkTensors(manifest, file, tensorGates(network, group, norm));
    const skipped = MANIFEST_GATES;
    if (!result.ok) return failedAt(result, "tensors", skipped);
    const tensors = await loadTensors(result.update);
    return { gates: passed(result.norm, source, norm, skipped), tensors, tensorsHash };
  });
};

const passed = (
  norm: number,
  { network }: CycleSource,
  baseNorm: number,
  skipped: readonly GateName[],
): readonly Gate[] => {
  const allowed = network.scoring.max_update_norm * baseNorm;
  const figures = `${norm.toPrecision(4)}, at most ${allowed.toPrecision(4)}`;
  return FILE_GATES.map((gate) => {
    if (skipped.includes(gate)) return unsigned(gate);
    return { gate, status: "passed", reason: null, detail: gate === "norm" ? figures : null };
  });
};

const failedAt = (
  { reason, detail }: GateFailure,
  stage: "manifest" | "tensors",
  skipped: readonly GateName[] = [],
): GatesPassed => {
  const failing = FILE_GATES.indexOf(GATE_OF[reason] ?? stage);
  const gates = FILE_GATES.map((gate, at): Gate => {
    if (skipped.includes(gate)) return unsigned(gate);
    if (at === failing) return { gate, status: "failed", reason, detail };
    return { gate, status: at < failing ? "passed" : "not reached", reason: null, detail: null };
  });
  return { gates, tensors: null, tensorsHash: null };
};

const unsigned = (gate: GateName): Gate => ({
  gate,
  status: "unchecked",
  reason: null,
  detail: "there is no manifest",
});
