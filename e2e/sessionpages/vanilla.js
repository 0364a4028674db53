// Shows the session with the official client, without a framework.
import { createAuthClient } from "better-auth/client";
import { expose, text } from "./page.js";

const client = createAuthClient({ baseURL: `${location.origin}/api/auth` });
const shown = document.createElement("p");
shown.id = "session";

expose(client);
document.getElementById("root").append(shown);
client.useSession.subscribe(({ data, isPending }) => {
  shown.textContent = isPending ? "pending" : text(data);
});
