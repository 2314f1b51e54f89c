import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { cardOf, cardsOf, countCards, shareCards } from "#miner/training/worker-cards.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";

/** What the driver's folder is like with so many cards. */
const driverOf = (t: TestContext, count: number): string => {
  const folder = temporaryFolder(t);
  for (let card = 0; card < count; card++) mkdirSync(join(folder, `0000:${card}a:00.0`));
  return folder;
};

describe("cards for workers", () => {
  it("counts those that the driver knows", (t) => {
    assert.equal(countCards(driverOf(t, 4)), 4);
    assert.equal(countCards(driverOf(t, 0)), 0);
    assert.equal(countCards(join(temporaryFolder(t), "no driver")), 0);
  });

  it("gives each replica its own where nobody listed any, and begins again when they run out", () => {
    const cards = cardsOf(undefined, 2);
    assert.deepEqual(
      [0, 1, 2].map((replica) => cardOf(replica, cards).CUDA_VISIBLE_DEVICES),
      ["0", "1", "0"],
    );
  });

  it("keeps to what the operator lists", () => {
    const cards = cardsOf("3, GPU-7,", 8);
    assert.deepEqual(cards, ["3", "GPU-7"]);
    assert.deepEqual(cardOf(1, cards), { CUDA_VISIBLE_DEVICES: "GPU-7" });
    assert.deepEqual(cardsOf("", 8), []);
  });

  it("changes nothing where no card is known", () => {
    assert.deepEqual(cardOf(1, cardsOf(undefined, 0)), {});
    assert.deepEqual(cardOf(1, cardsOf("", 8)), {});
  });

  it("tells when replicas have to share", () => {
    const cards = cardsOf(undefined, 2);
    assert.equal(shareCards({ device: "cuda", workers: 2 }, cards), false);
    assert.equal(shareCards({ device: "cuda", workers: 3 }, cards), true);
    assert.equal(shareCards({ device: "auto", workers: 3 }, cards), true);
    assert.equal(shareCards({ device: "cpu", workers: 3 }, cards), false);
    assert.equal(shareCards({ device: "cuda", workers: 3 }, []), false);
  });
});
