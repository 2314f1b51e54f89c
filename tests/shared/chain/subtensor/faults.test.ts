import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RpcError } from "#shared/chain/connection/rpc-socket.js";
import { CUSTOM_ERRORS, readFault, receptionOf } from "#shared/chain/subtensor/faults.js";
import { ChainRejected } from "#shared/chain/writer/chain-rejected.js";
import { rejectionHint } from "#shared/chain/writer/rejection-hints.js";
import { BlockZeroError } from "#shared/errors/error.js";

const said = (code: number, message: string, detail?: string) =>
  receptionOf(new RpcError(code, undefined, message, detail));

describe("what a node says to an extrinsic", () => {
  it("tells waiting and spent ones from those refused for good", () => {
    assert.deepEqual(said(1013, "Transaction Already Imported"), { status: "pool" });
    assert.deepEqual(said(1016, "Immediately Dropped"), { status: "later" });
    assert.deepEqual(said(1010, "Invalid Transaction", "Transaction will be valid in the future"), { status: "later" });
    for (const [code, detail, isTaken] of [
      [1010, "Transaction is outdated", true],
      [1010, "Transaction has an ancient birth block", false],
      [1012, "The transaction is temporarily banned", false],
      [1014, "The transaction has too low priority to replace another", true],
    ] as const)
      assert.deepEqual(said(code, "refused", detail), { status: "dead", isTaken });
  });

  it("names the rule of a refusal", () => {
    const names = [
      ["Custom error: 2", "BalanceTooLow"],
      ["Custom error: 6", "RateLimitExceeded"],
      ["Custom error: 11", "InvalidIpAddress"],
      ["Custom error: 255", "BadRequest"],
      ["Custom error: 200", "Custom(200)"],
      ["Transaction has a bad signature", "BadProof"],
      ["Inability to pay some fees (e.g. account balance too low)", "BalanceTooLow"],
      ["something new", "Invalid"],
    ] as const;
    for (const [detail, reason] of names) {
      const reception = said(1010, "Invalid Transaction", detail);
      assert.ok(reception.status === "refused" && reception.error instanceof ChainRejected);
      assert.equal(reception.error.reason, reason);
      assert.ok(reception.error.message.includes(detail));
    }
    const odd = said(-32603, "Internal error");
    assert.ok(odd.status === "refused" && odd.error instanceof ChainRejected && odd.error.reason === "code -32603");
  });

  it("has a hint for every error of the runtime's transaction extensions", () => {
    for (const name of Object.values(CUSTOM_ERRORS)) assert.ok(rejectionHint(name), name);
  });

  it("leaves a broken connection in doubt", () => {
    const broken = new BlockZeroError("CHAIN_DISCONNECTED", "gone", "wait");
    assert.throws(() => receptionOf(broken), broken);
  });
});

describe("a read that failed", () => {
  it("has a code, whatever the node said", () => {
    const discarded = readFault(
      new RpcError(4003, undefined, "Client error: UnknownBlock: State already discarded for 0x12"),
      "ws://x",
    );
    assert.ok(discarded instanceof BlockZeroError && discarded.code === "STATE_DISCARDED");
    const other = readFault(new TypeError("createType(Foo):: broken"), "ws://x");
    assert.ok(other instanceof BlockZeroError && other.code === "CHAIN_UNREACHABLE");
  });
});
