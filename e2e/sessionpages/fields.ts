// Uses the additional fields as an application written in TypeScript does. The
// test compiles it: every line below a "@ts-expect-error" must be an error, and
// nothing else may be.
import { createAuthClient } from "better-auth/react";
import { additionalFields } from "./auth-fields";

const client = createAuthClient({ plugins: [additionalFields] });

export async function fields() {
  const { data } = await client.getSession();
  if (!data) return;
  const theme: "light" | "dark" | "sepia" = data.session.theme;
  const tenant: string = data.session.tenant;
  const role: string = data.user.role;
  // @ts-expect-error hidden fields never reach clients
  data.session.note;

  await client.updateSession({ theme: "dark" });
  // @ts-expect-error only the values that were declared
  await client.updateSession({ theme: "pink" });
  // @ts-expect-error no field of this name
  await client.updateSession({ colour: "dark" });
  // @ts-expect-error only the program may set it
  await client.updateUser({ role: "admin" });
  return { theme, tenant, role };
}
