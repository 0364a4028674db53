import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { strength } from "../node_modules/.ostiary-test/strength.js";

describe("strength", () => {
  it("says how long a password must be before anything is typed", () => {
    const { score, hint } = strength("", 12);
    assert.equal(score, 0);
    assert.match(hint, /At least 12 characters/);
  });

  it("counts what is missing to the minimum", () => {
    assert.deepEqual(strength("kV9#t", 8), { score: 1, hint: "Too short: 3 more to go." });
  });

  const weak = ["aaaaaaaaaaaa", "abcdefghijkl", "9876543210", "password123", "QWERTZuiop", "Letmein!99"];
  for (const password of weak) {
    it(`calls ${password} weak`, () => assert.equal(strength(password, 8).score, 1));
  }

  const personal = [
    ["lovelace-1815", ["Ada Lovelace", ""]],
    ["myADAline@mail.", ["", "adaline@mail.example"]],
    ["zebra.müller.zebra", ["Jörg Müller", ""]],
  ];
  for (const [password, known] of personal) {
    it(`calls ${password} weak for ${known.join("")}`, () => {
      assert.deepEqual(strength(password, 8, known), { score: 1, hint: "Weak: contains your name or address." });
    });
  }

  it("does not mind short words of a name", () => {
    assert.equal(strength("canada goose tornado", 8, ["Ada Li", "al@x.io"]).score, 4);
  });

  it("rewards length most", () => {
    const scores = ["kxvrtmqz", "kxvrtmqzwb", "kxvrtmqzwbph", "kxvrtmqzwbphjd"].map((password) => strength(password, 8).score);
    assert.deepEqual(scores, [...scores].sort());
    assert.ok(scores.at(-1) > scores[0]);
  });

  it("calls a few unrelated words strong", () => {
    assert.deepEqual(strength("correct horse battery", 8), { score: 4, hint: "Strong." });
  });

  it("takes any text", () => {
    for (const text of ["\u0000".repeat(9), "😀".repeat(64), "\ud800".repeat(10), " ".repeat(128), "(.*)+[$".repeat(9)]) {
      const { score, hint } = strength(text, 8, [text, "[", "\\"]);
      assert.ok(score >= 1 && score <= 4 && hint !== "");
    }
  });
});
