// Makes better-auth-1.7.25.db: a database file that Better Auth itself wrote. Run it
// once after `npm ci` in conformance/:
//
//   node database/sqlite/testdata/make.mjs
//
// Every password is "correct horse battery".
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { MemorySqlite } from "../../../conformance/lib/sqlite.mjs";

const require = createRequire(new URL("../../../conformance/package.json", import.meta.url));
const { betterAuth } = await import(require.resolve("better-auth"));
const { getMigrations } = await import(require.resolve("better-auth/db/migration"));

const store = new MemorySqlite();
const options = {
  database: { dialect: store.dialect(), type: "sqlite" },
  secret: "a secret for test data that nobody else uses",
  baseURL: "http://localhost:3000",
  emailAndPassword: { enabled: true },
  telemetry: { enabled: false },
};
await (await getMigrations(options)).runMigrations();
const auth = betterAuth(options);
const password = "correct horse battery";
for (const user of [
  { name: "Ada Lovelace", email: "Ada@Example.com", password },
  { name: "Жанна Ålström 🦉", email: "zhanna@example.com", password, image: "https://example.com/zhanna.png" },
  { name: "O'Brien \"Bob\"; --", email: "bob@example.com", password },
]) {
  await auth.api.signUpEmail({ body: user });
}

const context = await auth.$context;
const ada = (await context.internalAdapter.findUserByEmail("ada@example.com")).user;
await context.adapter.create({
  model: "session",
  forceAllowId: true,
  data: {
    id: "session-until-2099",
    token: "token-until-2099",
    userId: ada.id,
    expiresAt: new Date("2099-12-31T23:59:59.999Z"),
    createdAt: new Date("2025-01-02T03:04:05.006Z"),
    updatedAt: new Date("2025-01-02T03:04:05.006Z"),
    ipAddress: "203.0.113.7",
    userAgent: "test/1.0",
  },
});
await context.adapter.create({
  model: "account",
  forceAllowId: true,
  data: {
    id: "github-account",
    accountId: "1234567",
    providerId: "github",
    userId: ada.id,
    accessToken: "access",
    refreshToken: "refresh",
    accessTokenExpiresAt: new Date("2099-01-01T00:00:00.000Z"),
    scope: "read:user,user:email",
    createdAt: new Date("2025-01-02T03:04:05.006Z"),
    updatedAt: new Date("2025-01-02T03:04:05.006Z"),
  },
});
await context.internalAdapter.createVerificationValue({
  identifier: "reset-password:abc",
  value: ada.id,
  expiresAt: new Date("2099-12-31T23:59:59.999Z"),
});
writeFileSync(new URL("better-auth-1.7.25.db", import.meta.url), store.db.export());
