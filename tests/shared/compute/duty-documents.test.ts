import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fetchAnswers, fetchDuty } from "#shared/compute/duty/committed-documents.js";
import { MAX_DUTY_BYTES } from "#shared/duty/duty-document.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { signerFromUri } from "#shared/wallet/index.js";
import { localDuty, localDutyAnswers } from "../../support/local-signing.js";
import { hashOf } from "../duty/support.js";

const networkHash = hashOf("network");
const CYCLE = 7;

describe("a committed duty document", async () => {
  const ann = await signerFromUri("//Duty//ann");
  const bob = await signerFromUri("//Duty//bob");
  const fields = { network: networkHash, cycle: CYCLE, duties: [] };
  const read = async (bytes: Uint8Array) => {
    const source = { networkHash, fetch: async () => bytes };
    const found = await fetchDuty(source, CYCLE, { hotkey: ann.address, hash: hashOf("d"), location: "http://a:1" });
    return "problem" in found ? found.problem : "read";
  };

  it("is read if it is its hotkey's, of this network and cycle", async () => {
    assert.equal(await read(canonicalBytes(localDuty(fields, ann))), "read");
  });

  it("is refused for one reason otherwise", async () => {
    assert.match(await read(Buffer.from("no document")), /JSON/);
    assert.match(await read(canonicalBytes({ ...localDuty(fields, ann), more: 1 })), /more/);
    assert.match(await read(Buffer.alloc(MAX_DUTY_BYTES + 1, 32)), /bytes/);
    assert.equal(await read(canonicalBytes(localDuty(fields, bob))), "not signed by its hotkey");
    assert.equal(
      await read(canonicalBytes({ ...localDuty(fields, bob), hotkey: ann.address })),
      "not signed by its hotkey",
    );
    const elsewhere = { ...fields, network: hashOf("other") };
    assert.match(await read(canonicalBytes(localDuty(elsewhere, ann))), /^about network/);
    assert.equal(await read(canonicalBytes(localDuty({ ...fields, cycle: 8 }, ann))), "about cycle 8");
    const answers = localDutyAnswers({ network: networkHash, cycle: CYCLE, answers: [], votes: [] }, ann);
    assert.match(await read(canonicalBytes(answers)), /kind/);
  });

  it("asks for no more bytes than a document has, from where the record says", async () => {
    const asked: unknown[] = [];
    const bytes = canonicalBytes(localDutyAnswers({ network: networkHash, cycle: CYCLE, answers: [], votes: [] }, ann));
    const source = {
      networkHash,
      fetch: async (file: unknown) => {
        asked.push(file);
        return bytes;
      },
    };
    const one = { hotkey: ann.address, hash: hashOf("a"), location: "http://a:1" };
    assert.ok((await fetchAnswers(source, CYCLE, one)).ok);
    const what = `the duty answers of ${ann.address}`;
    assert.deepEqual(asked, [{ hash: one.hash, maxBytes: MAX_DUTY_BYTES, location: one.location, what }]);
  });
});
