import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { device } from "../node_modules/.ostiary-test/device.js";

const webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";

const agents = [
  ["Chrome on Windows", false, `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${webkit} Chrome/142.0.0.0 Safari/537.36`],
  ["Edge on Windows", false, `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${webkit} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0`],
  ["Opera on Linux", false, `Mozilla/5.0 (X11; Linux x86_64) ${webkit} Chrome/140.0.0.0 Safari/537.36 OPR/124.0.0.0`],
  ["Chrome (headless) on Linux", false, `Mozilla/5.0 (X11; Linux x86_64) ${webkit} HeadlessChrome/142.0.0.0 Safari/537.36`],
  ["Chrome on ChromeOS", false, `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${webkit} Chrome/141.0.0.0 Safari/537.36`],
  ["Chrome on Android", true, `Mozilla/5.0 (Linux; Android 10; K) ${webkit} Chrome/142.0.0.0 Mobile Safari/537.36`],
  ["Samsung Internet on Android", true, `Mozilla/5.0 (Linux; Android 10; K) ${webkit} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36`],
  ["Firefox on Linux", false, "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"],
  ["Firefox on iPhone", true, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/144.0 Mobile/15E148 Safari/605.1.15"],
  ["Safari on macOS", false, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15"],
  ["Safari on iPhone", true, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1"],
  ["Safari on iPad", true, "Mozilla/5.0 (iPad; CPU OS 16_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1"],
  ["curl", false, "curl/8.5.0"],
  ["okhttp", false, "okhttp/4.12.0"],
  ["Windows", false, "SomeProgram (Windows NT 10.0)"],
  ["Unknown device", false, ""],
  ["Unknown device", false, null],
  ["Unknown device", false, undefined],
  ["Unknown device", false, "/1.0"],
  ["<script>alert", false, "<script>alert(1)</script>"],
];

describe("device", () => {
  for (const [name, mobile, agent] of agents) {
    it(`sums ${agent} up as ${name}`, () => assert.deepEqual(device(agent), { name, mobile }));
  }

  it("keeps the name of an unknown program short", () => {
    assert.equal(device("x".repeat(10_000)).name.length, 40);
  });
});
