import assert from "node:assert/strict";
import { it } from "node:test";
import { sha256 } from "#shared/protocol/hash.js";
import { setWeights } from "#validator/weights.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { openSubnet, until } from "../support/subnet.js";
import { openValidator } from "../support/validator.js";

it("a validator sets weights in time where a server is silent about a past model", {
  timeout: HANG_GUARD,
}, async (t) => {
  const subnet = await openSubnet(t);
  const vera = await openValidator(t, subnet, "vera");
  const { participant } = vera;
  let asked = 0;
  const get: typeof participant.blobs.get = ({ signal }) => {
    asked += 1;
    return new Promise((_, reject) => {
      signal.throwIfAborted();
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  };
  const { start, end } = subnet.window(1, "merge");
  await subnet.to(start);
  const blobs = { ...participant.blobs, get };
  const setting = setWeights({ ...vera, participant: { ...participant, blobs } }, 1, sha256(Buffer.from("a model")));
  await until(t, () => asked > 0);
  const nonce = await subnet.chain.nonce(participant.signer.address);
  await subnet.to(end - 2);
  await subnet.sent("vera", nonce + 1);
  await subnet.to(end - 1);
  await setting;
  assert.equal(vera.journal.value.cycles[1]?.weighted, end - 1);
  assert.equal(asked, 1);
});
