import assert from "node:assert/strict";
import { it } from "node:test";
import { sha256 } from "#shared/protocol/hash.js";
import { setWeights } from "#validator/weights.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { template } from "../support/micro-network.js";
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

it("a validator pays a window over a change of the score's exponent as if all of it had the newer one", {
  timeout: HANG_GUARD,
}, async (t) => {
  const rewards = { curve: "proportional", exponent: 1 } as const;
  const network = { scoring: { ...template.scoring, exponent: 2, rewards } };
  const subnet = await openSubnet(t, { network });
  const vera = await openValidator(t, subnet, "vera");
  const bound = 0.05;
  const scored = (name: string, cycle: number) => {
    const exponent = cycle < 4 ? 1 : 2;
    const work = { group: "math", verdict: "scored", score: bound ** exponent, independence: 1, exponent } as const;
    return { cycle, uid: subnet.uid(name), hotkey: subnet.signer(name).address, ...work };
  };
  const history = [
    ...[1, 2, 3, 4].map((cycle) => scored("ann", cycle)),
    ...[1, 2, 3].map((cycle) => scored("bob", cycle)),
  ];
  vera.journal.note((value) => ({
    ...value,
    history: history.sort((a, b) => a.cycle - b.cycle),
    progress: [{ cycle: 4, improved: ["math"], undecided: [] }],
  }));
  await subnet.to(subnet.window(4, "merge").start);
  const setting = setWeights(vera, 4, subnet.modelHash);
  await subnet.sent("vera", 1);
  await subnet.to(subnet.node.head.number + 1);
  await setting;
  const said = vera.participant.lines.find(({ message }) => message === "set weights")!;
  const weights = new Map(
    String(said.fields.weights)
      .split(" ")
      .map((one) => one.split(":").map(Number) as [number, number]),
  );
  const part = weights.get(subnet.uid("bob"))! / weights.get(subnet.uid("ann"))!;
  assert.ok(Math.abs(part - 3 / 4) < 1e-3, `who missed one cycle of four gets ${part} of the other's`);
});
