import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ago, exactly } from "../node_modules/.ostiary-test/time.js";

const now = new Date("2026-03-10T12:00:00Z");
const before = (seconds) => new Date(now.getTime() - seconds * 1000);

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

const cases = [
  [0, "just now"],
  [59, "just now"],
  [minute, "1 minute ago"],
  [59 * minute + 59, "59 minutes ago"],
  [hour, "1 hour ago"],
  [23 * hour, "23 hours ago"],
  [day, "yesterday"],
  [3 * day, "3 days ago"],
  [30 * day, "last month"],
  [100 * day, "3 months ago"],
  [365 * day, "last year"],
  [800 * day, "2 years ago"],
  // The clocks of the server and of the reader need not agree.
  [-30, "just now"],
  [-5 * minute, "in 5 minutes"],
];

describe("ago", () => {
  for (const [seconds, text] of cases) {
    it(`says “${text}” of ${seconds} s`, () => assert.equal(ago(before(seconds), now), text));
  }
});

describe("exactly", () => {
  it("gives day, month, year and time", () => {
    assert.match(exactly(new Date(2026, 10, 21, 20, 14)), /^21 November 2026.*20:14$/);
  });
});
