import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type Admission, type AdmissionOptions, createAdmission } from "#shared/blobs/admission.js";
import { networkOf } from "#shared/blobs/network-of.js";
import { openNonceMark } from "#shared/blobs/nonce-mark.js";
import { signerFromUri, verify } from "#shared/wallet/index.js";
import { localRequest } from "../../support/local-signing.js";
import { temporaryFolder } from "../artifact/temporary.js";

const [vera, ann, eve] = await Promise.all(["//vera", "//ann", "//eve"].map((uri) => signerFromUri(uri)));
assert.ok(vera && ann && eve);

const origin = "http://miner.example:9000";
const path = `/blob/${"ab".repeat(32)}`;
const NOON = 1_800_000_000_000;

const open = (options: Partial<AdmissionOptions> = {}) => {
  let now = NOON;
  const admit = createAdmission({
    verify,
    roleOf: (hotkey) => (hotkey === vera.address ? "validator" : hotkey === ann.address ? "miner" : null),
    serveStrangers: true,
    perHotkey: 60,
    perAddress: 3,
    now: () => now,
    ...options,
  });
  const ask = (authorization?: string, address = "198.51.100.7") =>
    admit({ method: "GET", origin, path, authorization, address });
  return { admit, ask, pass: (ms: number) => (now += ms) };
};
const signed = (signer = vera, change: Partial<Parameters<typeof localRequest>[0]> = {}) =>
  localRequest({ method: "GET", origin, path, nonce: NOON, ...change }, signer);
const isStranger = (admission: Admission): boolean => admission.ok && admission.urgency === 2;
const statusOf = (admission: ReturnType<ReturnType<typeof createAdmission>>) => (admission.ok ? 200 : admission.status);

describe("admission", () => {
  it("lets validators go first, then miners, then strangers, who count as such though they sign", () => {
    const { ask } = open();
    assert.deepEqual(ask(signed(vera)), { ok: true, urgency: 0, from: vera.address });
    assert.deepEqual(ask(signed(ann)), { ok: true, urgency: 1, from: ann.address });
    const stranger = { ok: true, urgency: 2, from: "198.51.100.7" };
    assert.deepEqual(ask(signed(eve)), stranger);
    assert.deepEqual(ask(), stranger);
  });

  it("refuses a signature for anything but this very request", () => {
    for (const change of [
      { method: "HEAD" },
      { origin: "http://other.example:9000" },
      { path: `/blob/${"cd".repeat(32)}` },
    ])
      assert.equal(statusOf(open().ask(signed(vera, change))), 401, JSON.stringify(change));
    const header = signed(ann);
    assert.equal(statusOf(open().ask(header.replace(ann.address, vera.address))), 401, "under another name");
    assert.equal(statusOf(open().ask(header.replace(`${NOON}`, `${NOON + 1}`))), 401, "with another nonce");
    for (const garbage of ["", "Bearer x", "BlockZero", `${header} x`, header.slice(0, -1), header.repeat(2)])
      assert.equal(statusOf(open().ask(garbage)), 401, garbage);
  });

  it("takes a nonce once, in any order, and none from another minute", () => {
    const { ask, pass } = open();
    const at = (nonce: number) => statusOf(ask(signed(vera, { nonce })));
    assert.equal(at(NOON), 200);
    assert.equal(at(NOON), 401);
    assert.equal(at(NOON - 5), 200, "overtaken on the way");
    assert.equal(at(NOON - 60_001), 401);
    assert.equal(at(NOON + 60_001), 401);
    assert.equal(statusOf(ask(signed(ann))), 200, "each hotkey has its own");
    pass(60_001);
    // Too old to be remembered is too old to be taken.
    assert.equal(at(NOON), 401);
  });

  it("limits strangers by address and hotkeys by themselves", () => {
    const { ask, pass } = open({ perHotkey: 5 });
    const statuses = [1, 2, 3, 4].map(() => statusOf(ask()));
    assert.deepEqual(statuses, [200, 200, 200, 429]);
    const refused = ask();
    assert.ok(!refused.ok && refused.status === 429 && refused.retryMs > 0 && refused.retryMs <= 20_000);
    assert.equal(statusOf(ask(undefined, "198.51.100.8")), 200, "another address");
    const hers = [0, 1, 2, 3, 4, 5].map((i) => statusOf(ask(signed(vera, { nonce: NOON + i }))));
    assert.deepEqual(hers, [200, 200, 200, 200, 200, 429]);
    pass(20_000);
    assert.deepEqual([statusOf(ask()), statusOf(ask())], [200, 429]);
  });

  it("makes bad signatures count against the address that sends them", () => {
    const { ask } = open();
    const bad = signed(vera, { method: "HEAD" });
    assert.deepEqual(
      [1, 2, 3, 4].map(() => statusOf(ask(bad))),
      [401, 401, 401, 429],
    );
  });

  it("checks no more signatures of an address whose signatures do not hold, until it has waited", () => {
    let checks = 0;
    const counted: typeof verify = (...signed) => {
      checks += 1;
      return verify(...signed);
    };
    const { ask, pass } = open({ verify: counted });
    const forgeries = (count: number) =>
      Array.from({ length: count }, (_, i) => statusOf(ask(signed(vera, { method: "HEAD", nonce: NOON + i }))));
    assert.deepEqual(forgeries(5), [401, 401, 401, 429, 429]);
    assert.equal(checks, 3);
    assert.equal(statusOf(ask(signed(vera))), 429, "it shares the address");
    assert.equal(statusOf(ask(signed(vera), "198.51.100.8")), 200);
    pass(20_000);
    assert.equal(statusOf(ask(signed(vera, { nonce: NOON + 9 }))), 200);
    const before = checks;
    assert.equal(statusOf(ask(signed(vera, { nonce: NOON + 9 }))), 401, "what is used needs no check");
    assert.equal(checks, before);
  });

  it("does not let strangers who ask too often keep out a hotkey at their address", () => {
    const { ask } = open();
    assert.deepEqual(
      [1, 2, 3, 4].map(() => statusOf(ask())),
      [200, 200, 200, 429],
    );
    assert.equal(statusOf(ask(signed(vera))), 200);
  });

  it("takes whoever sends a nonce that a server before it may have taken for a stranger", (t) => {
    const path = join(temporaryFolder(t), "nonce");
    const warnings: string[] = [];
    const restarted = (now = NOON) =>
      open({
        nonceMark: openNonceMark(path, { warn: (message) => warnings.push(message) }, () => now),
        now: () => now,
      });
    const header = signed(vera, { nonce: NOON + 1000 });
    assert.equal(statusOf(restarted().ask(header)), 200, "nobody served here before");
    const { ask } = restarted(NOON + 500);
    assert.ok(isStranger(ask(header)));
    assert.ok(isStranger(ask(signed(vera, { nonce: NOON + 2999 }))), "it might have been");
    assert.ok(!isStranger(ask(signed(vera, { nonce: NOON + 3001 }))));
    assert.ok(!isStranger(ask(signed(ann, { nonce: NOON + 3002 }))));

    // A clock that was far ahead does not keep hotkeys out for longer than its nonces could be used.
    writeFileSync(path, String(NOON + 10 ** 9));
    assert.ok(isStranger(restarted().ask(signed(vera))));
    const { ask: later } = open({
      nonceMark: openNonceMark(path, { warn: () => {} }, () => NOON),
      now: () => NOON + 63_000,
    });
    assert.ok(!isStranger(later(signed(vera, { nonce: NOON + 63_000 }))));
    writeFileSync(path, "no number");
    assert.ok(isStranger(restarted().ask(signed(vera, { nonce: NOON + 50_000 }))));

    // What cannot be noted is not taken.
    assert.equal(warnings.length, 0);
    const folder = join(temporaryFolder(t), "folder");
    const nowhere = openNonceMark(join(folder, "nonce"), { warn: (message) => warnings.push(message) }, () => NOON);
    writeFileSync(folder, "a file where the folder should be");
    const { ask: unnoted } = open({ nonceMark: nowhere });
    assert.ok(isStranger(unnoted(signed(vera))) && isStranger(unnoted(signed(vera))));
    assert.equal(warnings.length, 1);
  });

  describe("where signatures are forged at many addresses", () => {
    const forged = (i: number) => `BlockZero ${ann.address} ${NOON + i} ${"00".repeat(64)}`;
    const network = (i: number) => `2001:db8:0:${i.toString(16)}::1`;
    const flooded = (options: Partial<AdmissionOptions> = {}) => {
      let checks = 0;
      const isForged = (signature: Uint8Array) => signature.every((byte) => byte === 0);
      const counted: typeof verify = (message, signature, address) => {
        checks += 1;
        return !isForged(signature) && verify(message, signature, address);
      };
      const opened = open({ verify: counted, perAddress: 600, ...options });
      const flood = (networks: number, each: number) => {
        for (let i = 0; i < networks; i++) for (let j = 0; j < each; j++) opened.ask(forged(j), network(i));
      };
      return { ...opened, flood, checks: () => checks };
    };

    it("checks few of them, from one network and from all", () => {
      const { flood, checks, pass } = flooded();
      flood(1, 200);
      assert.equal(checks(), 120);
      flood(20, 100);
      assert.equal(checks(), 1200);
      pass(1000);
      flood(20, 100);
      assert.equal(checks(), 1220);
    });

    it("goes on telling hotkeys by the networks that they signed from, and takes others for strangers meanwhile", () => {
      const { ask, flood, pass } = flooded();
      const at = (nonce: number) => ask(signed(vera, { nonce }));
      assert.ok(!isStranger(at(NOON)));
      flood(20, 100);
      assert.ok(at(NOON + 1).ok && !isStranger(at(NOON + 2)));
      const elsewhere = (nonce: number) => ask(signed(vera, { nonce }), "198.51.100.9");
      assert.ok(isStranger(elsewhere(NOON + 3)));
      pass(1000);
      assert.ok(!isStranger(elsewhere(NOON + 4)));
    });

    it("asks whom it cannot tell to come again where strangers are shut out", () => {
      const { ask, flood } = flooded({ serveStrangers: false });
      flood(20, 100);
      assert.equal(statusOf(ask(signed(vera))), 429);
    });

    it("takes who forges as a hotkey at its own network for no proof of it", () => {
      const { ask, flood } = flooded();
      assert.ok(!isStranger(ask(signed(ann, { nonce: NOON + 1 }), network(0))));
      assert.equal(statusOf(ask(forged(2), network(0))), 401);
      flood(20, 100);
      assert.ok(isStranger(ask(signed(ann, { nonce: NOON + 3 }), network(0))));
    });
  });

  it("checks no more signatures of a hotkey that asks too often, wherever it is", () => {
    let checks = 0;
    const { ask } = open({ perHotkey: 5, verify: (...all) => Boolean(++checks) && verify(...all) });
    const statuses = Array.from({ length: 8 }, (_, i) =>
      statusOf(ask(signed(vera, { nonce: NOON + i }), `198.51.100.${i}`)),
    );
    assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429, 429, 429]);
    assert.equal(checks, 5);
  });

  it("checks a share of the signatures of hotkeys that send as many as they may, and all of one that sends few", async () => {
    const busy = await Promise.all(Array.from({ length: 5 }, (_, i) => signerFromUri(`//busy${i}`)));
    let checks = 0;
    const { ask, pass } = open({ perHotkey: 3000, roleOf: () => "miner", verify: () => Boolean(++checks) });
    let nonce = NOON;
    const askAs = ({ address }: { readonly address: string }) =>
      ask(`BlockZero ${address} ${nonce++} ${"11".repeat(64)}`);
    const flood = () => {
      const before = checks;
      for (let i = 0; i < 3000; i++) for (const one of busy) askAs(one);
      return checks - before;
    };
    assert.equal(flood(), 5 * 120 + 3000);
    const refused = askAs(busy[0]!);
    assert.ok(!refused.ok && refused.status === 429 && refused.retryMs > 0 && refused.retryMs <= 500);
    for (let i = 0; i < 120; i++) assert.ok(askAs(ann).ok, "who sends few is served");
    assert.equal(statusOf(askAs(ann)), 429);
    pass(10_000);
    nonce += 20_000;
    assert.equal(flood(), 5 * 20 + 500);
    assert.ok(askAs(ann).ok);
  });

  it("checks no signature for strangers", () => {
    const { ask } = open({ verify: () => assert.fail("checked") });
    assert.equal(statusOf(ask(signed(eve))), 200);
  });

  it("can shut strangers out", () => {
    const { ask } = open({ serveStrangers: false });
    assert.deepEqual([statusOf(ask()), statusOf(ask(signed(eve))), statusOf(ask(signed(ann)))], [401, 401, 200]);
  });

  it("takes all of an IPv6 network for one address", () => {
    assert.equal(networkOf("2001:db8:1:2:3:4:5:6"), networkOf("2001:db8:1:2::9"));
    assert.notEqual(networkOf("2001:db8:1:2::9"), networkOf("2001:db8:1:3::9"));
    assert.equal(networkOf("::1"), "0:0:0:0::/64");
    assert.equal(networkOf("::ffff:198.51.100.7"), "198.51.100.7");
  });
});
