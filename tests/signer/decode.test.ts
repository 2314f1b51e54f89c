import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Call } from "#shared/chain/devchain/calls.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { updateBody } from "#shared/protocol/manifest.js";
import { encodeRecord } from "#shared/protocol/records.js";
import { reportBody } from "#shared/protocol/report.js";
import { requestMessage } from "#shared/protocol/request.js";
import type { SigningRequest } from "#shared/protocol/signer.js";
import { decode } from "#signer/decode/decode.js";
import { measureJson } from "#signer/decode/json-size.js";
import { ScaleReader } from "#signer/decode/scale-reader.js";
import { permits } from "#signer/policy.js";
import type { Statement } from "#signer/statement.js";

interface Vectors {
  readonly genesis: string;
  readonly record: string;
  readonly payloads: readonly { method: string; payload: string; withTip: string; immortal: string }[];
}
const vectors: Vectors = JSON.parse(readFileSync("tests/vectors/subtensor/signing-payloads.json", "utf8"));

const hotkey = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
const other = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";
const NOON = 1_800_000_000_000;
const purpose = { network: "abababab", cycle: 7, write: "weights 100" };
const hash = "ab".repeat(32);

const read = (request: SigningRequest): Statement => {
  const decoded = decode({ request, hotkey, now: NOON });
  assert.ok(decoded.ok, decoded.ok ? "" : decoded.problem);
  return decoded.value;
};
const refusal = (request: SigningRequest): string => {
  const decoded = decode({ request, hotkey, now: NOON });
  return decoded.ok ? assert.fail(JSON.stringify(decoded.value)) : decoded.problem;
};
const substrate = (hex: string): SigningRequest => ({
  kind: "substrate-extrinsic",
  message: Buffer.from(hex, "hex"),
  purpose,
});
const devchain = (call: object, signer = hotkey): SigningRequest => ({
  kind: "devchain-extrinsic",
  message: canonicalBytes({ genesis: hash, nonce: 3, signer, call }),
  purpose,
});
const document = (body: object): SigningRequest => ({ kind: "document", message: canonicalBytes(body) });

describe("subtensor's payloads", () => {
  const of = (method: string) => vectors.payloads.filter((one) => one.method === method);

  it("are read as the runtime's own metadata writes them", () => {
    const understood = new Map<string, Statement>();
    const refused: string[] = [];
    for (const { method, payload } of vectors.payloads) {
      const decoded = decode({ request: substrate(payload), hotkey, now: NOON });
      if (!decoded.ok) refused.push(`${method}: ${decoded.problem}`);
      else {
        assert.ok(decoded.value.kind === "extrinsic");
        assert.deepEqual([decoded.value.method, decoded.value.netuid], [method, 3]);
        assert.equal(decoded.value.genesis, vectors.genesis);
        understood.set(method, decoded.value);
      }
    }
    assert.ok(understood.size >= 8, [...understood.keys()].join());
    assert.deepEqual(refused, [
      "commitments.setCommitment: a commitment that is no record of this version: not a bz1 record",
      'commitments.setCommitment: no extrinsic: "a commitment of more than one field"',
      'commitments.setCommitment: no extrinsic: "a commitment that is not plain bytes"',
      "balances.transferKeepAlive: a call that is not understood (pallet 5, call 3)",
      "system.remark: a call that is not understood (pallet 0, call 0)",
    ]);
    const commitment = understood.get("commitments.setCommitment");
    assert.ok(commitment?.kind === "extrinsic" && commitment.record === "commit" && commitment.slot?.cycle === 7);
    const weights = understood.get("subtensorModule.setWeights");
    assert.ok(weights?.kind === "extrinsic" && weights.slot?.part === purpose.write);
    const opened = understood.get("subtensorModule.revealWeights");
    assert.ok(opened?.kind === "extrinsic" && opened.slot === null);
  });

  it("are refused with a tip, without an end, cut off, longer, or without what weights are for", () => {
    const [{ payload, withTip, immortal } = assert.fail()] = of("subtensorModule.setWeights");
    assert.match(refusal(substrate(withTip)), /a tip/);
    assert.match(refusal(substrate(immortal)), /without an end/);
    assert.match(refusal(substrate(`${payload}00`)), /after the end/);
    const valid = (blocks: number) => {
      const era = Buffer.of(Math.log2(blocks) - 1, 0).toString("hex");
      return payload.replace(/^(.*)8502(?=1901)/, `$1${era}`);
    };
    read(substrate(valid(64)));
    for (const blocks of [128, 65_536]) assert.match(refusal(substrate(valid(blocks))), /valid for \d+ blocks/);
    for (let length = 0; length < payload.length; length += 2) refusal(substrate(payload.slice(0, length)));
    const { purpose: _, ...bare } = substrate(payload) as SigningRequest & { purpose: unknown };
    assert.match(refusal(bare as SigningRequest), /the network and the cycle/);
  });

  it("hold a record's own bytes, and nothing that a decoder of text leaves out", () => {
    const [{ payload } = assert.fail()] = of("commitments.setCommitment");
    const bytes = Buffer.from(payload, "hex");
    const marked = [bytes.subarray(0, 5), Buffer.of(bytes[5]! + 3, 0xef, 0xbb, 0xbf), bytes.subarray(6)];
    assert.match(refusal(substrate(Buffer.concat(marked).toString("hex"))), /not a bz1 record/);
  });

  it("of any bytes never throw", () => {
    const seeds = vectors.payloads.map(({ payload }) => Buffer.from(payload, "hex"));
    const change = fc.tuple(fc.constantFrom(...seeds), fc.nat(), fc.nat(255), fc.nat(300));
    fc.assert(
      fc.property(change, ([seed, at, byte, length]) => {
        const bytes = Buffer.from(seed.subarray(0, Math.max(1, seed.length - (length % 3))));
        bytes[at % bytes.length] = byte;
        decode({ request: { kind: "substrate-extrinsic", message: bytes, purpose }, hotkey, now: NOON });
      }),
      { seed: 3, numRuns: 400 },
    );
    assert.throws(() => new ScaleReader(Uint8Array.of(0x01, 0x00)).compact(), RangeError);
    assert.equal(new ScaleReader(Uint8Array.of(0x15, 0x01)).compact(), 69n);
    assert.equal(new ScaleReader(Uint8Array.of(0x03, 0xff, 0xff, 0xff, 0xff)).compact(), 0xffffffffn);
  });
});

describe("the devchain's payloads", () => {
  const record = encodeRecord({ type: "held", network: "abababab", cycle: 9, held: [1] });
  const commit: Call = { name: "setCommitment", args: { netuid: 3, data: record } };
  const prefix = (thirds: 1 | 2): Call => {
    const fields = { network: "abababab", cycle: 9, root: hash, nonces: 256 * thirds };
    return { name: "setCommitment", args: { netuid: 3, data: encodeRecord({ type: "prefix", thirds, ...fields }) } };
  };

  it("have the same names and slots", () => {
    const statement = read(devchain(commit));
    assert.ok(statement.kind === "extrinsic");
    assert.deepEqual(
      [statement.method, statement.netuid, statement.record, statement.network, statement.slot?.cycle],
      ["commitments.setCommitment", 3, "held", "abababab", 9],
    );
    const weights = (dests: number[], versionKey: number) =>
      read(devchain({ name: "setWeights", args: { netuid: 3, dests, weights: [1, 2], versionKey } }));
    assert.deepEqual(weights([0, 1], 1), weights([0, 1], 2));
    assert.notDeepEqual(weights([0, 1], 1), weights([0, 2], 1));
    const network = encodeRecord({ type: "network", network: hash.slice(0, 8), hash, location: "https://a.example" });
    const published = read(devchain({ name: "setCommitment", args: { netuid: 3, data: network } }));
    assert.ok(published.kind === "extrinsic" && published.slot === null, "an owner changes its network as it likes");
  });

  it("have a slot for each of a cycle's two records of first nonces", () => {
    const [first, second] = ([1, 2] as const).map((thirds) => {
      const statement = read(devchain(prefix(thirds)));
      assert.ok(statement.kind === "extrinsic" && statement.slot !== null);
      return statement.slot;
    });
    assert.deepEqual([first?.part, second?.part, first?.family === second?.family], ["1", "2", true]);
  });

  it("of others, with other calls, or in another form are refused", () => {
    assert.match(refusal(devchain(commit, other)), /another account/);
    const faucet = { name: "faucet", args: { account: hotkey, amount: "1" } };
    assert.match(refusal(devchain({ name: "sudo", args: { calls: [faucet] } })), /no hotkey signs/);
    assert.match(refusal(devchain({ name: "drain", args: {} })), /no extrinsic/);
    const message = Buffer.concat([devchain(commit).message, Buffer.from(" ")]);
    assert.match(refusal({ kind: "devchain-extrinsic", message, purpose }), /no extrinsic/);
    assert.match(refusal({ kind: "document", message: devchain(commit).message }), /no document/);
  });
});

describe("documents", () => {
  const update = updateBody(
    {
      network: hash,
      cycle: 7,
      group: "math",
      base: hash,
      codec: "float32",
      tensors: hash,
      bytes: 1,
      steps: 1,
      tokens: 1,
    },
    hotkey,
  );
  const report = reportBody({ network: hash, cycle: 7, base: hash, seeds: {}, baseline: {}, entries: [] }, hotkey);

  it("of a report there is one a cycle; of updates the committed one counts", () => {
    const reported = read(document(report));
    assert.ok(reported.kind === "document" && reported.slot?.cycle === 7 && reported.network === "abababab");
    const updated = read(document(update));
    assert.ok(updated.kind === "document" && updated.slot === null && updated.document === "update");
  });

  it("of others, of no kind that is known, signed or malformed are refused", () => {
    assert.match(refusal(document({ ...update, hotkey: other })), /another hotkey/);
    assert.match(refusal(document({ ...report, validator: other })), /another hotkey/);
    assert.match(refusal(document({ ...report, cycle: -1 })), /no report: cycle/);
    assert.match(refusal(document({ ...report, more: 1 })), /no report/);
    assert.match(refusal(document({ ...report, signature: "00".repeat(64) })), /signature already/);
    assert.match(refusal(document({ kind: "blockzero/release/1" })), /not understood/);
    assert.match(refusal(document({ kind: "__proto__" })), /not understood/);
    const spaced = Buffer.from(JSON.stringify(report, null, 1));
    assert.match(refusal({ kind: "document", message: spaced }), /no report: not canonical/);
    assert.match(refusal({ kind: "document", message: Buffer.from("bytes") }), /no document/);
  });
});

describe("documents that take long to read", () => {
  it("are refused by their values, or by what is taken of their kind, before they are read", () => {
    const many = Buffer.from(`{"kind":"receipt","x":[${"0,".repeat(1 << 20)}0]}`);
    assert.match(refusal({ kind: "document", message: many }), /a document of 1048580 values, at most 524288 are read/);
    const nested = Buffer.from(`${"[".repeat(1 << 20)}${"]".repeat(1 << 20)}`);
    assert.match(refusal({ kind: "document", message: nested }), /1048577 values/);
    const long = { kind: "update", text: "x".repeat(5000) };
    assert.match(refusal(document(long)), /no update: 50\d\d bytes, at most 4096/);
    const wrong = Buffer.from(`{"kind":"receipt","reports":[${"{},".repeat(1 << 15)}{}]}`);
    assert.match(refusal({ kind: "document", message: wrong }), /a document of 32770 objects, at most 32768 are read/);
    assert.deepEqual(measureJson(Buffer.from('{"a":"[,{\\",[","b":[1,2,{}]}')), { values: 7, objects: 2 });
  });
});

describe("requests to blob servers", () => {
  const request = { method: "GET", origin: "https://a.example", path: "/blob/00", hotkey, nonce: NOON };
  const asked = (change: Partial<typeof request> = {}): SigningRequest => ({
    kind: "request",
    message: requestMessage({ ...request, ...change }),
  });

  it("are signed for now alone", () => {
    assert.deepEqual(read(asked()), { kind: "request", origin: "https://a.example" });
    assert.match(refusal(asked({ nonce: NOON + 61_000 })), /61 s from now/);
    assert.match(refusal(asked({ nonce: NOON - 61_000 })), /-61 s from now/);
  });

  it("are refused in any other form", () => {
    for (const change of [
      { method: "PUT" },
      { origin: "https://a.example/" },
      { origin: "file://x" },
      { path: "blob" },
      { path: "/a b" },
      { hotkey: other },
      { nonce: 0.5 },
    ])
      refusal(asked(change));
    refusal({ kind: "request", message: Buffer.concat([asked().message, Buffer.from("\nx")]) });
    refusal({ kind: "request", message: Buffer.from("blockzero/request/2") });
  });
});

describe("a policy", () => {
  const policy = { calls: ["commitments.setCommitment"], records: ["commit"], documents: ["update"] };
  const statement = read(
    devchain({
      name: "setCommitment",
      args: { netuid: 3, data: encodeRecord({ type: "commit", network: "abababab", cycle: 1, commitment: hash }) },
    }),
  );
  it("allows what it lists, on chains, subnets and networks that it lists", () => {
    const allows = (more: object) => permits({ ...policy, ...more }, statement).ok;
    assert.ok(allows({}) && allows({ chains: [hash], netuids: [1, 3], networks: [hash] }));
    assert.ok(allows({ networks: ["abababab"] }));
    const refused = [{ calls: [] }, { records: ["report"] }, { chains: ["cd".repeat(32)] }, { netuids: [1] }];
    for (const more of [...refused, { networks: ["cdcdcdcd"] }]) assert.ok(!allows(more), JSON.stringify(more));
    const request: Statement = { kind: "request", origin: "https://a.example" };
    assert.ok(permits({ ...policy, networks: [] }, request).ok);
    const receipt: Statement = { kind: "document", document: "receipt", network: "abababab", slot: null };
    assert.ok(!permits(policy, receipt).ok);
  });
});
