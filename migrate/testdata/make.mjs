// Makes the .sql files beside it: the statements that Better Auth 1.7.25 compiles for
// SQLite. Run it once after `npm ci` in conformance/:
//
//   node migrate/testdata/make.mjs
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { MemorySqlite } from "../../conformance/lib/sqlite.mjs";

const require = createRequire(new URL("../../conformance/package.json", import.meta.url));
const { getMigrations } = await import(require.resolve("better-auth/db/migration"));

async function compile(name, options, before) {
  const store = new MemorySqlite();
  const common = { database: { dialect: store.dialect(), type: "sqlite" }, telemetry: { enabled: false } };
  if (before) await (await getMigrations({ ...common, ...before })).runMigrations();
  const sql = await (await getMigrations({ ...common, ...options })).compileMigrations();
  writeFileSync(new URL(name + ".sql", import.meta.url), sql + "\n");
}

const longName = "a_rather_long_table_name_that_leaves_little_room_for_columns";
const extended = {
  user: {
    modelName: "people",
    fields: { email: "email_address" },
    additionalFields: {
      role: { type: "string", defaultValue: "user" },
      level: { type: "number", required: false, defaultValue: 3 },
      big: { type: "number", bigint: true, required: false },
      beta: { type: "boolean", defaultValue: true },
      handle: { type: "string", unique: true, required: false },
      code: { type: "string", unique: true, defaultValue: "it's" },
      seenAt: { type: "date", required: false, defaultValue: () => new Date() },
      tags: { type: "string[]", required: false },
      scores: { type: "number[]", required: false },
      extra: { type: "json", required: false },
      city: { type: "string", required: false, index: true },
    },
  },
  rateLimit: { storage: "database" },
  plugins: [
    {
      id: "things",
      schema: {
        thing: {
          modelName: longName,
          fields: {
            ownerId: { type: "string", references: { model: "user", field: "id", onDelete: "set null" }, required: false },
            mail: { type: "string", references: { model: "user", field: "email", onDelete: "restrict" } },
            label: { type: "string", index: true },
            kind: { type: "string" },
            secret: { type: "string", unique: true, index: true },
          },
          indexes: [{ fields: ["kind", "label"], unique: true }, { fields: ["label", "kind"], name: "thing_lookup" }],
        },
      },
    },
  ],
};
await compile("core", {});
await compile("serial", { advanced: { database: { generateId: "serial" } } });
await compile("extended", extended);
await compile("added", extended, { user: { modelName: "people", fields: { email: "email_address" } } });
