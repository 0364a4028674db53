// Better Auth on what tests share with it. SERVERS is a list of servers in JSON;
// when all of them listen, a line of JSON says where, and what their databases
// lacked.
import http from "node:http";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import { genericOAuth } from "better-auth/plugins";

// database opens a database by its address.
async function database(address) {
  if (address.startsWith("postgres:")) {
    const { default: pg } = await import("pg");
    return new pg.Pool({ connectionString: address, max: 4 });
  }
  if (address.startsWith("mysql:")) {
    const { createPool } = await import("mysql2/promise");
    const pool = createPool({ uri: address, timezone: "Z", connectionLimit: 4 });
    // Times are written in UTC: the session has to read them so.
    pool.pool.on("connection", (connection) => connection.query("SET time_zone = '+00:00'"));
    return pool;
  }
  // SQLite with the interface of better-sqlite3, whose binary comes from npm. A
  // better-sqlite3 itself would be set up by Better Auth in the same way.
  const { default: SQLite } = await import("libsql");
  const { SqliteDialect } = await import("kysely");
  const file = new SQLite(address);
  file.exec("PRAGMA busy_timeout = 10000");
  return { dialect: new SqliteDialect({ database: file }), type: "sqlite", transaction: true };
}

async function secondaryStorage(address) {
  const { redisStorage } = await import("@better-auth/redis-storage");
  const { Redis } = await import("ioredis");
  return redisStorage({ client: new Redis(address) });
}

async function start(server) {
  const mail = async (kind, email, token) => {
    if (!server.outbox) return;
    const answer = await fetch(server.outbox, { method: "POST", body: JSON.stringify({ kind, email, token }) });
    if (!answer.ok) throw new Error(`the outbox answers ${answer.status}`);
  };
  const options = {
    baseURL: server.baseURL,
    secret: server.secret,
    database: await database(server.database),
    secondaryStorage: server.redis ? await secondaryStorage(server.redis) : undefined,
    emailAndPassword: { enabled: true, sendResetPassword: ({ user, token }) => mail("reset", user.email, token) },
    emailVerification: { sendVerificationEmail: ({ user, token }) => mail("verification", user.email, token) },
    user: {
      changeEmail: { enabled: true },
      deleteUser: { enabled: true },
      additionalFields: server.fields ?? {},
    },
    session: { updateAge: server.alwaysRefresh ? 0 : undefined, storeSessionInDatabase: server.inDatabase },
    verification: { storeInDatabase: server.inDatabase },
    rateLimit: { enabled: true, window: 60, max: 20, storage: server.rateLimit },
    advanced: { database: { generateId: server.ids } },
    plugins: server.provider ? [genericOAuth({ config: [server.provider] })] : [],
    telemetry: { enabled: false },
    logger: { level: "error" },
  };
  const migrations = await getMigrations(options);
  const lacked = await migrations.compileMigrations();
  if (server.migrate) await migrations.runMigrations();
  const listener = http.createServer(toNodeHandler(betterAuth(options)));
  await new Promise((ready) => listener.listen(0, "127.0.0.1", ready));
  return { address: `http://127.0.0.1:${listener.address().port}`, lacked };
}

const started = [];
for (const server of JSON.parse(process.env.SERVERS)) started.push(await start(server));
console.log(JSON.stringify(started));
// The end of the input is the end of the servers.
process.stdin.on("end", () => process.exit(0)).resume();
