import assert from "node:assert/strict";
import { it } from "node:test";
import { BlockZeroError } from "#shared/errors/error.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { encodeWinners, signWinners } from "#shared/sprint/proof/winners.js";
import { checkProofs } from "#validator/sprint/check-proofs.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { PHASES } from "../../support/micro-network.js";
import { SPRINT } from "../../support/sprint.js";
import { openSubnet, until } from "../../support/subnet.js";

it("a chain that does not answer when a Sprint's network is loaded costs a proof no verdict", {
  timeout: HANG_GUARD,
}, async (t) => {
  const subnet = await openSubnet(t, { network: { sprint: SPRINT, phases: { ...PHASES, train: 6 } } });
  const vera = await subnet.join("vera");
  const cycle = 1;
  const head = { network: shortHash(subnet.networkHash), cycle, location: subnet.location };
  const difficulty = 8;
  await subnet.record({ ann: encodeRecord({ type: "enter", ...head, difficulty }) });
  const nonces = 200;
  const wins = Array.from({ length: 20 }, (_, nonce) => nonce);
  const fields = { network: subnet.networkHash, cycle, difficulty, nonces, wins };
  const proof = await subnet.store.put(encodeWinners(await signWinners(fields, subnet.signer("ann"))));
  await subnet.to(subnet.window(cycle, "evaluate").start - 1);
  await subnet.record({ ann: encodeRecord({ type: "sprint", ...head, proof, wins: wins.length, nonces }) });
  let asked = 0;
  const recomputer = {
    portion: 64,
    losers: async () => {
      asked++;
      if (asked === 1) throw new BlockZeroError("CHAIN_TIMEOUT", "the node did not answer", "ask again");
      return [];
    },
  };
  const checking = checkProofs({ participant: vera, cycle, sprint: SPRINT, recomputer });
  await subnet.to(subnet.window(cycle + 1, "train").start);
  await until(t, () => asked > 0);
  await subnet.to(subnet.node.head.number + 1);
  const { entries } = await checking;
  assert.deepEqual(
    entries.map(({ verdict, reason }) => [verdict, reason]),
    [["valid", null]],
  );
});
