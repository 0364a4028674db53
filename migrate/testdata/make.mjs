// Makes the .sql files beside it: the statements that Better Auth 1.7.25 compiles for
// SQLite and, in the folders postgres and mysql, for PostgreSQL and MariaDB. Run it
// once after `npm ci` in conformance/ and `npm install pg mysql2` in some folder DRIVERS:
//
//   DRIVERS=/folder POSTGRES=postgres://… MYSQL=mysql://… node migrate/testdata/make.mjs
//
// The two servers must let it drop and create a database named ostiary_golden.
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { MemorySqlite } from "../../conformance/lib/sqlite.mjs";

const require = createRequire(new URL("../../conformance/package.json", import.meta.url));
const { getMigrations } = await import(require.resolve("better-auth/db/migration"));

const drivers = createRequire(process.env.DRIVERS + "/package.json");
const { Pool } = drivers("pg");
const mysql = drivers("mysql2/promise");
const golden = "ostiary_golden";

async function postgres() {
  const admin = new Pool({ connectionString: process.env.POSTGRES });
  await admin.query(`drop database if exists ${golden} with (force)`);
  await admin.query(`create database ${golden}`);
  await admin.end();
  const url = new URL(process.env.POSTGRES);
  url.pathname = "/" + golden;
  const pool = new Pool({ connectionString: url.href });
  return { database: pool, close: () => pool.end() };
}

async function mariadb() {
  const admin = await mysql.createConnection(process.env.MYSQL);
  await admin.query(`drop database if exists ${golden}`);
  await admin.query(`create database ${golden} character set utf8mb4`);
  await admin.end();
  const url = new URL(process.env.MYSQL);
  url.pathname = "/" + golden;
  const pool = mysql.createPool(url.href);
  return { database: pool, close: () => pool.end() };
}

const sqlite = async () => ({ database: { dialect: new MemorySqlite().dialect(), type: "sqlite" }, close() {} });

async function compile(name, options, before) {
  for (const [folder, open] of [["", sqlite], ["postgres/", postgres], ["mysql/", mariadb]]) {
    const { database, close } = await open();
    const common = { database, telemetry: { enabled: false } };
    if (before) await (await getMigrations({ ...common, ...before })).runMigrations();
    const sql = await (await getMigrations({ ...common, ...options })).compileMigrations();
    mkdirSync(new URL("./" + folder, import.meta.url), { recursive: true });
    writeFileSync(new URL(folder + name + ".sql", import.meta.url), sql + "\n");
    await close();
  }
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
await compile("uuid", { advanced: { database: { generateId: "uuid" } } });
await compile("extended", extended);
await compile("added", extended, { user: { modelName: "people", fields: { email: "email_address" } } });
