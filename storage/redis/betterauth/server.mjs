// Better Auth with its Redis package on a Redis and a PostgreSQL that it shares
// with the server under test. It prints the address on which it listens.
import http from "node:http";
import { betterAuth } from "better-auth";
import { toNodeHandler } from "better-auth/node";
import { redisStorage } from "@better-auth/redis-storage";
import { Redis } from "ioredis";
import pg from "pg";

const { BASE_URL, SECRET, REDIS_URL, DATABASE_URL, IN_DATABASE } = process.env;
const inDatabase = IN_DATABASE === "true";
const redis = new Redis(REDIS_URL);
const auth = betterAuth({
  baseURL: BASE_URL,
  secret: SECRET,
  database: new pg.Pool({ connectionString: DATABASE_URL }),
  secondaryStorage: redisStorage({ client: redis }),
  emailAndPassword: { enabled: true, sendResetPassword: async () => {} },
  session: { updateAge: 0, storeSessionInDatabase: inDatabase },
  verification: { storeInDatabase: inDatabase },
  rateLimit: { enabled: true, window: 60, max: 20 },
  telemetry: { enabled: false },
  logger: { level: "error" },
});

const server = http.createServer(toNodeHandler(auth));
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
// The end of the input is the end of the server.
process.stdin.on("end", () => process.exit(0)).resume();
