import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Reception, SignedExtrinsic } from "#shared/chain/writer/extrinsic.js";
import { ExtrinsicWriter } from "#shared/chain/writer/extrinsic-writer.js";
import { tellTaken } from "#shared/chain/writer/tell-taken.js";
import { prometheusInstruments } from "#shared/telemetry/instruments/prometheus.js";
import { signerFromUri } from "#shared/wallet/index.js";
import { coded } from "../../../support/coded.js";
import { HANG_GUARD } from "../../../support/hang-guard.js";
import { collectingLog } from "../support.js";

const TAKEN: Reception = { status: "dead", isTaken: true };
const BANNED: Reception = { status: "dead", isTaken: false };
const COUNTED = 'blockzero_chain_writes_total{call="setCommitment",outcome="nonce_taken"}';

/** A writer to a chain whose node answers so, one extrinsic after the other, and includes what comes then. */
const writerOf = (answers: readonly Reception[]) => {
  const left = [...answers];
  const { log, lines } = collectingLog();
  const instruments = prometheusInstruments("miner");
  const included = ({ hash }: SignedExtrinsic): Reception => ({ status: "included", hash, block: 1, blockHash: "b1" });
  let nonces = 0;
  const writer = new ExtrinsicWriter<string>({
    chain: {
      sign: async (call, nonce) => ({ bytes: call, hash: `${call} ${nonce}`, nonce }),
      textOf: (call) => call,
      nextNonce: async () => nonces++,
      send: async (extrinsic) => left.shift() ?? included(extrinsic),
      find: async () => undefined,
      headNumber: () => 1,
    },
    confirmations: 0,
    log,
    onTaken: tellTaken(log, instruments),
    onOverdue: () => {},
  });
  const counted = async () => {
    const line = (await instruments.text()).split("\n").find((one) => one.startsWith(COUNTED));
    return Number(line?.slice(COUNTED.length));
  };
  return { writer, lines, counted };
};

describe("a key that another writer uses", { timeout: HANG_GUARD }, () => {
  it("is told and counted each time that it uses a nonce first, though the write comes to be", async () => {
    const { writer, lines, counted } = writerOf([TAKEN, TAKEN, BANNED, TAKEN]);
    const inclusion = await writer.write("setCommitment", await signerFromUri("//Miner"));
    assert.equal(inclusion.block, 1);
    assert.equal(await counted(), 3);
    assert.equal(lines.filter(({ message }) => message.startsWith("another writer used the nonce")).length, 3);
  });

  it("is named where a write came to nothing for it, and nobody is where the node takes nothing", async () => {
    const signer = await signerFromUri("//Miner");
    const taken = writerOf(Array.from({ length: 8 }, () => TAKEN));
    await assert.rejects(taken.writer.write("setCommitment", signer), coded("NONCE_TAKEN", /another writer/));
    const banned = writerOf(Array.from({ length: 8 }, () => BANNED));
    await assert.rejects(banned.writer.write("setCommitment", signer), coded("NOT_INCLUDED", /^(?!.*another writer)/));
    assert.equal(await banned.counted(), 0);
  });
});
