import assert from "node:assert/strict";
import { connect } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { isLoopback, parseListenAddress } from "#shared/telemetry/listen-address.js";
import { openTelemetry } from "#shared/telemetry/open-telemetry.js";
import { collectingLog } from "../chain/support.js";

const open = async (t: TestContext, listen = "127.0.0.1:0") => {
  const { log, lines } = collectingLog();
  const telemetry = await openTelemetry({ role: "miner", version: "1.2.3", listen, log });
  t.after(() => telemetry.close());
  const said = JSON.stringify(lines);
  return { telemetry, lines, url: /"(http:\/\/[^"]+)\/metrics"/.exec(said)?.[1] ?? "", said };
};

describe("a program's telemetry", () => {
  it("is served: figures, and health with a reason in one line", async (t) => {
    const { telemetry, url } = await open(t);
    const metrics = await fetch(`${url}/metrics`);
    assert.equal(metrics.status, 200);
    assert.match(metrics.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    const text = await metrics.text();
    assert.match(text, /^blockzero_build_info\{version="1\.2\.3",role="miner"\} 1$/m);
    assert.match(text, /^blockzero_healthy 1$/m);
    assert.match(text, /^blockzero_joining 0$/m);

    const healthy = await fetch(`${url}/health`);
    assert.deepEqual([healthy.status, await healthy.text()], [200, "ok\n"]);
    const recovered = telemetry.health.watch(() => "no new block\nfor 200 s");
    const ill = await fetch(`${url}/health`);
    assert.deepEqual([ill.status, await ill.text()], [503, "no new block for 200 s\n"]);
    assert.match(await (await fetch(`${url}/metrics`)).text(), /^blockzero_healthy 0$/m);
    recovered();
    const away = telemetry.health.watch(() => "cannot reach wss://node.example/rpc?apikey=hunter2 in time");
    assert.equal(
      await (await fetch(`${url}/health`)).text(),
      "cannot reach wss://node.example/rpc?[redacted] in time\n",
    );
    away();
    assert.equal((await fetch(`${url}/health`)).status, 200);
    telemetry.duties.joining();
    const joining = await (await fetch(`${url}/metrics`)).text();
    assert.match(joining, /^blockzero_healthy 0$/m);
    assert.match(joining, /^blockzero_joining 1$/m);
    telemetry.duties.joined();
    assert.match(await (await fetch(`${url}/metrics`)).text(), /^blockzero_joining 0$/m);
  });

  it("answers nothing else", async (t) => {
    const { url } = await open(t);
    assert.equal((await fetch(`${url}/`)).status, 404);
    const posted = await fetch(`${url}/metrics`, { method: "POST", body: "x" });
    assert.deepEqual([posted.status, posted.headers.get("allow")], [405, "GET, HEAD"]);
    const head = await fetch(`${url}/metrics`, { method: "HEAD" });
    assert.deepEqual([head.status, await head.text()], [200, ""]);
  });

  it("drops what is not HTTP, and goes on", async (t) => {
    const { url } = await open(t);
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => {});
    socket.write("\u0000\u0001 nonsense\r\n\r\n");
    await closed;
    assert.equal((await fetch(`${url}/health`)).status, 200);
  });

  it("is off where nobody wants it, and a taken port is a warning", async (t) => {
    const off = await open(t, "off");
    assert.deepEqual(off.lines, []);
    const { url } = await open(t);
    const { said, telemetry } = await open(t, new URL(url).host);
    assert.match(said, /metrics are not served.*METRICS_PORT_UNAVAILABLE.*EADDRINUSE/);
    telemetry.instruments.set("blockzero_cycle", 1);
  });

  it("warns of an address that others reach", async (t) => {
    const { said } = await open(t, "0.0.0.0:0");
    assert.match(said, /metrics are served to everybody who reaches this address/);
  });

  it("is unhealthy after two cycles in a row with a failed duty, until one passes without", async (t) => {
    const { telemetry } = await open(t, "off");
    const { duties, health } = telemetry;
    const cycle = (number: number, ...failures: readonly string[]) => {
      for (const reason of failures) duties.failed("report", reason);
      for (const optional of ["reference", "seal", "sealheld", "deal", "partial", "pulse", "open"] as const)
        duties.failed(optional, "a cycle can do without it");
      duties.cycleEnded(number);
      return health.problem();
    };
    assert.equal(cycle(1, "no text"), null);
    assert.equal(cycle(2), null);
    assert.equal(cycle(3, "no text"), null);
    assert.equal(cycle(4, "too late", "no text"), "duties failed in the last 2 cycles: cycle 4: too late");
    assert.equal(cycle(5), null);
  });
});

describe("an address to listen on", () => {
  it("is a host and a port", () => {
    assert.deepEqual(parseListenAddress("127.0.0.1:9701"), { host: "127.0.0.1", port: 9701 });
    assert.deepEqual(parseListenAddress("[::1]:0"), { host: "::1", port: 0 });
    assert.deepEqual(parseListenAddress("localhost:80"), { host: "localhost", port: 80 });
    assert.deepEqual(parseListenAddress("9701"), { host: "127.0.0.1", port: 9701 });
    for (const wrong of [
      "",
      "off",
      "127.0.0.1",
      "127.0.0.1:",
      "127.0.0.1:65536",
      "::1:80",
      "http://a:1",
      "a b:1",
      "[::g]:1",
      "[127.0.0.1]:1",
    ])
      assert.equal(parseListenAddress(wrong), null, wrong);
  });

  it("is this machine's alone, or not", () => {
    for (const host of ["127.0.0.1", "127.5.6.7", "::1", "localhost"]) assert.ok(isLoopback(host), host);
    for (const host of ["0.0.0.0", "::", "10.0.0.1", "127.0.0.1.example"]) assert.ok(!isLoopback(host), host);
  });
});
