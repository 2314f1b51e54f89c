import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { type BrowserPage, hasBrowser, openBrowser } from "#bench/dashboard/browser.js";
import { simulatedSubnet } from "#bench/dashboard/simulated-subnet.js";
import { startDashboard } from "#inspect/dashboard/server.js";
import { historyOf, subnetNow } from "#inspect/dashboard/subnet-now.js";
import { type Watch, watchSubnet } from "#inspect/dashboard/watch.js";
import { type Sprint, sprintSchema } from "#shared/protocol/sprint.js";
import { silentLog } from "#shared/telemetry/log.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { lookAt } from "#tests/support/look-at.js";
import { template } from "#tests/support/micro-network.js";
import { publishReports, reportOf, scoredEntry } from "#tests/support/reports.js";
import { openSubnet, type Subnet } from "#tests/support/subnet.js";
import { forge, noiseUpdate, submit } from "#tests/support/updates.js";

const skip = hasBrowser() ? false : "chromium is not installed";

/** What a validator may write to harm who reads it. */
const HOSTILE = `<img src=x onerror="document.title='taken'"><script>document.title='taken'</script>`;

interface Stage {
  readonly subnet: Subnet;
  readonly watch: Watch;
  readonly page: BrowserPage;
  readonly url: string;
}

/** A subnet on a devchain whose first cycle is judged, its dashboard, and a browser. */
const stage = async (t: TestContext): Promise<Stage> => {
  const subnet = await openSubnet(t);
  const [ann, bob] = ["ann", "bob"].map((miner) => forge(subnet, { miner, tensors: noiseUpdate(subnet, miner, 0.01) }));
  await submit(subnet, { ann: ann!, bob: bob! });
  const refused = {
    ...scoredEntry(bob!, 0),
    ...({ verdict: "rejected", reason: "norm", detail: HOSTILE } as const),
    ...{ lossReduction: null, standardError: null, batches: null, growth: null, independence: null },
  };
  const entries = [scoredEntry(ann!, 0.02), refused];
  const reports = ["vera", "vito"].map((name) => [name, reportOf(subnet, name, { entries })] as const);
  await publishReports(subnet, Object.fromEntries(reports));
  const seen = await lookAt(t, subnet);
  const watch = await watchSubnet({ subnet: seen, cycles: 8, kept: 8, texts: false, log: silentLog, signal: t.signal });
  await watch.caughtUp;
  const served = await startDashboard({ watch, host: "127.0.0.1", port: 0, log: silentLog });
  t.after(() => served.close());
  const page = await openBrowser();
  t.after(() => page.close());
  return { subnet, watch, page, url: served.url };
};

const text = (page: BrowserPage, selector: string) =>
  page.evaluate<string>(`document.querySelector(${JSON.stringify(selector)}).innerText`);

const ready = "document.documentElement.dataset.ready !== undefined";

describe("the dashboard in a browser", { timeout: HANG_GUARD, skip }, () => {
  it("shows a real subnet, follows its blocks, and says why a miner earned what it did", async (t) => {
    const { subnet, page, url } = await stage(t);
    await page.resize(1280, 900);
    await page.open(url);
    await page.until(ready);
    assert.match(await text(page, "#phase"), /^Cycle 1: merge$/);
    const rows = await page.evaluate<string[][]>(
      `[...document.querySelectorAll("#miners tbody tr")].map((row) => [...row.cells].map((cell) => cell.innerText))`,
    );
    const rowOf = (name: string) => rows.find(([uid]) => uid === String(subnet.uid(name)))!;
    assert.deepEqual(rowOf("ann").slice(2, 5), ["math", "✔ scored", "0.0200"]);
    assert.match(rowOf("ann")[5]!, /^0\.0300 \(0\.02\d\d to 0\.03\d\d\)$/);
    assert.deepEqual(rowOf("bob").slice(2, 5), ["math", "✖ rejected: norm", "–"]);
    assert.equal(await page.evaluate(`document.querySelectorAll("#validators tbody tr").length`), 2);
    // The charts hold what the table beside them says.
    assert.match(
      await page.evaluate<string>(`document.getElementById("chart-losses").getAttribute("aria-label")`),
      /^Loss in bits per byte over 1 cycles: math \d+\.\d+ to .+ prose /,
    );

    // A new block reaches the page by itself.
    await page.until(`document.getElementById("status").textContent === "live"`);
    const next = subnet.node.head.number + 1;
    await subnet.to(next);
    await page.until(`document.getElementById("block").textContent.startsWith("Block ${next}.")`);

    // Rows that change places leave the keyboard's focus where it is.
    await page.evaluate(`document.querySelector("#miners tbody a").focus()`);
    const focused = await page.evaluate<string>("document.activeElement.hash");
    await page.evaluate(
      `for (let i = 0; i < 2; i++) document.querySelector("#miners thead th:nth-child(1) button").click()`,
    );
    const first = await page.evaluate<string>(`document.querySelector("#miners tbody a").hash`);
    await page.evaluate(`document.querySelector("#miners thead th:nth-child(1) button").click()`);
    assert.notEqual(await page.evaluate(`document.querySelector("#miners tbody a").hash`), first);
    assert.equal(await page.evaluate("document.activeElement.hash"), focused);

    // By keyboard alone: from the find field to bob's page.
    await page.evaluate(`document.getElementById("find").focus()`);
    await page.evaluate(
      `{ const find = document.getElementById("find"); find.value = "norm"; find.dispatchEvent(new Event("input")); }`,
    );
    assert.equal(await text(page, "#found"), "1 of 2 miners");
    for (
      let i = 0;
      i < 20 && !(await page.evaluate(`document.activeElement.hash?.startsWith("#/miner/") === true`));
      i++
    )
      await page.press("Tab");
    assert.notEqual(await page.evaluate(`getComputedStyle(document.activeElement).outlineStyle`), "none");
    await page.press("Enter");
    await page.until(`!document.getElementById("miner").hidden`);
    await page.until(`document.activeElement.id === "h-miner"`);
    assert.equal(await text(page, "#h-miner"), `Miner ${subnet.uid("bob")} in cycle 1`);
    const why = await text(page, "#why");
    assert.match(why, /It is rejected|rejected as norm|rejected it/i);
    assert.ok(why.includes(HOSTILE), "what a validator wrote is text");
    assert.match(await text(page, "#help"), /^✖ To mend: norm in its one known cycle/);
    assert.match(await text(page, "#receipt"), /Report of/);
    assert.doesNotMatch(await page.evaluate("document.title"), /taken/);
    assert.equal(await page.evaluate(`document.querySelectorAll("img, script:not([src])").length`), 0);
    assert.deepEqual(page.errors, []);
    assert.deepEqual(
      page.requests.filter((asked) => !asked.startsWith(url) && !asked.startsWith("data:")),
      [],
      "nothing is fetched from elsewhere",
    );

    // Events are a live region: what stands there is not told again when something is added.
    const newest = `document.querySelector("#events li")`;
    await subnet.to(subnet.window(2, "distribute").start);
    await page.until(`${newest}?.textContent.includes("Cycle 2 begins")`);
    await page.evaluate(`{ globalThis.stands = ${newest}; }`);
    await subnet.to(subnet.window(2, "train").start);
    await page.until(`${newest}.textContent.includes("train begins")`);
    assert.ok(await page.evaluate("globalThis.stands.isConnected"));
  });

  it("has names for all that can be pressed or read, and fits a phone, light and dark", async (t) => {
    const { page, url, watch, subnet } = await stage(t);
    await page.open(url);
    await page.until(ready);
    const nameless = await page.evaluate<
      string[]
    >(`[...document.querySelectorAll("a, button, input, select, canvas, table, section, [role=region], [role=log]")]
      .filter((one) => one.checkVisibility())
      .filter((one) => !(one.getAttribute("aria-label") || one.getAttribute("aria-labelledby") || one.labels?.length || one.textContent.trim() || one.caption?.textContent))
      .map((one) => one.outerHTML.slice(0, 80))`);
    assert.deepEqual(nameless, []);
    for (const id of ["miners", "validators", "models"]) {
      assert.ok(await page.evaluate(`document.getElementById("${id}").caption.textContent.length > 10`));
      assert.ok(await page.evaluate(`[...document.querySelectorAll("#${id} th")].every((one) => one.scope !== "")`));
    }
    // A miner's page that comes late does not cover what was opened meanwhile.
    await page.evaluate(`{
      const real = fetch;
      window.fetch = async (path, ...more) => {
        const answer = await real(path, ...more);
        if (String(path).startsWith("/api/miners/")) await new Promise((resolve) => { window.release = resolve; });
        return answer;
      };
      location.hash = "#/miner/${subnet.uid("ann")}";
    }`);
    await page.until("window.release !== undefined");
    await page.evaluate(`location.hash = "#/"`);
    await page.evaluate("new Promise((resolve) => setTimeout(resolve))");
    await page.evaluate("window.release()");
    await page.evaluate("new Promise((resolve) => setTimeout(resolve))");
    assert.deepEqual(
      await page.evaluate(`[document.getElementById("overview").hidden, document.getElementById("miner").hidden]`),
      [false, true],
    );
    // Sorting says so.
    await page.evaluate(`document.querySelectorAll("#miners thead button")[3].click()`);
    assert.equal(await page.evaluate(`document.querySelectorAll("#miners th[aria-sort=descending]").length`), 1);

    for (const scheme of ["light", "dark"]) {
      await page.prefer({ "prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce" });
      for (const [width, isPhone] of [
        [390, true],
        [1280, false],
      ] as const) {
        await page.resize(width, 844, isPhone);
        for (const hash of ["#/", `#/miner/${subnet.uid("ann")}`]) {
          await page.open("about:blank");
          await page.open(`${url}/${hash}`);
          await page.until(ready);
          const overflow = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
          assert.ok(overflow <= 0, `${scheme} ${width} ${hash}: ${overflow} px too wide`);
          const faint = await page.evaluate<string[]>(CONTRAST);
          assert.deepEqual(faint, [], `${scheme} ${width} ${hash}`);
        }
      }
    }

    // Who looks, however often, costs the chain nothing.
    const { reads } = watch.now().chain;
    await page.open(`${url}/?again`);
    await page.until(ready);
    assert.equal(watch.now().chain.reads, reads);
  });
});

describe("proof of compute in a browser", { timeout: HANG_GUARD, skip }, () => {
  it("shows who was caught, what is confirmed and what is paid, on a phone too, and nothing without Sprints", async (t) => {
    const shown = async (sprint: Sprint | undefined) => {
      const network = { ...template, genesis: "0".repeat(64), ...(sprint && { sprint }) };
      const state = simulatedSubnet({ network, miners: 12, validators: 2, cycles: 40 });
      const watch = {
        ...{ now: () => subnetNow(state), history: () => historyOf(state.digests) },
        ...{ miner: () => null, onChange: () => () => {} },
      };
      const served = await startDashboard({ watch, host: "127.0.0.1", port: 0, log: silentLog });
      t.after(() => served.close());
      return served.url;
    };
    const page = await openBrowser();
    t.after(() => page.close());
    await page.open(await shown(undefined));
    await page.until(ready);
    assert.equal(await page.evaluate(`document.getElementById("compute").checkVisibility()`), false);

    const url = await shown(sprintSchema.parse({ every: 2, dials: "tiny", required: 40_000, duty: {} }));
    for (const scheme of ["light", "dark"])
      for (const [width, isPhone] of [
        [390, true],
        [1280, false],
      ] as const) {
        await page.prefer({ "prefers-color-scheme": scheme });
        await page.resize(width, 844, isPhone);
        await page.open("about:blank");
        await page.open(url);
        await page.until(ready);
        assert.deepEqual(await page.evaluate(CONTRAST), [], `${scheme} ${width}`);
        const overflow = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
        assert.ok(overflow <= 0, `${scheme} ${width}: ${overflow} px too wide`);
      }
    const texts = await page.evaluate<string[]>(
      `[...document.querySelectorAll("#compute > p")].map((one) => one.innerText)`,
    );
    assert.deepEqual(texts.slice(0, 2), [
      "Sprint of cycle 38, dials tiny: 12 entered. Pay is whole with 40,000 confirmed nonces. No duty is closed yet.",
      "Every 2 cycles there is a Sprint. The next one is in cycle 42.",
    ]);
    assert.match(
      texts[2]!,
      /^Beacon: the seed of cycle 40 was drawn from the pulse of round 1041\. It is mixed with the beacon's value [0-9a-f]{12} of contributions of .+ it opened nothing/,
    );
    const rows = await page.evaluate<string[][]>(
      `[...document.querySelectorAll("#hosts tbody tr")].map((row) => [...row.cells].map((cell) => cell.innerText))`,
    );
    assert.equal(rows.length, 12);
    assert.deepEqual(rows[2]!.slice(2, 4), ["✖ invalid: nonce 10408 does not win", "42"]);
    assert.deepEqual(rows[2]!.slice(6, 8), ["0", "0.0 %"]);
    assert.deepEqual([rows[0]![9], rows[1]![9], rows[2]![9]], ["5 of 5", "3 of 5", "✖ 5 of 5, fraud"]);
    assert.match(
      await page.evaluate<string>(`document.querySelector("#hosts .spark").getAttribute("aria-label")`),
      /^confirmed after each of 8 Sprints: [\d,]+, /,
    );
    assert.ok(await page.evaluate(`document.getElementById("hosts").caption.textContent.length > 10`));
    assert.deepEqual(page.errors, []);
  });
});

/** Texts whose contrast with what is behind them is below 4.5 to 1 (WCAG 2.2, 1.4.3). */
const CONTRAST = `(() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll("body *:not(svg *)")]
    .filter((one) => one.checkVisibility() && [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()))
    .filter((one) => {
      const [a, b] = [light(channels(getComputedStyle(one).color)), light(behind(one))].sort((x, y) => y - x);
      return (a + 0.05) / (b + 0.05) < 4.5;
    })
    .map((one) => one.tagName + " " + one.textContent.trim().slice(0, 30));
})()`;
